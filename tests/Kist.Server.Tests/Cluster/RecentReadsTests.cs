using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Server.Tests.Engines;
using Xunit;

namespace Kist.Server.Tests.Cluster;

/// <summary>A secret that a node has read a moment ago is answered from memory, and never from a past it must
/// not show.</summary>
public sealed class RecentReadsTests
{
    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task ASecretThatWasJustReadNeedsNoStore(string store)
    {
        var clock = new MovableClock();
        var open = LiveCluster.Opener(store);
        var cut = new CutStore(open());
        await using var cluster = await LiveCluster.StartAsync(1, () => cut, clock);
        await MountAsync(cluster);
        await cluster.WriteAsync(0, Operation.Update, "team/data/x", Body(1));
        await cluster.ReadAsync(0, "team/data/x");
        Assert.Equal(FaultKind.NotFound, Kind(await cluster.SendAsync(0, Operation.Read, "team/data/none")));
        cut.IsCut = true;
        Assert.Contains("\"1\"", await cluster.ReadAsync(0, "team/data/x"));
        Assert.Equal(FaultKind.NotFound, Kind(await cluster.SendAsync(0, Operation.Read, "team/data/none")));
        Assert.Equal(FaultKind.Unavailable, (await cluster.FaultAsync(0, Operation.Read, "team/data/other"))!.Kind);
        clock.Advance(ChangeFeed.TrustFor);
        Assert.Equal(FaultKind.Unavailable, (await cluster.FaultAsync(0, Operation.Read, "team/data/x"))!.Kind);
        cut.IsCut = false;
        Assert.Contains("\"1\"", await cluster.ReadAsync(0, "team/data/x"));
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task AnAcknowledgedWriteIsReadOnItsOwnNodeAtOnce(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        await MountAsync(cluster);
        using var stop = new CancellationTokenSource();
        // Reads that overlap each write try to bring back what was there before it.
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                using (await cluster.SendAsync(0, Operation.Read, "team/data/x")) await Task.Yield();
        })).ToArray();
        for (var i = 1; i <= 60; i++)
        {
            using (var written = await cluster.SendAsync(0, Operation.Update, "team/data/x", Body(i)))
                Assert.Null(written.Fault?.Text);
            Assert.Contains($"\"{i}\"", await cluster.ReadAsync(0, "team/data/x"));
        }
        using (var deleted = await cluster.SendAsync(0, Operation.Delete, "team/metadata/x"))
            Assert.Null(deleted.Fault?.Text);
        Assert.Equal(FaultKind.NotFound, Kind(await cluster.SendAsync(0, Operation.Read, "team/data/x")));
        await stop.CancelAsync();
        await Task.WhenAll(readers);
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task AnotherNodesWriteIsReadWithItsState(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        await MountAsync(cluster);
        for (var i = 1; i <= 40; i++)
        {
            using (await cluster.SendAsync(1, Operation.Read, "team/data/x"))
            using (var written = await cluster.SendAsync(0, Operation.Update, "team/data/x", Body(i)))
            {
                var state = written.Headers!.Single(header => header.Key == "X-Vault-Index").Value;
                using var read = await cluster.SendAsync(1, Operation.Read, "team/data/x", states: [state]);
                Assert.Contains($"\"{i}\"", System.Text.Encoding.UTF8.GetString(read.Data.Span));
            }
        }
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task WhatChangedWhileANodeWasCutOffIsReadWithItsFirstAnswer(string store)
    {
        var clock = new MovableClock();
        var open = LiveCluster.Opener(store);
        var stores = new Queue<CutStore>([new(open()), new(open())]);
        var cut = stores.Last();
        await using var cluster = await LiveCluster.StartAsync(2, () => stores.Dequeue(), clock);
        await MountAsync(cluster);
        await cluster.WriteAsync(0, Operation.Update, "team/data/x", Body(1));
        await cluster.ReadAsync(1, "team/data/x");
        cut.IsCut = true;
        using (var written = await cluster.SendAsync(0, Operation.Update, "team/data/x", Body(2)))
            Assert.Null(written.Fault?.Text);
        clock.Advance(ChangeFeed.TrustFor);
        cut.IsCut = false;
        Assert.Contains("\"2\"", await cluster.ReadAsync(1, "team/data/x"));
    }

    private static Task MountAsync(LiveCluster cluster) => cluster.WriteAsync(
        0, Operation.Update, "sys/mounts/team", """{"type":"kv","options":{"version":"2"}}""");

    private static string Body(int value) => $$$"""{"data":{"v":"{{{value}}}"}}""";

    private static FaultKind? Kind(Response response)
    {
        using (response) return response is { Fault: null, HasData: false } ? FaultKind.NotFound : response.Fault?.Kind;
    }
}
