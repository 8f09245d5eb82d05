using System.Net.WebSockets;
using System.Text;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Agent;

/// <summary>What the agent does for those who ask it: programs, Vault's clients, other agents.</summary>
public sealed class AgentDeliveryTests : IAsyncLifetime
{
    private const string Configuration = """
        vault { address = "SERVER" timeout = "3s" }
        auto_auth {
          method "token_file" {
            min_backoff = "200ms"
            max_backoff = "500ms"
            config = { token_file_path = "FOLDER/token" }
          }
        }
        api_proxy { use_auto_auth_token = true }
        cache { }
        listener "unix" { address = "FOLDER/agent.sock" }
        listener "tcp" { address = "127.0.0.1:PORT" tls_disable = true }
        """;

    private readonly string _folder = AgentProcess.NewFolder();
    private KistServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await KistServer.StartDevAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Commands_and_references_work_through_its_socket_without_a_token()
    {
        await PutAsync("db", "by-the-agent");
        using var agent = await StartAsync();
        using var kist = new KistRun(token: null);
        foreach (var name in (string[])["KIST_ADDR", "VAULT_ADDR", "KIST_AGENT_ADDR", "VAULT_AGENT_ADDR"])
        {
            kist.With(name, Socket);
            if (name.Contains("AGENT")) kist.With("VAULT_ADDR", "http://127.0.0.1:1");
            var got = await kist.RunAsync("get", "secret/db", "password");
            Assert.Equal(("", "by-the-agent"), (got.Error, got.Output.TrimEnd()));
            kist.With(name, null).With("VAULT_ADDR", null);
        }
        kist.With("KIST_ADDR", Socket);
        Assert.Equal(0, (await kist.RunAsync("put", "secret/new", "a=b")).ExitCode);
        Assert.Contains("new", (await kist.RunAsync("list", "secret")).Output);
        Assert.Equal(0, (await kist.RunAsync("status")).ExitCode);
        kist.With("KIST_ADDR", null);
        Assert.Equal("by-the-agent", (await kist.RunAsync(
            "kv", "get", $"-agent-address={Socket}", "-mount=secret", "-field=password", "db")).Output.TrimEnd());

        Directory.CreateDirectory(Path.Combine(kist.Home, ".kist"));
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".kist", "config.toml"),
            $"[env.dev]\nagent = \"{Socket}\"\n[env.port]\nagent = \"{agent.Address}\"\n");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".env"), "PW=kist://secret/db#password\n");
        foreach (var environment in (string[])["dev", "port"])
        {
            var ran = await kist.RunAsync("run", "--env", environment, "--", "sh", "-c", "echo $PW ${#PW}");
            Assert.Equal(("", "[REDACTED] 12\n"), (ran.Error, ran.Output));
        }
        Assert.Equal(0, await agent.StopAsync());
        var away = await kist.RunAsync("run", "--", "true");
        Assert.Equal(2, away.ExitCode);
        Assert.Contains($"cannot connect to {Socket}", away.Error);
    }

    [Fact]
    public async Task A_program_is_started_again_when_a_value_changes_behind_the_agent()
    {
        await PutAsync("db", "first-value");
        using var agent = await StartAsync();
        using var kist = new KistRun(token: null).With("KIST_AGENT_ADDR", Socket);
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".env"), "PW=kist://secret/db#password\n");
        using var process = kist.Start(KistRun.Binary,
            ["run", "--watch", "--no-mask", "--", "sh", "-c", "echo has $PW; exec sleep 60"]);
        Assert.Equal("has first-value", await process.StandardOutput.ReadLineAsync());
        await PutAsync("db", "second-value");
        Assert.Equal("has second-value", await process.StandardOutput.ReadLineAsync());
        process.Kill(entireProcessTree: true);
    }

    [Fact]
    public async Task Another_agent_reaches_the_server_through_its_socket()
    {
        await PutAsync("db", "through-two");
        using var first = await StartAsync();
        var folder = AgentProcess.NewFolder();
        using (var second = await AgentProcess.StartAsync(folder, Socket, Configuration))
        {
            await second.UntilAsync(async () => (await second.ReadAsync("secret/data/db", "password")).Cache == "HIT");
            await PutAsync("db", "and-told");
            await second.UntilAsync(async () =>
                (await second.ReadAsync("secret/data/db", "password")).Value == "and-told");
            Assert.Equal(0, await second.StopAsync());
        }
        Directory.Delete(folder, recursive: true);
        Assert.Equal(0, await first.StopAsync());
    }

    [Fact]
    public async Task Events_pass_through_as_a_web_socket_and_as_server_sent_events()
    {
        using var agent = await StartAsync();
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(
            new Uri($"ws://127.0.0.1:{agent.Port}/v1/sys/events/subscribe/kv-v2/*?json=true"), default);
        Assert.Contains("kist/subscribed", await ReceiveAsync(socket));
        await PutAsync("db", "never-told");
        var told = await ReceiveAsync(socket);
        Assert.Contains("secret/data/db", told);
        Assert.DoesNotContain("never-told", told);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", default);

        // A page in a browser is lent no token, and whoever has one of his own is decided on by the server.
        using var page = new ClientWebSocket();
        page.Options.SetRequestHeader("Origin", "http://evil.example");
        page.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => page.ConnectAsync(
            new Uri($"ws://127.0.0.1:{agent.Port}/v1/sys/events/subscribe/*"), default));
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, page.HttpStatusCode);

        using var http = new HttpClient();
        using var stream = new StreamReader(
            await http.GetStreamAsync(new Uri(agent.Address, "v1/sys/events/subscribe/*")));
        while (await stream.ReadLineAsync() is { } line && line != "event: kist/subscribed")
        {
        }
        await PutAsync("db", "again");
        while (await stream.ReadLineAsync() is { } line && !line.Contains("secret/data/db"))
        {
        }
        Assert.Equal(0, await agent.StopAsync());
    }

    [Fact]
    public async Task Who_asks_before_the_first_login_waits_for_it()
    {
        await PutAsync("db", "in-time");
        // The token comes after the question.
        using var agent = await AgentProcess.StartAsync(_folder, Url, Configuration, token: null);
        var read = agent.AskAsync("GET", "/v1/secret/data/db");
        var written = agent.AskAsync("POST", "/v1/secret/data/other", json: """{"data":{"a":"b"}}""");
        await agent.UntilLogAsync("cannot log in by token_file");
        // By its own word it has nothing to log in with: that is said at once, and does not hold anybody up.
        Assert.Equal((502, 502), ((await read).Status, (await written).Status));
        Assert.Contains("failed to get the response: ", (await read).Text);
        AgentProcess.WriteToken(_folder, KistServer.DevRootToken);
        await agent.UntilAsync(async () => (await agent.AskAsync("GET", "/v1/secret/data/db")).Status == 200);
        Assert.Equal(0, await agent.StopAsync());

        // A server that starts a little later is waited for.
        using var proxy = new TcpProxy(_server.Address.Port);
        proxy.Pause();
        using var early = await AgentProcess.StartAsync(_folder, $"http://127.0.0.1:{proxy.Port}", Configuration);
        read = early.AskAsync("GET", "/v1/secret/data/db");
        written = early.AskAsync("POST", "/v1/secret/data/other", json: """{"data":{"a":"b"}}""");
        proxy.Resume();
        Assert.Equal((200, 200), ((await read).Status, (await written).Status));
        Assert.Equal(0, await early.StopAsync());
    }

    [Fact]
    public async Task A_right_that_is_withdrawn_counts_at_once()
    {
        await PutAsync("db", "withdrawn");
        const string policy = """
            {"policy":"path \"secret/data/WHAT\" { capabilities = [\"read\"] }
            path \"sys/events/subscribe/*\" { capabilities = [\"read\"] }"}
            """;
        await RootAsync("PUT", "sys/policies/acl/app", policy.Replace("WHAT", "*"));
        var own = await TokenAsync();
        var callers = await TokenAsync();
        using var agent = await AgentProcess.StartAsync(_folder, Url, Configuration, own);
        foreach (var token in (string?[])[null, callers])
            await agent.UntilAsync(async () =>
                (await agent.AskAsync("GET", "/v1/secret/data/db", token)).Headers.GetValueOrDefault("x-cache")
                == "HIT");

        // The token lives, and the stream of events stands: only this right has gone.
        await RootAsync("PUT", "sys/policies/acl/app", policy.Replace("WHAT", "other"));
        foreach (var token in (string?[])[null, callers])
            await agent.UntilAsync(async () =>
                (await agent.AskAsync("GET", "/v1/secret/data/db", token)).Status == 403);
        // Nor does it stand in for a server that is away.
        await _server.KillAsync();
        foreach (var token in (string?[])[null, callers])
            Assert.Equal(502, (await agent.AskAsync("GET", "/v1/secret/data/db", token)).Status);
        Assert.Equal(0, await agent.StopAsync());
    }

    private string Url => _server.Address.GetLeftPart(UriPartial.Authority);

    private string Socket => "unix://" + Path.Combine(_folder, "agent.sock");

    private Task<AgentProcess> StartAsync() => AgentProcess.StartAsync(_folder, Url, Configuration);

    private Task<Answer> PutAsync(string name, string value) =>
        RootAsync("POST", $"secret/data/{name}", "{\"data\":{\"password\":\"" + value + "\"}}");

    private async Task<string> TokenAsync()
    {
        var made = await RootAsync("POST", "auth/token/create", """{"policies":["app"]}""");
        return (string)made.Json!["auth"]!["client_token"]!;
    }

    private async Task<Answer> RootAsync(string method, string path, string json)
    {
        var answer = await _server.SendAsync(method, $"/v1/{path}", KistServer.DevRootToken, json.Replace("\n", " "));
        Assert.True(answer.Status < 300, $"{method} {path}: {answer.Status} {answer.Text}");
        return answer;
    }

    private static async Task<string> ReceiveAsync(WebSocket socket)
    {
        var buffer = new byte[8192];
        var got = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        return Encoding.UTF8.GetString(buffer, 0, got.Count);
    }
}
