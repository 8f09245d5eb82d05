using System.Net;
using System.Net.Sockets;
using System.Text;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Agent;

/// <summary>The agent between a real server and whoever asks.</summary>
public sealed class AgentTests : IAsyncLifetime
{
    private const string Head = """
        vault { address = "SERVER" timeout = "3s" }
        auto_auth {
          method "token_file" {
            min_backoff = "200ms"
            max_backoff = "1s"
            config = { token_file_path = "FOLDER/token" }
          }
        }

        """;

    private const string Door = """
        api_proxy { use_auto_auth_token = true }
        cache { }
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
    public async Task It_lends_its_token_remembers_and_is_told_of_changes()
    {
        await PutAsync("db", "first-value");
        using var agent = await StartAsync(Head + Door);
        await agent.UntilAsync(async () => (await agent.ReadAsync("secret/data/db", "password")).Cache == "HIT");
        Assert.Equal("first-value", (await agent.ReadAsync("secret/data/db", "password")).Value);

        await PutAsync("db", "second-value");
        await agent.UntilAsync(async () =>
            (await agent.ReadAsync("secret/data/db", "password")).Value == "second-value");

        // A caller with a token of its own gets what that token may have, and nothing of the agent's.
        Assert.Equal(403, (await agent.AskAsync("GET", "/v1/secret/data/db", "kst.nobody")).Status);
        // A web page gets no token.
        var page = await agent.AskAsync("GET", "/v1/secret/data/db", headers: ("Origin", "http://evil.example"));
        Assert.Equal(403, page.Status);
        // Everything else passes through, writes too.
        Assert.Equal(200, (await agent.AskAsync("POST", "/v1/secret/data/new", json: """{"data":{"a":"b"}}""")).Status);
        Assert.Equal(404, (await agent.AskAsync("GET", "/v1/secret/data/none")).Status);
        Assert.Equal(200, (await agent.AskAsync("LIST", "/v1/secret/metadata")).Status);
        Assert.Equal(200, (await agent.AskAsync("POST", "/agent/v1/cache-clear", json: """{"type":"all"}""")).Status);
        Assert.Equal("MISS", (await agent.ReadAsync("secret/data/db", "password")).Cache);
        Assert.Equal(400, (await agent.AskAsync("POST", "/agent/v1/cache-clear", json: """{"type":"x"}""")).Status);
        Assert.Equal(404, (await agent.AskAsync("POST", "/agent/v1/quit")).Status);
        var metrics = await agent.AskAsync("GET", "/agent/v1/metrics?format=prometheus");
        Assert.Contains("vault_agent_auth_success 1\n", metrics.Text);
        Assert.Equal(0, await agent.StopAsync());
        SaysNothingSecret(agent, "first-value", "second-value");
    }

    [Fact]
    public async Task A_template_follows_its_secret_and_runs_its_command()
    {
        await PutAsync("db", "one");
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "app.env"), "# safe to commit\nPW=kist://secret/db#password\n");
        using var agent = await StartAsync(Head + """
            template {
              contents    = "pw={{ with secret \"secret/db\" }}{{ .Data.data.password | toUpper }}{{ end }}"
              destination = "FOLDER/out/app.conf"
              command     = "echo changed >> FOLDER/log"
            }
            template {
              source      = "FOLDER/app.env"
              destination = "FOLDER/plain"
              format      = "plain"
              perms       = "0640"
            }
            """);
        await agent.UntilFileAsync("out/app.conf", "pw=ONE");
        await agent.UntilFileAsync("plain", "# safe to commit\nPW=one\n");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Path.Combine(_folder, "out/app.conf")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
            File.GetUnixFileMode(Path.Combine(_folder, "plain")));
        await agent.UntilFileAsync("log", "changed\n");
        // Not before the agent is told of changes.
        await PutAsync("db", "two");
        await agent.UntilFileAsync("out/app.conf", "pw=TWO");
        await agent.UntilFileAsync("plain", "# safe to commit\nPW=two\n");
        await agent.UntilFileAsync("log", "changed\nchanged\n");
        Assert.Equal(0, await agent.StopAsync());
        SaysNothingSecret(agent);
    }

    [Fact]
    public async Task It_renders_once_writes_its_sinks_and_ends()
    {
        await PutAsync("db", "once");
        var text = Head.Replace("auto_auth {", """
            auto_auth {
              sink "file" { config = { path = "FOLDER/sink" } }
              sink "file" { wrap_ttl = "5m" config = { path = "FOLDER/wrapped" mode = 0640 } }
            """) + """
            template {
              contents    = "{{ with secret \"secret/db\" }}{{ .Data.data.password }}{{ end }}"
              destination = "FOLDER/out"
            }
            """;
        using var agent = await StartAsync(text, "--exit-after-auth");
        Assert.Equal(0, await agent.EndAsync());
        Assert.Equal("once", await File.ReadAllTextAsync(Path.Combine(_folder, "out")));
        var sink = Path.Combine(_folder, "sink");
        Assert.Equal(KistServer.DevRootToken, await File.ReadAllTextAsync(sink));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(sink));
        var wrapped = System.Text.Json.Nodes.JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Combine(_folder, "wrapped")))!;
        var opened = await _server.SendAsync("POST", "/v1/sys/wrapping/unwrap", (string?)wrapped["token"]);
        Assert.Equal(KistServer.DevRootToken, (string?)opened.Json!["data"]!["token"]);
    }

    [Fact]
    public async Task A_program_gets_values_and_is_started_again_with_new_ones()
    {
        await PutAsync("db", "old");
        using var agent = await StartAsync(Head + """
            env_template "DB_PASSWORD" {
              contents = "{{ with secret \"secret/db\" }}{{ .Data.data.password }}{{ end }}"
            }
            exec {
              command = ["sh", "-c", "echo \"$DB_PASSWORD $VAULT_TOKEN\" >> FOLDER/seen; exec sleep 60"]
            }
            """);
        await agent.UntilFileAsync("seen", "old \n");
        await PutAsync("db", "new");
        await agent.UntilFileAsync("seen", "old \nnew \n");
        await agent.StopAsync();
        SaysNothingSecret(agent);
    }

    [Fact]
    public async Task The_end_of_the_program_is_the_agent_s()
    {
        await PutAsync("db", "x");
        using var agent = await StartAsync(Head + """
            env_template "A" { contents = "{{ with secret \"secret/db\" }}{{ .Data.data.password }}{{ end }}" }
            exec { command = "exit 7" }
            """);
        Assert.Equal(7, await agent.EndAsync());
    }

    [Fact]
    public async Task A_socket_is_its_owner_s_and_listeners_have_their_rules()
    {
        await PutAsync("db", "by-socket");
        using var agent = await StartAsync(Head + """
            api_proxy { use_auto_auth_token = true }
            listener "unix" { address = "FOLDER/agent.sock" }
            listener "tcp" {
              address = "127.0.0.1:PORT"
              tls_disable = true
              require_request_header = true
              agent_api { enable_quit = true }
            }
            """);
        var path = Path.Combine(_folder, "agent.sock");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, ct) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        // It may not have logged in yet.
        await agent.UntilAsync(async () =>
        {
            using var answer = await http.GetAsync("http://agent/v1/secret/data/db");
            return (await answer.Content.ReadAsStringAsync()).Contains("by-socket");
        });

        var refused = await agent.AskAsync("GET", "/v1/secret/data/db");
        Assert.Equal((412, "{\"errors\":[\"missing \\\"X-Vault-Request\\\" header\"]}\n"),
            (refused.Status, refused.Text));
        var asked = await agent.AskAsync("GET", "/v1/secret/data/db", headers: ("X-Vault-Request", "true"));
        Assert.Equal(200, asked.Status);
        await agent.AskAsync("POST", "/agent/v1/quit", headers: ("X-Vault-Request", "true"));
        Assert.Equal(0, await agent.EndAsync());
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Systemd_is_told_when_it_is_ready_reloads_and_ends()
    {
        await PutAsync("db", "v");
        var path = Path.Combine(_folder, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        var environment = new Dictionary<string, string> { ["NOTIFY_SOCKET"] = path, ["WATCHDOG_USEC"] = "200000" };
        using var agent = await AgentProcess.StartAsync(_folder, Url, Head + Door, environment: environment);
        var told = new StringBuilder();
        await HeardAsync("READY=1");
        await HeardAsync("WATCHDOG=1");
        agent.Signal(Signals.HangUp);
        await HeardAsync("RELOADING=1");
        await HeardAsync("READY=1");
        var ended = agent.StopAsync();
        await HeardAsync("STOPPING=1");
        Assert.Equal(0, await ended);

        async Task HeardAsync(string word)
        {
            told.Clear();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var bytes = new byte[4096];
            while (!told.ToString().Contains(word))
            {
                var count = await socket.ReceiveAsync(bytes, limit.Token);
                told.Append(Encoding.UTF8.GetString(bytes, 0, count)).Append('\n');
            }
        }
    }

    private string Url => _server.Address.GetLeftPart(UriPartial.Authority);

    private Task<AgentProcess> StartAsync(string configuration, params string[] arguments) =>
        AgentProcess.StartAsync(_folder, Url, configuration, arguments: arguments);

    private async Task PutAsync(string name, string value)
    {
        var body = "{\"data\":{\"password\":\"" + value + "\"}}";
        var put = await _server.SendAsync("POST", $"/v1/secret/data/{name}", KistServer.DevRootToken, body);
        Assert.Equal(200, put.Status);
    }

    private static void SaysNothingSecret(AgentProcess agent, params string[] values)
    {
        foreach (var value in values) Assert.DoesNotContain(value, agent.Log);
    }
}
