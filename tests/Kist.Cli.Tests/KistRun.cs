using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;

[assembly: UnsupportedOSPlatform("windows")]

namespace Kist.Cli.Tests;

/// <summary>
/// Runs the kist that was built with these tests (or <c>KIST_BINARY</c>) in a home of its own, with nothing of the
/// tester's environment that could reach it.
/// </summary>
internal sealed class KistRun : IDisposable
{
    private readonly Dictionary<string, string> _environment = [];

    public KistRun(string? address = null)
    {
        Home = Directory.CreateTempSubdirectory("kist-cli-").FullName;
        if (address is not null) _environment["KIST_ADDR"] = address;
        _environment["KIST_TOKEN"] = "test-token";
    }

    /// <summary>What the program wrote, and how it ended.</summary>
    public sealed record Result(int ExitCode, string Output, string Error);

    /// <summary>An empty folder: HOME of each run.</summary>
    public string Home { get; }

    /// <summary>The program under test.</summary>
    public static string Binary { get; } = Environment.GetEnvironmentVariable("KIST_BINARY") is { Length: > 0 } chosen
        ? Path.GetFullPath(chosen)
        : Path.Combine(AppContext.BaseDirectory, "kist");

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

    /// <summary>Runs a shell script in which <c>$KIST</c> is the program.</summary>
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
            || n is "XDG_CONFIG_HOME" or "NO_COLOR").ToList())
            start.Environment.Remove(name);
        start.Environment["HOME"] = Home;
        start.Environment["KIST"] = Binary;
        foreach (var (name, value) in _environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

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
