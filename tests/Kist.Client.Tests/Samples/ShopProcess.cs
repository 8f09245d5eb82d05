using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Kist.Client.Tests.Samples;

/// <summary>The sample application in a process of its own, started in the folder of a step.</summary>
internal sealed partial class ShopProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _http = new();

    private ShopProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Exited += (_, _) =>
            _address.TrySetException(new InvalidOperationException($"the sample ended:\n{Output}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has written so far.</summary>
    public string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    /// <summary>Starts it in a folder; <paramref name="launcher"/> stands before its command.</summary>
    public static ShopProcess Start(
        string folder, IReadOnlyDictionary<string, string> environment, params IReadOnlyList<string> launcher)
    {
        string[] command =
        [
            .. launcher, Path.Combine(AppContext.BaseDirectory, "Shop"), "--contentRoot", folder, "--urls",
            "http://127.0.0.1:0",
        ];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        };
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("KIST_", StringComparison.Ordinal)
            || n.StartsWith("VAULT_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["HOME"] = folder;
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new ShopProcess(start);
    }

    /// <summary>What it answers.</summary>
    public async Task<string> GetAsync(string path)
    {
        var address = await _address.Task.WaitAsync(TestServer.Patience);
        return await _http.GetStringAsync(new Uri(address, path));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
        if (Listening().Match(line) is { Success: true } found) _address.TrySetResult(new Uri(found.Groups[1].Value));
    }

    [GeneratedRegex(@"Now listening on: (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();
}
