using System.Text;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Secrets;

namespace Kist.Cli.Input;

/// <summary>
/// Questions to the person at the terminal, also where standard input and output are taken by data: they go to
/// <c>/dev/tty</c>.
/// </summary>
internal sealed class TerminalPrompt : IDisposable
{
    private readonly FileStream _terminal;

    private TerminalPrompt(FileStream terminal) => _terminal = terminal;

    /// <summary>The terminal of this process; null if it has none.</summary>
    public static TerminalPrompt? Open()
    {
        if (OperatingSystem.IsWindows()) return null;
        try
        {
            return new TerminalPrompt(new FileStream(
                "/dev/tty", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Asks for a secret, which is not shown. The prompt ends without a colon.</summary>
    public Problem? Secret(string prompt, SecretWriter to)
    {
        // Before the prompt: who sees it and types at once, or pastes, must not see the terminal's own echo.
        using var raw = TerminalMode.Raw(descriptor: (int)_terminal.SafeFileHandle.DangerousGetHandle());
        Write(prompt + ": ");
        var stopped = Prompt.ReadHidden(_terminal, to);
        raw?.Dispose();
        Write("\n");
        return stopped;
    }

    /// <summary>Asks for a line that is shown while it is typed.</summary>
    public string Line(string prompt)
    {
        Write(prompt + ": ");
        var line = new List<byte>();
        while (_terminal.ReadByte() is >= 0 and not '\n' and var one && line.Count < 4096) line.Add((byte)one);
        return Encoding.UTF8.GetString([.. line]).Trim();
    }

    /// <inheritdoc/>
    public void Dispose() => _terminal.Dispose();

    private void Write(string text) => _terminal.Write(Encoding.UTF8.GetBytes(Screen.Printable(text)));
}
