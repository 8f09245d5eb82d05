using System.Buffers.Binary;
using Kist.Kernel.Barrier;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Barrier;

public sealed class RotationTests
{
    [Fact]
    public async Task AfterARotationOldEntriesReadAndNewOnesUseTheNewKey()
    {
        using var opened = await Opened.FreshAsync();
        var root = opened.Barrier.Root;
        await root.PutAsync("old", new byte[] { 1 }, default);
        await opened.Barrier.RotateAsync(default);
        await root.PutAsync("new", new byte[] { 2 }, default);
        Assert.Equal((1u, 2u), (TermOf(opened, "old"), TermOf(opened, "new")));
        opened.Barrier.Dispose();
        using var again = await opened.ReopenAsync();
        using var old = await again.Root.GetAsync("old", default);
        using var young = await again.Root.GetAsync("new", default);
        Assert.Equal((1, 2), (old!.Span[0], young!.Span[0]));
        Assert.Equal(2u, again.Status.Term);
    }

    [Fact]
    public async Task NoKeyEncryptsMoreOftenThanItsBound()
    {
        const int bound = 300, writes = 5_000;
        using var opened = await Opened.FreshAsync();
        await opened.Barrier.ConfigureRotationAsync(new RotationConfig(true, bound, TimeSpan.Zero), default);
        var perTerm = new Dictionary<uint, int>();
        for (var i = 0; i < writes; i++)
        {
            await opened.Barrier.Root.PutAsync("a", new byte[1], default);
            var term = TermOf(opened, "a");
            perTerm[term] = perTerm.GetValueOrDefault(term) + 1;
            Assert.InRange(opened.Barrier.Status.Encryptions, perTerm[term], bound);
        }
        Assert.All(perTerm.Values, n => Assert.InRange(n, 1, bound));
        // Not earlier than needed either: each key but the first is used up.
        Assert.InRange(perTerm.Count, writes / bound, writes / bound + 3);
    }

    [Fact]
    public async Task TheBoundHoldsOverRestarts()
    {
        const int bound = 256, restarts = 40;
        using var opened = await Opened.FreshAsync();
        await opened.Barrier.ConfigureRotationAsync(new RotationConfig(true, bound, TimeSpan.Zero), default);
        opened.Barrier.Dispose();
        var perTerm = new Dictionary<uint, int>();
        for (var i = 0; i < restarts; i++)
        {
            using var barrier = await opened.ReopenAsync();
            for (var n = 0; n < 50; n++)
            {
                await barrier.Root.PutAsync("a", new byte[1], default);
                var term = TermOf(opened, "a");
                perTerm[term] = perTerm.GetValueOrDefault(term) + 1;
            }
        }
        Assert.All(perTerm.Values, n => Assert.InRange(n, 1, bound));
    }

    [Fact]
    public async Task TheCountIsExactWhileItRunsAndNeverSmallerAfterACrash()
    {
        using var opened = await Opened.FreshAsync();
        var before = opened.Barrier.Status.Encryptions;
        for (var i = 0; i < 5_000; i++) await opened.Barrier.Root.PutAsync("a", new byte[1], default);
        var after = opened.Barrier.Status.Encryptions;
        Assert.InRange(after, before + 5_000, before + 5_010);
        using var again = await opened.ReopenAsync(); // the first was not closed: as after a crash
        Assert.InRange(again.Status.Encryptions, after, after + 5_000);
    }

    [Fact]
    public async Task AKeyWhoseCountIsLostOrDamagedIsReplacedBeforeTheNextWrite()
    {
        foreach (var lost in new Action<MemoryStore>[]
        {
            s => s.Remove("core/keyring-usage"),
            s => s.Overwrite("core/keyring-usage", new byte[41]),
            s => s.Overwrite("core/keyring-usage", new byte[3]),
            s => s.Overwrite("core/keyring-usage", OfTerm(7, s)),
        })
        {
            using var opened = await Opened.FreshAsync();
            opened.Barrier.Dispose();
            lost(opened.Store);
            using var again = await opened.ReopenAsync();
            await again.Root.PutAsync("a", new byte[1], default);
            Assert.Equal(2u, TermOf(opened, "a"));
        }

        static byte[] OfTerm(uint term, MemoryStore store)
        {
            var entry = store.Raw("core/keyring-usage").Value.ToArray();
            BinaryPrimitives.WriteUInt32BigEndian(entry.AsSpan(1), term);
            return entry;
        }
    }

