using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Server.Tests.Stores;
using Kist.Testing;
using Xunit;
using PostgresStore = Kist.Server.Stores.Postgres.PostgresStore;

namespace Kist.Server.Tests.Cluster;

/// <summary>A node that does not hear of the others' changes does not answer from the past.</summary>
public sealed class CutOffTests
{
    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task ANodeThatCannotAskTheStoreTrustsNothingItRemembersForLongerThanASecond(string store)
    {
        var clock = new MovableClock();
        var (cluster, cut) = await StartAsync(store, clock);
        await using var _ = cluster;
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "sys/mounts"));
        cut.IsCut = true;
        // Within the second it may answer from what it remembers; the clock stands still, so this is within it.
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "sys/mounts"));
        clock.Advance(ChangeFeed.TrustFor);
        Assert.Equal(FaultKind.Unavailable, (await cluster.FaultAsync(1, Operation.Read, "sys/mounts"))!.Kind);
        Assert.Null(await cluster.FaultAsync(0, Operation.Read, "sys/mounts"));
        cut.IsCut = false;
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "sys/mounts"));
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task WhatChangedWhileANodeWasCutOffIsInForceWithItsFirstAnswer(string store)
    {
        var clock = new MovableClock();
        var (cluster, cut) = await StartAsync(store, clock);
        await using var _ = cluster;
        var token = await cluster.TokenAsync(0, "default");
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
        cut.IsCut = true;
        using (var revoked = await cluster.SendAsync(
            0, Operation.Update, "auth/token/revoke", $$"""{"token":"{{token}}"}"""))
            Assert.Null(revoked.Fault);
        clock.Advance(ChangeFeed.TrustFor);
        cut.IsCut = false;
        Assert.Same(Fault.BadToken,
            await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task AWatchThatHasGoneSilentIsNoticedAndEverythingIsReadAgain(string store)
    {
        var (cluster, cut) = await StartAsync(store, TimeProvider.System);
        await using var _ = cluster;
        var token = await cluster.TokenAsync(0, "default");
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
        cut.WatchIsSilent = true;
        await cluster.WriteAsync(0, Operation.Update, "sys/mounts/team", """{"type":"kv"}""");
        await cluster.WriteAsync(0, Operation.Update, "auth/token/revoke", $$"""{"token":"{{token}}"}""");
        Assert.Contains("team/", await cluster.ReadAsync(1, "sys/mounts"));
        Assert.Same(Fault.BadToken,
            await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
    }

    [Fact]
    public async Task ADatabaseThatHasLostCommitsIsFollowedFromWhereItIs()
    {
        var options = StoreUnderTest.FreshTables();
        await using var cluster = await LiveCluster.StartAsync(2, () => PostgresStore.Open(options));
        await cluster.WriteAsync(0, Operation.Update, "sys/mounts/team", """{"type":"kv"}""");
        for (var i = 0; i < 20; i++) await cluster.WriteAsync(0, Operation.Update, $"team/{i}", """{"v":"1"}""");
        var (before, t) = (await cluster.Node(0).Store.RevisionAsync(default) - 18, options.Table);
        PostgresServer.Shared.Query("postgres", $"BEGIN; DELETE FROM {t}_changes WHERE revision > {before}; DELETE "
            + $"FROM {t} WHERE revision > {before}; UPDATE {t}_state SET revision = {before}, changed = {before}; "
            + "COMMIT");
        for (var i = 0; i < 2; i++)
            while (cluster.Kernel(i).Feed.Revision > before + 15) await Task.Delay(10);
        var token = await cluster.TokenAsync(0, "default");
        Assert.Null(await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
        await cluster.WriteAsync(0, Operation.Update, "auth/token/revoke", $$"""{"token":"{{token}}"}""");
        Assert.Same(Fault.BadToken,
            await cluster.FaultAsync(1, Operation.Read, "auth/token/lookup-self", token: token));
    }

    private static async Task<(LiveCluster Cluster, CutStore Cut)> StartAsync(string store, TimeProvider clock)
    {
        var open = LiveCluster.Opener(store);
        var stores = new Queue<CutStore>([new(open()), new(open())]);
        var cut = stores.Last();
        return (await LiveCluster.StartAsync(2, () => stores.Dequeue(), clock), cut);
    }
}
