using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Cluster;

/// <summary>A node that does not hear of the others' changes does not answer from the past.</summary>
public sealed class CutOffTests
{
    [Fact]
    public async Task ANodeThatCannotAskTheStoreTrustsNothingItRemembersForLongerThanASecond()
    {
        var clock = new MovableClock();
        var (cluster, cut) = await StartAsync(clock);
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

    [Fact]
    public async Task WhatChangedWhileANodeWasCutOffIsInForceWithItsFirstAnswer()
    {
        var clock = new MovableClock();
        var (cluster, cut) = await StartAsync(clock);
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

    [Fact]
    public async Task AWatchThatHasGoneSilentIsNoticedAndEverythingIsReadAgain()
    {
        var (cluster, cut) = await StartAsync(TimeProvider.System);
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

    private static async Task<(LiveCluster Cluster, CutStore Cut)> StartAsync(TimeProvider clock)
    {
        var shared = new MemoryStore { IsShared = true };
        var stores = new Queue<CutStore>([new(shared), new(shared)]);
        var cut = stores.Last();
        return (await LiveCluster.StartAsync(2, () => stores.Dequeue(), clock), cut);
    }

    /// <summary>A clock that a test moves; what runs by timers runs by real ones.</summary>
    private sealed class MovableClock : TimeProvider
    {
        private long _moved;

        public override long GetTimestamp() => Volatile.Read(ref _moved);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => Interlocked.Add(ref _moved, by.Ticks);
    }
}