    [Fact]
    public async Task AnOldKeyIsReplacedWhenTheIntervalHasPassed()
    {
        var clock = new ManualClock();
        using var opened = await Opened.FreshAsync(clock);
        var config = RotationConfig.Default with { Interval = TimeSpan.FromHours(24) };
        await opened.Barrier.ConfigureRotationAsync(config, default);
        clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.False(await opened.Barrier.RotateIfDueAsync(default));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await opened.Barrier.RotateIfDueAsync(default));
        Assert.False(await opened.Barrier.RotateIfDueAsync(default));
        Assert.Equal((2u, clock.GetUtcNow()), (opened.Barrier.Status.Term, opened.Barrier.Status.InstalledAt));
    }

    [Fact]
    public async Task ADisabledRuleNeverRotatesBeforeTheHardBound()
    {
        var clock = new ManualClock();
        using var opened = await Opened.FreshAsync(clock);
        await opened.Barrier.ConfigureRotationAsync(new RotationConfig(false, 256, TimeSpan.FromHours(24)), default);
        clock.Advance(TimeSpan.FromDays(900));
        Assert.False(await opened.Barrier.RotateIfDueAsync(default));
        for (var i = 0; i < 1_000; i++) await opened.Barrier.Root.PutAsync("a", new byte[1], default);
        Assert.Equal(1u, opened.Barrier.Status.Term);
    }

    [Fact]
    public async Task TheRuleAndTheInstallTimeSurviveARestart()
    {
        using var opened = await Opened.FreshAsync();
        var config = new RotationConfig(false, 1_000_000, TimeSpan.FromHours(48));
        await opened.Barrier.ConfigureRotationAsync(config, default);
        var installed = opened.Barrier.Status.InstalledAt;
        using var again = await opened.ReopenAsync();
        Assert.Equal(config, again.RotationConfig);
        Assert.Equal(installed, again.Status.InstalledAt);
    }

    [Theory]
    [InlineData(255, 0)]
    [InlineData(RotationConfig.MostOperations + 1, 0)]
    [InlineData(1_000, -1)]
    public async Task LimitsThatCannotBeKeptAreRefused(long operations, int hours)
    {
        using var opened = await Opened.FreshAsync();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await opened.Barrier.ConfigureRotationAsync(
            new RotationConfig(true, operations, TimeSpan.FromHours(hours)), default));
    }

    [Fact]
    public async Task ANodeReadsWhatAnotherWroteWithANewerKeyAndThenUsesThatKey()
    {
        using var opened = await Opened.FreshAsync();
        using var other = await opened.ReopenAsync();
        await opened.Barrier.RotateAsync(default);
        await opened.Barrier.Root.PutAsync("a", new byte[] { 5 }, default);
        using var read = await other.Root.GetAsync("a", default);
        Assert.Equal(5, read!.Span[0]);
        await other.Root.PutAsync("b", new byte[1], default);
        Assert.Equal(2u, TermOf(opened, "b"));
    }

    [Fact]
    public async Task TwoNodesThatRotateAtOnceLoseNoKey()
    {
        using var opened = await Opened.FreshAsync();
        using var other = await opened.ReopenAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            var barrier = i % 2 == 0 ? opened.Barrier : other;
            await barrier.RotateAsync(default);
            await barrier.Root.PutAsync($"{i}", new[] { (byte)i }, default);
        })));
        using var again = await opened.ReopenAsync();
        Assert.Equal(21u, again.Status.Term);
        for (var i = 0; i < 20; i++)
        {
            using var read = await again.Root.GetAsync($"{i}", default);
            Assert.Equal(i, read!.Span[0]);
        }
    }

    private static uint TermOf(Opened opened, string key) =>
        BinaryPrimitives.ReadUInt32BigEndian(opened.Store.Raw(key).Value.Span[1..]);
}
