using Kist.Kernel.Barrier;
using Kist.Kernel.Node;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Xunit;
using OpenBarrier = Kist.Kernel.Barrier.Barrier;

namespace Kist.Kernel.Tests.Node;

/// <summary>One node at a time does the work that runs once, and one that lost it cannot write.</summary>
public sealed class LeadershipTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task TheFirstNodeTakesTheTermAndTheOthersWait()
    {
        using var scene = await Scene.OpenAsync();
        var (a, b) = (scene.Start(), scene.Start());
        await a.TickAsync(default);
        await b.TickAsync(default);
        Assert.NotNull(a.Held);
        Assert.Null(b.Held);
    }

    [Fact]
    public async Task ATermThatIsRenewedIsNeverTaken()
    {
        using var scene = await Scene.OpenAsync();
        var (a, b) = (scene.Start(), scene.Start());
        for (var second = 0; second < 60; second++)
        {
            await a.TickAsync(default);
            await b.TickAsync(default);
            Assert.NotNull(a.Held);
            Assert.Null(b.Held);
            scene.Clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task ATermThatShowsNoSignOfLifeIsTakenAndItsBatchesAreRefused()
    {
        using var scene = await Scene.OpenAsync();
        var (paused, other) = (scene.Start(), scene.Start());
        await paused.TickAsync(default);
        var old = paused.Held!;
        await other.TickAsync(default);
        scene.Clock.Advance(Scene.TimeToLive - Moment);
        await other.TickAsync(default);
        Assert.Null(other.Held);
        await scene.Barrier.UnderTermAsync(old.Guard!.Value, ct => scene.WriteEveryWayAsync("before", ct), default);

        scene.Clock.Advance(Moment);
        Assert.Null(paused.Held);
        await other.TickAsync(default);
        Assert.NotNull(other.Held);
        foreach (var write in scene.Ways)
            await Assert.ThrowsAsync<TermLostException>(async () =>
                await scene.Barrier.UnderTermAsync(old.Guard!.Value, ct => write("after", ct), default));
        Assert.Empty(await scene.Data.ScanAsync("after", "", 0, default));
        await scene.Barrier.UnderTermAsync(
            other.Held!.Guard!.Value, ct => scene.WriteEveryWayAsync("other", ct), default);
        Assert.NotEmpty(await scene.Data.ScanAsync("other", "", 0, default));
        // Whoever wakes up late finds out by its next sign of life, too.
        await paused.TickAsync(default);
        Assert.Null(paused.Held);
        Assert.NotNull(other.Held);
    }

    [Fact]
    public async Task AHolderWhoGivesItselfLongerIsWaitedForThatLong()
    {
        using var scene = await Scene.OpenAsync();
        var (slow, hasty) = (scene.Start(2 * Scene.TimeToLive), scene.Start(Scene.TimeToLive / 10));
        await slow.TickAsync(default);
        await hasty.TickAsync(default);
        scene.Clock.Advance(2 * Scene.TimeToLive - Moment);
        await hasty.TickAsync(default);
        Assert.NotNull(slow.Held);
        Assert.Null(hasty.Held);
        scene.Clock.Advance(Moment);
        await hasty.TickAsync(default);
        Assert.Null(slow.Held);
        Assert.NotNull(hasty.Held);
    }

    [Fact]
    public async Task ATermThatIsGivenUpIsTakenAtOnce()
    {
        using var scene = await Scene.OpenAsync();
        var (a, b) = (scene.Start(), scene.Start());
        await a.TickAsync(default);
        await b.TickAsync(default);
        var old = a.Held!.Guard!.Value;
        await a.ReleaseAsync(default);
        Assert.Null(a.Held);
        await b.TickAsync(default);
        Assert.NotNull(b.Held);
        Assert.NotEqual(old, b.Held.Guard);
        await Assert.ThrowsAsync<TermLostException>(async () =>
            await scene.Barrier.UnderTermAsync(old, ct => scene.Ways[0]("late", ct), default));
    }

    [Fact]
    public async Task OfManyNodesThatSeeAFreeTermOneTakesIt()
    {
        using var scene = await Scene.OpenAsync();
        var nodes = Enumerable.Range(0, 8).Select(_ => scene.Start()).ToList();
        await Task.WhenAll(nodes.Select(node => Task.Run(async () => await node.TickAsync(default))));
        Assert.Single(nodes, node => node.Held is not null);
    }

    [Fact]
    public async Task WhatIsWrittenBesideATermHasNoGuard()
    {
        using var scene = await Scene.OpenAsync();
        var lost = new Guard("kernel/leader/term", 1);
        var inside = scene.Barrier.UnderTermAsync(lost, async ct => await Task.Yield(), default);
        await scene.WriteEveryWayAsync("beside", default);
        await inside;
        await scene.WriteEveryWayAsync("behind", default);
        Assert.NotEmpty(await scene.Data.ScanAsync("beh", "", 0, default));
    }

    [Fact]
    public async Task ANodeThatIsAloneHoldsATermWithoutAGuard()
    {
        using var scene = await Scene.OpenAsync();
        var alone = new Leadership(scene.Data, isAlone: true, Scene.TimeToLive, scene.Clock, NodeLog.Silent);
        await alone.TickAsync(default);
        scene.Clock.Advance(TimeSpan.FromDays(1));
        Assert.NotNull(alone.Held);
        Assert.Null(alone.Held.Guard);
    }

    private sealed class Scene(OpenBarrier barrier) : IDisposable
    {
        public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);

        public OpenBarrier Barrier { get; } = barrier;

        public Storage Data { get; } = barrier.View("data/");

        public TurnedClock Clock { get; } = new();

        /// <summary>Every way in which storage is written; each leaves something under the name.</summary>
        public IReadOnlyList<Func<string, CancellationToken, ValueTask>> Ways =>
        [
            async (name, ct) => await Data.PutAsync(name + "/put", "x"u8.ToArray(), ct),
            async (name, ct) => await Data.DeleteAsync(name + "/deleted", ct),
            async (name, ct) => await Data.TransactAsync(tx =>
            {
                tx.Put(name + "/transacted", "x"u8);
                return ValueTask.CompletedTask;
            }, ct),
            async (_, ct) => await Data.DeleteAllAsync("many/", ct),
        ];

        public static async Task<Scene> OpenAsync()
        {
            using var rootKey = SecretBuffer.Copy(new byte[32]);
            var scene = new Scene(await OpenBarrier.InitializeAsync(
                new MemoryStore { IsShared = true }, rootKey, TimeProvider.System, default));
            return scene;
        }

        public Leadership Start(TimeSpan? timeToLive = null) => new(
            Barrier.View("kernel/leader/"), isAlone: false, timeToLive ?? TimeToLive, Clock, NodeLog.Silent);

        public async ValueTask WriteEveryWayAsync(string name, CancellationToken ct)
        {
            foreach (var write in Ways) await write(name, ct);
            for (var i = 0; i < 2 * Batch.MaxOperations; i++) await Data.PutAsync($"many/{i}", default, ct);
        }

        public void Dispose() => Barrier.Dispose();
    }

    private sealed class TurnedClock : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => _now += by.Ticks;
    }
}
