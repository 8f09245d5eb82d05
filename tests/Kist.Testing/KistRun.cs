using System.Diagnostics;
using System.Text;

namespace Kist.Testing;

/// <summary>
/// One person with a home of their own, who runs kist's commands with nothing of the tester's environment that could
/// reach them.
/// </summary>
public sealed class KistRun : IDisposable
{
    private readonly Dictionary<string, string> _environment = [];

    /// <summary>Makes the home.</summary>
    /// <param name="address">KIST_ADDR of each run; null: none.</param>
    /// <param name="token">KIST_TOKEN of each run; null: none.</param>
    public KistRun(string? address = null, string? token = "test-token")
    {
        Home = Directory.CreateTempSubdirectory("kist-cli-").FullName;
        if (address is not null) _environment["KIST_ADDR"] = address;
        if (token is not null) _environment["KIST_TOKEN"] = token;
    }

    /// <summary>What the program wrote, and how it ended.</summary>
    public sealed record Result(int ExitCode, string Output, string Error);

    /// <summary>An empty folder: HOME of each run.</summary>
    public string Home { get; }

    /// <summary>The program under test.</summary>
    public static string Binary => KistBinary.Path;

    /// <summary>Sets a variable of the runs that follow; null removes it.</summary>
    public KistRun With(string name, string? value)
    {
        if (value is null) _environment.Remove(name);
        else _environment[name] = value;
        return this;
    }

    /// <summary>Runs <c>kist ARGUMENTS</c> with empty standard input.</summary>
    public Task<Result> RunAsync(params string[] arguments) => RunAsync(Binary, arguments, "");

    /// <summary>Runs <c>kist ARGUMENTS</c> with <paramref name="input"/> on standard input.</summary>
    public Task<Result> WithInputAsync(string input, params string[] arguments) => RunAsync(Binary, arguments, input);

    /// <summary>Runs a bash script in which <c>$KIST</c> is the program.</summary>
    public Task<Result> ShellAsync(string script) => RunAsync("bash", ["-c", script], "");

    /// <summary>Starts a program and hands it over; the caller waits for it.</summary>
    public Process Start(string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = Home,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(static n =>
            n.StartsWith("KIST_", StringComparison.Ordinal) || n.StartsWith("VAULT_", StringComparison.Ordinal)
            || n.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)
            || n.StartsWith("XDG_", StringComparison.Ordinal) || n is "NO_COLOR").ToList())
            start.Environment.Remove(name);
        start.Environment["HOME"] = Home;
        start.Environment["KIST"] = Binary;
        foreach (var (name, value) in _environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Home, recursive: true);

    private async Task<Result> RunAsync(string program, IReadOnlyList<string> arguments, string input)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading: what it wrote says why.
        }
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within a minute");
        }
        return new Result(process.ExitCode, await output, await error);
    }
}
