using Kist.Client.Logins;

namespace Kist.Client.Tests.Http;

/// <summary>An application without a token, behind a running <c>kist agent</c>.</summary>
public sealed class AgentTests(TestServer server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadsAndIsToldThroughTheAgent(bool isSocket)
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", "one");
        using var agent = await RunningAgent.StartAsync(server.Server);
        await using var client = agent.NewClient(isSocket);
        Assert.Equal("one", (await client.Secrets.GetAsync($"secret/{name}"))["k"].Reveal());
        await TestServer.UntilAsync(
            () => ValueTask.FromResult(client.Secrets.IsPushed), "the agent tells of changes");
        var told = new SemaphoreSlim(0);
        using var watching = client.Secrets.Watch($"secret/{name}", () => told.Release());
        await server.PutAsync(name, "k", "two");
        Assert.True(await told.WaitAsync(TestServer.Patience));
        Assert.Equal("two", (await client.Secrets.GetAsync($"secret/{name}"))["k"].Reveal());

        // The rest of the API goes through too, and a token of its own goes before the agent's.
        await client.Kv2("secret").WriteAsync(name + "-new", [new("a", "b")]);
        Assert.Contains("root", (await client.Tokens.LookUpSelfAsync()).Policies);
        await using var nobody = agent.NewClient(isSocket, TokenLogin.Of("kst.nobody"));
        var refused = await Assert.ThrowsAsync<KistException>(() => nobody.ReadAsync($"secret/data/{name}"));
        Assert.Equal(KistFailure.Denied, refused.Failure);
    }

    [Fact]
    public async Task AnAgentThatRestartsIsFoundAgain()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", "one");
        var agent = await RunningAgent.StartAsync(server.Server);
        await using var client = agent.NewClient(isSocket: true);
        Assert.Equal("one", (await client.Secrets.GetAsync($"secret/{name}"))["k"].Reveal());
        await agent.StopAsync();
        await server.PutAsync(name, "k", "two");
        Assert.Equal("one", (await client.Secrets.GetAsync($"secret/{name}"))["k"].Reveal());
        await agent.StartAgainAsync();
        await TestServer.UntilAsync(
            async () => (await client.Secrets.GetAsync($"secret/{name}"))["k"].Reveal() == "two",
            "the client finds the agent again");
        await agent.StopAsync();
        agent.Dispose();
    }

    /// <summary>A <c>kist agent</c> with root's token, on a socket and a port of its own.</summary>
    private sealed class RunningAgent : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("kist-agent-").FullName;
        private readonly int _port = Loopback.FreePort();
        private KistProcess? _process;

        public static async Task<RunningAgent> StartAsync(KistServer server)
        {
            var agent = new RunningAgent();
            var token = Path.Combine(agent._folder, "token");
            await File.WriteAllTextAsync(token, KistServer.DevRootToken);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(token, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            await File.WriteAllTextAsync(Path.Combine(agent._folder, "agent.hcl"), $$"""
                vault { address = "{{server.Address.GetLeftPart(UriPartial.Authority)}}" }
                auto_auth { method "token_file" { config = { token_file_path = "{{agent._folder}}/token" } } }
                api_proxy { use_auto_auth_token = true }
                cache { }
                listener "unix" { address = "{{agent._folder}}/agent.sock" }
                listener "tcp" { address = "127.0.0.1:{{agent._port}}" tls_disable = true }
                """);
            await agent.StartAgainAsync();
            return agent;
        }

        public async Task StartAgainAsync()
        {
            _process = KistProcess.Start(_folder, ["agent", "--config", Path.Combine(_folder, "agent.hcl")]);
            await TestServer.UntilAsync(
                () => ValueTask.FromResult(_process.Output.Contains($"listening at 127.0.0.1:{_port}")),
                "the agent listens");
        }

        public KistClient NewClient(bool isSocket, ILogin? login = null) => new(new KistClientOptions
        {
            Address = new Uri(isSocket ? $"unix://{_folder}/agent.sock" : $"http://127.0.0.1:{_port}"),
            Login = login, StaleFor = TimeSpan.FromMinutes(1), Timeout = TimeSpan.FromSeconds(5),
        });

        public async Task StopAsync()
        {
            _process!.Signal(Signals.Terminate);
            Assert.Equal(0, await _process.WaitForExitAsync(TimeSpan.FromSeconds(30)));
            _process.Dispose();
            _process = null;
        }

        public void Dispose()
        {
            _process?.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
