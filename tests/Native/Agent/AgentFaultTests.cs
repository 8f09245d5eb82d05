using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Agent;

/// <summary>What the agent does when the server, the token or the network does not do as it should.</summary>
public sealed class AgentFaultTests : IAsyncLifetime
{
    private const string Configuration = """
        vault { address = "SERVER" timeout = "2s" }
        auto_auth {
          method "token_file" {
            min_backoff = "100ms"
            max_backoff = "500ms"
            config = { token_file_path = "FOLDER/token" }
          }
        }
        api_proxy { use_auto_auth_token = true }
        cache {
          persist "file" { path = "FOLDER/known" key_file = "FOLDER/keys/known.key" }
        }
        listener "tcp" { address = "127.0.0.1:PORT" tls_disable = true }
        template {
          contents    = "{{ with secret \"prod/db\" }}{{ .Data.data.password }}{{ end }}"
          destination = "FOLDER/out"
        }

        """;

    private readonly string _folder = AgentProcess.NewFolder();
    private KistServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "keys"));
        _server = await KistServer.StartQuickAsync();
        await PutAsync("planted-value-1");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_was_known_last_is_given_while_the_server_is_away()
    {
        using (var first = await StartAsync())
        {
            await first.UntilFileAsync("out", "planted-value-1");
            await first.UntilAsync(async () => (await first.ReadAsync("prod/data/db", "password")).Value is not null);
            Assert.Equal(0, await first.StopAsync());
        }
        var file = await File.ReadAllTextAsync(Path.Combine(_folder, "known"));
        Assert.StartsWith("age-encryption.org/", file);
        Assert.DoesNotContain("planted-value", file);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Path.Combine(_folder, "keys/known.key")));

        File.Delete(Path.Combine(_folder, "out"));
        await _server.StopAsync();
        using var second = await StartAsync();
        await second.UntilFileAsync("out", "planted-value-1");
        Assert.Equal(("planted-value-1", "STALE"), await second.ReadAsync("prod/data/db", "password"));
        // What it never read it does not have.
        Assert.Equal(502, (await second.AskAsync("GET", "/v1/prod/data/other")).Status);

        // The server comes back, with another value.
        await _server.RestartAsync();
        await PutAsync("planted-value-2");
        await second.UntilFileAsync("out", "planted-value-2");
        await second.UntilAsync(async () =>
            (await second.ReadAsync("prod/data/db", "password")) is { Value: "planted-value-2", Cache: not "STALE" });
        Assert.Equal(0, await second.StopAsync());
        Assert.DoesNotContain("planted-value", second.Log);
        Assert.DoesNotContain(Token, second.Log);
    }

    [Fact]
    public async Task A_server_that_restarts_is_found_again()
    {
        using var agent = await StartAsync();
        await agent.UntilFileAsync("out", "planted-value-1");
        await _server.KillAsync();
        Assert.Equal("planted-value-1", (await agent.ReadAsync("prod/data/db", "password")).Value);
        await _server.RestartAsync();
        await PutAsync("planted-value-3");
        await agent.UntilFileAsync("out", "planted-value-3");
        Assert.Equal(0, await agent.StopAsync());
    }

    [Fact]
    public async Task A_token_that_is_revoked_under_way_gives_nothing_any_more()
    {
        const string policy = """
            {"policy":"path \"prod/*\" { capabilities = [\"read\"] }
            path \"sys/events/subscribe/*\" { capabilities = [\"read\"] }"}
            """;
        await _server.SendAsync("PUT", "/v1/sys/policies/acl/app", Token, policy.Replace("\n", " "));
        var token = await NewTokenAsync();
        using var agent = await AgentProcess.StartAsync(_folder, Url, Configuration, token);
        await agent.UntilAsync(async () => (await agent.ReadAsync("prod/data/db", "password")).Cache == "HIT");

        await _server.SendAsync("POST", "/v1/auth/token/revoke", Token, $"{{\"token\":\"{token}\"}}");
        await agent.UntilAsync(async () => (await agent.AskAsync("GET", "/v1/prod/data/db")).Status is 403 or 502);

        // A new one in the file is all it takes.
        var next = await NewTokenAsync();
        AgentProcess.WriteToken(_folder, next);
        await agent.UntilAsync(async () => (await agent.AskAsync("GET", "/v1/prod/data/db")).Status == 200);
        Assert.Equal(0, await agent.StopAsync());
        foreach (var secret in (string[])[token, next, "planted-value"]) Assert.DoesNotContain(secret, agent.Log);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_holds_nobody_up()
    {
        using var proxy = new TcpProxy(_server.Address.Port);
        using var agent = await AgentProcess.StartAsync(
            _folder, $"http://127.0.0.1:{proxy.Port}", Configuration, Token);
        await agent.UntilFileAsync("out", "planted-value-1");
        await agent.UntilAsync(async () => (await agent.AskAsync("GET", "/v1/sys/health")).Status == 200);
        proxy.Pause();
        Assert.Equal(504, (await agent.AskAsync("GET", "/v1/sys/mounts")).Status);
        Assert.Equal("planted-value-1", (await agent.ReadAsync("prod/data/db", "password")).Value);
        // It ends at once, with questions open.
        var open = agent.AskAsync("GET", "/v1/sys/mounts");
        Assert.Equal(0, await agent.StopAsync());
        await Task.WhenAny(open);
    }

    [Fact]
    public async Task An_agent_that_never_reached_the_server_says_so_and_goes_on()
    {
        await _server.StopAsync();
        using var agent = await StartAsync();
        await agent.UntilLogAsync("cannot log in by token_file: cannot connect to ");
        var answer = await agent.AskAsync("GET", "/v1/prod/data/db");
        Assert.Equal(502, answer.Status);
        Assert.Contains("cannot connect to", answer.Text);
        await _server.RestartAsync();
        await agent.UntilFileAsync("out", "planted-value-1");
        Assert.Equal(0, await agent.StopAsync());
    }

    [Theory]
    [InlineData("vault { address = \"SERVER\" }\nauto_auth { method \"aws\" { } }", "agent.hcl: line 2, column 20: ")]
    [InlineData("template { contents = \"{{ nothing }}\" destination = \"x\" }\n"
        + "auto_auth { method \"token_file\" { config = { token_file_path = \"/t\" } } }",
        "contents: line 1: there is no function nothing")]
    [InlineData("auto_auth {\n", "agent.hcl: line ")]
    public async Task What_is_wrong_in_a_configuration_is_said_with_its_place(string text, string expected)
    {
        using var agent = await AgentProcess.StartAsync(_folder, Url, text);
        Assert.Equal(1, await agent.EndAsync());
        Assert.Contains(expected, agent.Log);
    }

    private string Token => _server.QuickStart.RootToken;

    private string Url => _server.Address.GetLeftPart(UriPartial.Authority);

    private Task<AgentProcess> StartAsync() => AgentProcess.StartAsync(_folder, Url, Configuration, Token);

    private async Task<string> NewTokenAsync()
    {
        var made = await _server.SendAsync("POST", "/v1/auth/token/create", Token, """{"policies":["app"]}""");
        return (string)made.Json!["auth"]!["client_token"]!;
    }

    private async Task PutAsync(string value)
    {
        var body = "{\"data\":{\"password\":\"" + value + "\"}}";
        Assert.Equal(200, (await _server.SendAsync("POST", "/v1/prod/data/db", Token, body)).Status);
    }
}
