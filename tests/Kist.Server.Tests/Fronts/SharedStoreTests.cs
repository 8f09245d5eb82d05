using System.Net;
using System.Text.Json;
using Kist.Kernel.Node;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Fronts;

/// <summary>How servers on one store look to Vault's clients and load balancers.</summary>
public sealed class SharedStoreTests
{
    [Fact]
    public async Task EveryUnsealedNodeIsActiveAndASealedOneIsNot()
    {
        await using var pair = await Pair.StartAsync();
        foreach (var (server, name) in new[] { (pair.First, "first"), (pair.Second, "second") })
        {
            Assert.False((await server.DoAsync("GET", "sys/health")).GetProperty("standby").GetBoolean());
            var leader = await server.DoAsync("GET", "sys/leader");
            Assert.True(leader.GetProperty("ha_enabled").GetBoolean());
            Assert.True(leader.GetProperty("is_self").GetBoolean());
            Assert.Equal($"http://{name}:8200", leader.GetProperty("leader_address").GetString());
            Assert.Equal($"https://{name}:8201", leader.GetProperty("leader_cluster_address").GetString());
            Assert.NotEqual("0001-01-01T00:00:00Z", leader.GetProperty("active_time").GetString());
        }
        await pair.Second.DoAsync("PUT", "sys/seal", token: pair.Token);
        Assert.Equal(503, (await pair.Second.SendAsync("GET", "sys/health")).Status);
        Assert.Equal("Vault is sealed", await pair.Second.RefusedAsync(503, "GET", "sys/leader"));
        Assert.Equal(200, (await pair.First.SendAsync("GET", "sys/health")).Status);
    }

    [Fact]
    public async Task TheNodesThatAreThereAreListed()
    {
        await using var pair = await Pair.StartAsync();
        await pair.ShownAsync(2);
        var nodes = await pair.NodesAsync();
        Assert.Equal(["http://first:8200", "http://second:8200"],
            nodes.Select(n => n.GetProperty("api_address").GetString()).Order());
        Assert.All(nodes, n =>
        {
            Assert.True(n.GetProperty("active_node").GetBoolean());
            Assert.NotEqual("", n.GetProperty("hostname").GetString());
            Assert.Equal("1.15.0", n.GetProperty("version").GetString());
        });
        await pair.Second.DoAsync("PUT", "sys/seal", token: pair.Token);
        Assert.Single(await pair.NodesAsync());
    }

    [Fact]
    public async Task TheStateIsGivenAfterAWriteAndRequiredBeforeARead()
    {
        await using var pair = await Pair.StartAsync();
        using var written = await pair.SendAsync(
            pair.First, HttpMethod.Post, "sys/policies/acl/p", """{"policy":"path \"a\" {}"}""");
        Assert.Equal(HttpStatusCode.NoContent, written.StatusCode);
        var state = Assert.Single(written.Headers.GetValues("X-Vault-Index"));
        using var read = await pair.SendAsync(
            pair.Second, HttpMethod.Get, "sys/policies/acl/p", null, state, state);
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        Assert.True(read.Headers.Contains("X-Vault-Index"));
        using var plain = await pair.SendAsync(pair.Second, HttpMethod.Get, "sys/policies/acl/p", null);
        Assert.False(plain.Headers.Contains("X-Vault-Index"));
        await using var other = await Pair.StartAsync();
        using var foreign = await other.SendAsync(other.First, HttpMethod.Get, "sys/policies/acl/p", null, state);
        Assert.Equal(HttpStatusCode.PreconditionFailed, foreign.StatusCode);
    }

    private sealed class Pair : IAsyncDisposable
    {
        public required NodeServer First { get; init; }

        public required NodeServer Second { get; init; }

        public required string Token { get; init; }

        public static async Task<Pair> StartAsync()
        {
            var store = new MemoryStore { IsShared = true };
            var (first, second) = (await StartAsync(store, "first"), await StartAsync(store, "second"));
            var keys = await first.DoAsync(
                "PUT", "sys/init", """{"secret_shares":1,"secret_threshold":1}""");
            var key = keys.GetProperty("keys")[0].GetString();
            foreach (var server in (NodeServer[])[first, second])
                await server.DoAsync("PUT", "sys/unseal", $$"""{"key":"{{key}}"}""");
            return new Pair { First = first, Second = second, Token = keys.GetProperty("root_token").GetString()! };
        }

        public async Task<List<JsonElement>> NodesAsync()
        {
            var answer = await First.DoAsync("GET", "sys/ha-status", token: Token);
            return [.. answer.GetProperty("data").GetProperty("nodes").EnumerateArray()];
        }

        /// <summary>Waits until this many nodes have shown themselves.</summary>
        public async Task ShownAsync(int count)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while ((await NodesAsync()).Count < count) await Task.Delay(20, patience.Token);
        }

        public Task<HttpResponseMessage> SendAsync(
            NodeServer server, HttpMethod method, string path, string? body, params string[] states)
        {
            var request = new HttpRequestMessage(method, path);
            if (body is not null) request.Content = new StringContent(body);
            request.Headers.Add("X-Vault-Token", Token);
            foreach (var state in states) request.Headers.TryAddWithoutValidation("X-Vault-Index", state);
            return server.Http.SendAsync(request);
        }

        public async ValueTask DisposeAsync()
        {
            await First.DisposeAsync();
            await Second.DisposeAsync();
        }

        private static Task<NodeServer> StartAsync(IStore store, string name) => NodeServer.StartAsync(
            store, settings: new Settings
            {
                StorageType = "inmem", ApiAddress = $"http://{name}:8200", ClusterAddress = $"https://{name}:8201",
            });
    }
}
