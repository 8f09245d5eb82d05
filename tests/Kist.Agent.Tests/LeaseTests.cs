using System.Net;
using System.Net.Sockets;
using System.Text;
using Kist.Agent.Configuration;
using Kist.Agent.Link;

namespace Kist.Agent.Tests;

/// <summary>Dynamic secrets through a whole agent, before a server that answers as Vault's database engine does.
/// </summary>
public sealed class LeaseTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kist-agent-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = new();
    private readonly int _port = Loopback.FreePort();
    private readonly ScriptedServer _server;
    private Task<(int Code, string? Error)> _run = null!;
    private int _made;

    public LeaseTests() => _server = new ScriptedServer(Answer);

    public async ValueTask InitializeAsync()
    {
        var token = Path.Combine(_folder, "token");
        await File.WriteAllTextAsync(token, "agents-token");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(token, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var (config, error) = AgentConfigReader.ReadText("agent.hcl", $$"""
            auto_auth { method "token_file" { config = { token_file_path = "{{token}}" } } }
            api_proxy { use_auto_auth_token = true }
            cache { }
            listener "tcp" { address = "127.0.0.1:{{_port}}" tls_disable = true }
            """);
        Assert.Null(error);
        var (run, wrong) = AgentRun.Prepare(new AgentParts
        {
            Read = () => (config, null), Server = new LinkSettings { Address = _server.Address },
            Log = new AgentLog(static (_, _) => { }), Environment = static _ => null,
        });
        Assert.Null(wrong);
        _run = run!.RunAsync(_stop.Token);
        for (var end = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(20))
            try
            {
                using var metrics = await _http.GetAsync(Url("agent/v1/metrics"));
                return;
            }
            catch (HttpRequestException) when (DateTime.UtcNow < end)
            {
                // It does not listen yet.
            }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Assert.Equal(0, (await _run).Code);
        _http.Dispose();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Everybody_gets_one_lease_until_it_is_revoked()
    {
        var first = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync("GET", "v1/database/creds/app")));
        Assert.All(first, static answer => Assert.Contains("database/creds/app/1", answer.Text));
        Assert.Equal((1, 7), (first.Count(a => a.Cache == "MISS"), first.Count(a => a.Cache == "HIT")));
        Assert.Equal(1, Count("/v1/database/creds/app"));

        // Another role is another lease, and so is another body.
        Assert.Contains("database/creds/other/2", (await AskAsync("GET", "v1/database/creds/other")).Text);
        Assert.Contains("aws/sts/app/3", (await AskAsync("POST", "v1/aws/sts/app", """{"ttl":"1h"}""")).Text);
        Assert.Contains("aws/sts/app/4", (await AskAsync("POST", "v1/aws/sts/app", """{"ttl":"2h"}""")).Text);
        Assert.Contains("aws/sts/app/3", (await AskAsync("POST", "v1/aws/sts/app", """{"ttl":"1h"}""")).Text);

        await AskAsync("PUT", "v1/sys/leases/revoke", """{"lease_id":"database/creds/app/1"}""");
        Assert.Contains("database/creds/app/5", (await AskAsync("GET", "v1/database/creds/app")).Text);
        await AskAsync("POST", "agent/v1/cache-clear", """{"type":"lease","value":"database/creds/app/5"}""");
        Assert.Contains("database/creds/app/6", (await AskAsync("GET", "v1/database/creds/app")).Text);
        Assert.Contains("database/creds/other/2", (await AskAsync("GET", "v1/database/creds/other")).Text);
    }

    [Fact]
    public async Task A_callers_own_leases_and_what_must_not_be_kept_pass_through()
    {
        Assert.Contains("app/1", (await AskAsync("GET", "v1/database/creds/app", null, ("X-Vault-Token", "own"))).Text);
        Assert.Contains("app/2", (await AskAsync("GET", "v1/database/creds/app", null, ("X-Vault-Token", "own"))).Text);
        Assert.Contains("app/3", (await AskAsync("GET", "v1/database/creds/app")).Text);
        Assert.Contains("app/4",
            (await AskAsync("GET", "v1/database/creds/app", null, ("Cache-Control", "no-cache"))).Text);
        Assert.Contains("app/5",
            (await AskAsync("GET", "v1/database/creds/app", null, ("X-Vault-Wrap-TTL", "60"))).Text);
        Assert.Contains("app/3", (await AskAsync("GET", "v1/database/creds/app")).Text);
        Assert.Equal("own", _server.Requests.First(r => r.Path == "/v1/database/creds/app").Token);
        Assert.Equal("agents-token", _server.Requests.Last(r => r.Path == "/v1/database/creds/app").Token);
    }

    private (int, string) Answer(ScriptedServer.Asked asked) => asked.Path switch
    {
        "/v1/auth/token/lookup-self" => (200, """{"data":{"ttl":0,"renewable":false}}"""),
        "/v1/sys/leases/revoke" => (204, ""),
        _ when asked.Path.StartsWith("/v1/sys/internal/ui/mounts/", StringComparison.Ordinal) => (200,
            $$$"""{"data":{"path":"{{{asked.Path.Split('/')[6]}}}/","type":"database","options":null}}"""),
        _ when asked.Path.Contains("/creds/", StringComparison.Ordinal) || asked.Path.Contains("/sts/",
            StringComparison.Ordinal) => (200, $$$"""
            {"lease_id":"{{{asked.Path[4..]}}}/{{{Interlocked.Increment(ref _made)}}}","lease_duration":3600,
             "renewable":true,"data":{"username":"u"}}
            """),
        _ => (404, """{"errors":[]}"""),
    };

    private int Count(string path) => _server.Requests.Count(r => r.Path == path);

    private Uri Url(string path) => new($"http://127.0.0.1:{_port}/{path}");

    private async Task<(string Text, string? Cache)> AskAsync(
        string method, string path, string? json = null, params (string, string)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), Url(path));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await _http.SendAsync(request);
        Assert.True((int)answer.StatusCode < 300, $"{method} {path}: {(int)answer.StatusCode}");
        return (await answer.Content.ReadAsStringAsync(),
            answer.Headers.TryGetValues("X-Cache", out var cache) ? cache.Single() : null);
    }
}
