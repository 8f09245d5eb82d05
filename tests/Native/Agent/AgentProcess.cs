using System.Net.Http.Headers;
using System.Text;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Agent;

/// <summary>
/// One <c>kist agent</c> in a folder of its own, with a listener on a free loopback port (<c>PORT</c> in its
/// configuration) and the token file <c>token</c> beside it.
/// </summary>
internal sealed class AgentProcess : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly KistProcess _process;

    private AgentProcess(string folder, int port, KistProcess process)
    {
        (Folder, Port, _process) = (folder, port, process);
        Address = new Uri($"http://127.0.0.1:{port}/");
    }

    public string Folder { get; }

    public int Port { get; }

    public Uri Address { get; }

    /// <summary>What it has logged.</summary>
    public string Log => _process.Output;

    public bool HasExited => _process.HasExited;

    /// <summary>A new folder for an agent.</summary>
    public static string NewFolder() => Directory.CreateTempSubdirectory("kist-agent-").FullName;

    /// <summary>Starts it with a configuration in which <c>FOLDER</c>, <c>PORT</c> and <c>SERVER</c> are replaced, and
    /// waits until it listens, or ends.</summary>
    public static async Task<AgentProcess> StartAsync(string folder, string server, string configuration,
        string? token = KistServer.DevRootToken, IReadOnlyDictionary<string, string>? environment = null,
        params string[] arguments)
    {
        if (token is not null) WriteToken(folder, token);
        var port = Loopback.FreePort();
        var file = Path.Combine(folder, "agent.hcl");
        await File.WriteAllTextAsync(file, configuration.Replace("FOLDER", folder).Replace("SERVER", server)
            .Replace("PORT", port.ToString()));
        var process = KistProcess.Start(folder, ["agent", "--config", file, .. arguments], environment);
        var agent = new AgentProcess(folder, port, process);
        if (configuration.Contains("PORT"))
            await agent.UntilAsync(async () => process.HasExited || await agent.AnswersAsync());
        return agent;
    }

    /// <summary>Writes the token file anew.</summary>
    public static void WriteToken(string folder, string token)
    {
        var file = Path.Combine(folder, "token");
        File.WriteAllText(file + ".new", token);
        File.SetUnixFileMode(file + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Asks the agent; its own token is lent, where <paramref name="token"/> is null.</summary>
    public async Task<Answer> AskAsync(
        string method, string path, string? token = null, string? json = null, params (string, string)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Address, path));
        if (token is not null) request.Headers.TryAddWithoutValidation("X-Vault-Token", token);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (json is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        using var response = await _http.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    /// <summary>The value of a field of a secret of kv version 2, and where the answer came from.</summary>
    public async Task<(string? Value, string? Cache)> ReadAsync(string path, string field)
    {
        var answer = await AskAsync("GET", "/v1/" + path);
        return (answer.Status == 200 ? (string?)answer.Json!["data"]!["data"]![field] : null,
            answer.Headers.GetValueOrDefault("x-cache"));
    }

    /// <summary>Waits until something holds; fails with the agent's log after forty seconds.</summary>
    public async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var end = DateTime.UtcNow.AddSeconds(40); DateTime.UtcNow < end; await Task.Delay(25))
            if (await holds()) return;
        Assert.Fail("it did not happen within 40 seconds; the agent's log:\n" + Log);
    }

    /// <summary>Waits until a file holds a text.</summary>
    public Task UntilFileAsync(string name, string text)
    {
        var file = Path.Combine(Folder, name);
        return UntilAsync(() => Task.FromResult(File.Exists(file) && File.ReadAllText(file) == text));
    }

    /// <summary>Waits until the log holds a text.</summary>
    public Task UntilLogAsync(string text) => UntilAsync(() => Task.FromResult(Log.Contains(text)));

    public void Signal(int signal) => _process.Signal(signal);

    /// <summary>Waits for the end; its exit code.</summary>
    public Task<int> EndAsync() => _process.WaitForExitAsync(TimeSpan.FromSeconds(40));

    /// <summary>Ends it as a service manager does; its exit code.</summary>
    public Task<int> StopAsync()
    {
        _process.Signal(Signals.Terminate);
        return EndAsync();
    }

    public void Dispose()
    {
        _process.Dispose();
        _http.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(Address, "agent/v1/metrics"));
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
