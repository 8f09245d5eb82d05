using System.Text;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Secrets;

namespace Kist.Cli.Input;

/// <summary>Secrets and confirmations from the person at the terminal, or from standard input.</summary>
internal static class Prompt
{
    /// <summary>What is said when the person stops a prompt.</summary>
    public const string Interruption = "interrupted, nothing was done";

    private const int MaxSecret = 1 << 20;
    private const int Interrupted = 3, EndOfText = 4, Backspace = 8, Delete = 127, KillLine = 21;

    /// <summary>Whether somebody sits at the terminal and can be asked.</summary>
    public static bool CanAsk => DescriptorStream.IsTerminal(0);

    /// <summary>
    /// Reads one secret: on a terminal asked for by <paramref name="name"/> and not echoed, else all of standard
    /// input without one last newline (which <c>echo</c> adds and nobody means).
    /// </summary>
    public static Problem? Secret(Screen screen, string name, out SecretWriter secret)
    {
        secret = new SecretWriter(256);
        if (CanAsk) return Ask(screen, name, secret);
        if (ReadAll(secret) is { } problem) return problem;
        // A pipe that failed gives nothing, and nobody wants that to replace a secret.
        if (secret.WrittenCount == 0) return new Problem(
            $"standard input is empty, so there is no value for {name}", "pipe it in, or run this at a terminal");
        secret = TrimNewline(secret);
        return null;
    }

    /// <summary>As <see cref="Secret"/>, as text: for tokens and keys, which travel in headers and JSON.</summary>
    public static Problem? Text(Screen screen, string name, out string text)
    {
        var problem = Secret(screen, name, out var secret);
        using (secret) text = problem is null ? Encoding.UTF8.GetString(secret.WrittenSpan).Trim() : "";
        return problem ?? (text.Length > 0 ? null : new Problem($"the {name} is empty"));
    }

    /// <summary>Reads all of standard input, up to 1 MiB.</summary>
    public static Problem? ReadAll(SecretWriter to)
    {
        using var input = DescriptorStream.Standard(0);
        return ReadAll(input, to, "standard input");
    }

    /// <summary>Reads a whole stream, up to 1 MiB; <paramref name="name"/> says in an error which.</summary>
    public static Problem? ReadAll(Stream input, SecretWriter to, string name)
    {
        while (true)
        {
            var read = input.Read(to.GetSpan(4096));
            if (read == 0) return null;
            to.Advance(read);
            if (to.WrittenCount > MaxSecret) return new Problem($"{name} holds more than 1 MiB");
        }
    }

    /// <summary>Whether the person agrees. Without a terminal only <paramref name="yes"/> does.</summary>
    public static Problem? Confirm(Screen screen, string question, bool yes)
    {
        if (yes) return null;
        if (!CanAsk) return new Problem(question + ": this needs a confirmation", "--yes");
        screen.Ask(question + "? Type yes: ");
        return ReadLine() == "yes" ? null : new Problem("not confirmed, nothing was done");
    }

    /// <summary>Asks the person at the terminal for one of some letters; null: just Enter, which agrees. The last
    /// letter stops, and so does the end of the input.</summary>
    public static char? Choose(Screen screen, string question, string letters)
    {
        while (true)
        {
            screen.Ask(question + ": ");
            if (ReadLine() is not { } typed) return letters[^1];
            if (typed.Length == 0) return null;
            if (letters.Contains(char.ToLowerInvariant(typed[0]))) return char.ToLowerInvariant(typed[0]);
        }
    }

    private static string? ReadLine()
    {
        using var input = DescriptorStream.Standard(0);
        var line = new StringBuilder();
        int one;
        while ((one = input.ReadByte()) is >= 0 and not '\n' && line.Length < 100) line.Append((char)one);
        return one < 0 && line.Length == 0 ? null : line.ToString().Trim();
    }

    private static Problem? Ask(Screen screen, string name, SecretWriter to)
    {
        // Before the prompt: who sees it and types at once, or pastes, must not see the terminal's own echo.
        using var raw = TerminalMode.Raw();
        screen.Ask($"{name} (not shown): ");
        using var input = DescriptorStream.Standard(0);
        var stopped = ReadHidden(input, to);
        raw?.Dispose();
        screen.Ask("\n");
        return stopped;
    }

    /// <summary>Reads one line from a terminal in raw mode, with the keys that correct it.</summary>
    internal static Problem? ReadHidden(Stream input, SecretWriter to)
    {
        Span<byte> one = stackalloc byte[1];
        Problem? stopped = null;
        while (stopped is null)
        {
            if (input.Read(one) == 0 || one[0] is (byte)'\r' or (byte)'\n' or EndOfText) break;
            if (one[0] == Interrupted) stopped = new Problem(Interruption, null, 130);
            else if (one[0] is Backspace or Delete) DropLast(to);
            else if (one[0] == KillLine) to.Clear();
            else to.Write(one);
            if (to.WrittenCount > MaxSecret) stopped = new Problem("more than 1 MiB was typed");
        }
        one.Clear();
        return stopped;
    }

    private static void DropLast(SecretWriter text)
    {
        var kept = text.WrittenCount;
        while (kept > 0 && (text.WrittenSpan[kept - 1] & 0xC0) == 0x80) kept--;
        Keep(text, Math.Max(0, kept - 1));
    }

    private static void Keep(SecretWriter text, int length)
    {
        using var copy = SecretBuffer.Copy(text.WrittenSpan[..length]);
        text.Clear();
        text.Write(copy.Span);
    }

    /// <summary>Takes off one newline at the end.</summary>
    internal static SecretWriter TrimNewline(SecretWriter text)
    {
        var span = text.WrittenSpan;
        var length = span.EndsWith("\r\n"u8) ? span.Length - 2 : span.EndsWith("\n"u8) ? span.Length - 1 : span.Length;
        if (length != span.Length) Keep(text, length);
        return text;
    }
}
