using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Sops.Keys;

/// <summary>A program of this machine that knows keys: found by name, started without a shell.</summary>
internal sealed class KeyProgram
{
    private const int MaxOutput = 16 << 20, MaxSaid = 4096;
    private readonly string _path;
    private readonly KeyHost _host;

    private KeyProgram(string path, KeyHost host) => (_path, _host) = (path, host);

    /// <summary>
    /// Finds a program: an absolute path, or a bare name in an absolute folder of PATH. A path that depends on the
    /// current folder is refused: whoever can write there could run what they like with the user's keys.
    /// </summary>
    public static KeyProgram? Find(string name, KeyHost host, out string reason)
    {
        reason = $"there is no program {name} in PATH";
        if (Path.IsPathFullyQualified(name))
        {
            reason = $"there is no program {name}";
            return IsProgram(name) ? new KeyProgram(name, host) : null;
        }
        if (name.AsSpan().ContainsAny('/', '\\', '\0') || name is "." or "..")
        {
            reason = $"{name} is neither a bare name nor an absolute path";
            return null;
        }
        foreach (var folder in (host.Value("PATH") ?? "").Split(Path.PathSeparator))
        {
            if (!Path.IsPathFullyQualified(folder)) continue;
            var path = Path.Combine(folder, name);
            if (IsProgram(path)) return new KeyProgram(path, host);
        }
        return null;
    }

    /// <summary>Runs the program to its end.</summary>
    /// <param name="input">What it reads; the terminal stays its own if this is null.</param>
    /// <param name="without">Variables that it does not get, because they are no business of its.</param>
    /// <param name="said">What it said on standard error, where it failed: one line.</param>
    public SecretWriter? Run(IReadOnlyList<string> arguments, ReadOnlyMemory<byte>? input,
        IReadOnlyDictionary<string, string> more, Func<string, bool> without, out string said)
    {
        var start = new ProcessStartInfo(_path)
        {
            RedirectStandardInput = input is not null, RedirectStandardOutput = true, RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var (name, value) in _host.Environment)
            if (!without(name)) start.Environment[name] = value;
        foreach (var (name, value) in more) start.Environment[name] = value;
        try
        {
            using var process = Process.Start(start)!;
            return Talk(process, input, out said);
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            said = e.Message.TrimEnd('.');
            return null;
        }
    }

    private static SecretWriter? Talk(Process process, ReadOnlyMemory<byte>? input, out string said)
    {
        var errors = ReadAsync(process.StandardError.BaseStream);
        if (input is { } bytes)
        {
            // Small enough for a pipe, so that nothing waits; a program that does not read it says why.
            try
            {
                process.StandardInput.BaseStream.Write(bytes.Span);
                process.StandardInput.Close();
            }
            catch (IOException e)
            {
                said = e.Message;
            }
        }
        var output = new SecretWriter(1024);
        while (process.StandardOutput.BaseStream.Read(output.GetSpan(4096)) is > 0 and var read)
        {
            output.Advance(read);
            if (output.WrittenCount <= MaxOutput) continue;
            process.Kill();
            break;
        }
        process.WaitForExit();
        said = Screened(errors.GetAwaiter().GetResult(), process.ExitCode);
        if (process.ExitCode == 0 && output.WrittenCount <= MaxOutput) return output;
        output.Dispose();
        return null;
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[1024];
        while (await stream.ReadAsync(buffer).ConfigureAwait(false) is > 0 and var read)
            if (text.Length < MaxSaid) text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        return text.ToString();
    }

    private static string Screened(string errors, int code)
    {
        var text = string.Join("; ", errors.Split('\n', StringSplitOptions.RemoveEmptyEntries
            | StringSplitOptions.TrimEntries));
        foreach (var c in text)
            if (char.IsControl(c)) text = text.Replace(c, ' ');
        return text.Length > 0 ? text : $"it ended with {code}";
    }

    private static bool IsProgram(string path)
    {
        if (!File.Exists(path)) return false;
        if (OperatingSystem.IsWindows()) return true;
        const UnixFileMode run = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return (File.GetUnixFileMode(path) & run) != 0;
    }
}
