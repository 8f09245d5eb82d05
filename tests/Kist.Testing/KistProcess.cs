using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Kist.Testing;

/// <summary>
/// One running kist: its output, signals and end. It gets a clean environment, so that neither the tester's tokens nor
/// addresses reach it, and it dies with the test program.
/// </summary>
public sealed partial class KistProcess : IDisposable
{
    private static readonly ConcurrentDictionary<KistProcess, byte> s_running = new();

    private readonly Process _process = new();
    private readonly StringBuilder _output = new();

    static KistProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in s_running.Keys) process.Dispose();
    };

    private KistProcess()
    {
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>True once the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Everything that the process has written so far, both streams as they came.</summary>
    public string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    /// <summary>
    /// Starts <c>kist ARGUMENTS</c> in <paramref name="directory"/>, which is its HOME as well;
    /// <paramref name="launcher"/> is a command that becomes it, such as <c>setpriv --no-new-privs</c>.
    /// </summary>
    public static KistProcess Start(
        string directory, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null,
        params IReadOnlyList<string> launcher) =>
        StartBy(static begin => begin(), directory, arguments, environment, launcher);

    /// <summary>
    /// As above; <paramref name="starter"/> runs what makes the process, on a thread whose restrictions the process
    /// shall inherit.
    /// </summary>
    public static KistProcess StartBy(
        Action<Action> starter, string directory, IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment, params IReadOnlyList<string> launcher)
    {
        var kist = new KistProcess();
        var start = kist._process.StartInfo;
        string[] command = [.. launcher, KistBinary.Path];
        start.FileName = command[0];
        foreach (var argument in command.Skip(1)) start.ArgumentList.Add(argument);
        start.WorkingDirectory = directory;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(IsTheTesters).ToList()) start.Environment.Remove(name);
        start.Environment["HOME"] = directory;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        kist._process.OutputDataReceived += (_, line) => kist.Keep(line.Data);
        kist._process.ErrorDataReceived += (_, line) => kist.Keep(line.Data);
        starter(() => kist._process.Start());
        s_running[kist] = 0;
        kist._process.StandardInput.Close();
        kist._process.BeginOutputReadLine();
        kist._process.BeginErrorReadLine();
        return kist;
    }

    /// <summary>Runs <c>kist ARGUMENTS</c> to its end.</summary>
    /// <exception cref="TimeoutException">It still ran after <paramref name="limit"/> (default: 30 s).</exception>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string directory, IReadOnlyList<string> arguments, TimeSpan? limit = null)
    {
        using var kist = Start(directory, arguments);
        return (await kist.WaitForExitAsync(limit ?? TimeSpan.FromSeconds(30)), kist.Output);
    }

    /// <summary>Sends a signal, for example <see cref="Signals.Terminate"/>.</summary>
    public void Signal(int signal)
    {
        if (!_process.HasExited && Kill(_process.Id, signal) != 0)
            throw new InvalidOperationException($"kill({signal}) failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Waits for the end and returns the exit code (128 + number after a signal that killed it).</summary>
    /// <exception cref="TimeoutException">It still runs; the text holds its output.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using var timer = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"kist still runs after {limit.TotalSeconds} s. Its output:\n{Output}");
        }
        return _process.ExitCode;
    }

    /// <summary>Ends the process as <c>kill -9</c> does, if it still runs.</summary>
    public void Dispose()
    {
        if (!s_running.TryRemove(this, out _)) return;
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit(TimeSpan.FromSeconds(10));
        _process.Dispose();
    }

    private static bool IsTheTesters(string name) =>
        name.StartsWith("KIST_", StringComparison.Ordinal)
        || name.StartsWith("VAULT_", StringComparison.Ordinal)
        || name.StartsWith("XDG_", StringComparison.Ordinal);

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}

/// <summary>Signal numbers of Linux.</summary>
public static class Signals
{
    public const int HangUp = 1;
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;
}
