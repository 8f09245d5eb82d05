using Kist.Kernel.Pipeline;
using Kist.Secrets;
using Xunit;

namespace Kist.Server.Tests.Cluster;

/// <summary>What one node writes is in force on the others as soon as they have followed.</summary>
public sealed class CoherenceTests
{
    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task ASecretWrittenThroughOneNodeIsReadThroughAnother(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        await cluster.WriteAsync(0, Operation.Update, "sys/mounts/team", """{"type":"kv","options":{"version":"2"}}""");
        await cluster.WriteAsync(1, Operation.Update, "team/data/a", """{"data":{"v":"one"}}""");
        Assert.Contains("\"one\"", await cluster.ReadAsync(0, "team/data/a"));
        await cluster.WriteAsync(0, Operation.Update, "team/data/a", """{"data":{"v":"two"}}""");
        Assert.Contains("\"two\"", await cluster.ReadAsync(1, "team/data/a"));
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task MountsThatOneNodeMakesMovesTunesAndRemovesAreSoOnAnother(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(3, store);
        await cluster.WriteAsync(0, Operation.Update, "sys/mounts/a", """{"type":"kv"}""");
        await cluster.WriteAsync(1, Operation.Update, "a/x", """{"v":"1"}""");
        await cluster.WriteAsync(1, Operation.Update, "sys/remount", """{"from":"a","to":"b"}""");
        Assert.Contains("\"1\"", await cluster.ReadAsync(2, "b/x"));
        Assert.NotNull(await cluster.FaultAsync(0, Operation.Read, "a/x"));
        await cluster.WriteAsync(2, Operation.Update, "sys/mounts/b/tune", """{"description":"tuned"}""");
        Assert.Contains("tuned", await cluster.ReadAsync(0, "sys/mounts"));
        await cluster.WriteAsync(0, Operation.Delete, "sys/mounts/b");
        Assert.NotNull(await cluster.FaultAsync(1, Operation.Read, "b/x"));
        Assert.Equal("path is already in use at c/", await ClashAsync(cluster, "c"));
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task ATokenRevokedThroughOneNodeIsDeadOnAnother(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        var token = await cluster.TokenAsync(0, "default");
        await cluster.SettleAsync(1);
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
        Assert.Equal(1, cluster.Kernel(1).Tokens.CachedCallers);
        await cluster.WriteAsync(0, Operation.Update, "auth/token/revoke", $$"""{"token":"{{token}}"}""");
        Assert.Same(Fault.BadToken,
            await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task APolicyChangedThroughOneNodeIsInForceOnAnother(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        await cluster.WriteAsync(0, Operation.Update, "sys/mounts/team", """{"type":"kv"}""");
        await cluster.WriteAsync(0, Operation.Update, "team/x", """{"v":"1"}""");
        await PolicyAsync(cluster, 0, "read");
        var token = await cluster.TokenAsync(0, "reader");
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "team/x", token: token));
        await PolicyAsync(cluster, 0, "list");
        Assert.Same(Fault.Denied, await cluster.FaultAsync(1, Operation.Read, "team/x", token: token));
        await PolicyAsync(cluster, 1, "read");
        Assert.Null(await cluster.FaultAsync(0, Operation.Read, "team/x", token: token));
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "team/x", token: token));
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task AnEntityDisabledThroughOneNodeCanDoNothingOnAnother(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        await cluster.WriteAsync(0, Operation.Update, "sys/auth/userpass", """{"type":"userpass"}""");
        await cluster.WriteAsync(0, Operation.Update, "auth/userpass/users/ann", """{"password":"quite long"}""");
        string token, entity;
        using (var login = await cluster.SendAsync(
            1, Operation.Update, "auth/userpass/login/ann", """{"password":"quite long"}""", token: ""))
            (token, entity) = (login.Token!.Token, login.Token.Entry.EntityId);
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
        await cluster.WriteAsync(0, Operation.Update, $"identity/entity/id/{entity}", """{"disabled":true}""");
        Assert.Same(Fault.BadToken,
            await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task RateLimitsAndOriginsAreSetForAllNodes(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        await cluster.WriteAsync(
            0, Operation.Update, "sys/quotas/rate-limit/few", """{"rate":1,"path":"sys/mounts"}""");
        Assert.Equal("few", Assert.Single(cluster.Kernel(1).Quotas.All).Name);
        await cluster.WriteAsync(1, Operation.Delete, "sys/quotas/rate-limit/few");
        Assert.Empty(cluster.Kernel(0).Quotas.All);
        await cluster.WriteAsync(
            0, Operation.Update, "sys/config/cors", """{"allowed_origins":["https://a.example"]}""");
        Assert.True(cluster.Kernel(1).Cors.Current!.Allows("https://a.example"));
        await cluster.WriteAsync(1, Operation.Delete, "sys/config/cors");
        Assert.Null(cluster.Kernel(0).Cors.Current);
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task AnAuditSinkIsOpenedAndClosedOnEveryNode(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        await cluster.WriteAsync(
            0, Operation.Update, "sys/audit/out", """{"type":"file","options":{"file_path":"discard"}}""");
        Assert.Equal("out/", Assert.Single(cluster.Kernel(1).Audit.Broker.Sinks).Path);
        Assert.Equal(cluster.Kernel(0).Audit.Broker.Hash("out/", "x"),
            cluster.Kernel(1).Audit.Broker.Hash("out/", "x"));
        await cluster.WriteAsync(1, Operation.Delete, "sys/audit/out");
        Assert.Empty(cluster.Kernel(0).Audit.Broker.Sinks);
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task OneNodeIsSealedAndUnsealedWithoutTheOthers(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        await cluster.Node(0).SealAsync();
        var refused = await cluster.FaultAsync(0, Operation.Read, "sys/mounts");
        Assert.Equal(FaultKind.Sealed, refused!.Kind);
        await cluster.WriteAsync(1, Operation.Update, "sys/mounts/while-sealed", """{"type":"kv"}""");
        await cluster.UnsealAsync(0);
        await cluster.WriteAsync(0, Operation.Update, "while-sealed/x", """{"v":"1"}""");
        Assert.Contains("\"1\"", await cluster.ReadAsync(1, "while-sealed/x"));
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task KeysRotatedAndReplacedThroughOneNodeAreFollowedByTheOthers(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(3, store);
        await cluster.WriteAsync(0, Operation.Update, "sys/mounts/team", """{"type":"kv"}""");
        for (var round = 0; round < 3; round++)
        {
            await cluster.Kernel(round).Barrier.RotateAsync(default);
            for (var again = 0; again < 2; again++)
                using (var rootKey = SecretBuffer.Copy(new byte[32]))
                {
                    rootKey.Span.Fill((byte)(1 + 2 * round + again));
                    await cluster.Kernel((round + 1) % 3).Barrier.RekeyAsync(rootKey, static _ => { }, default);
                }
            for (var node = 0; node < 3; node++)
            {
                await cluster.SettleAsync(node);
                Assert.Equal((uint)round + 2, cluster.Kernel(node).Barrier.Status.Term);
                await cluster.WriteAsync(node, Operation.Update, "team/x", $$"""{"v":"{{round}}-{{node}}"}""");
                Assert.Contains($"{round}-{node}", await cluster.ReadAsync((node + 1) % 3, "team/x"));
            }
        }
    }

    private static async Task<string?> ClashAsync(LiveCluster cluster, string path)
    {
        var faults = await Task.WhenAll(
            cluster.FaultAsync(0, Operation.Update, $"sys/mounts/{path}", """{"type":"kv"}"""),
            cluster.FaultAsync(1, Operation.Update, $"sys/mounts/{path}", """{"type":"kv"}"""));
        return Assert.Single(faults, fault => fault is not null)!.Message;
    }

    private static Task PolicyAsync(LiveCluster cluster, int node, string capability) => cluster.WriteAsync(
        node, Operation.Update, "sys/policies/acl/reader",
        $$"""{"policy":"path \"team/*\" { capabilities = [\"{{capability}}\"] }"}""");
}
