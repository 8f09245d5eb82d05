using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Stores;

public sealed partial class StoreConformanceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory, MemberData(nameof(Kinds))]
    public async Task AWatchSeesEachChangeUnderItsPrefixOnceAndInOrder(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("p/before", "x"));
        await using var watch = under.Store.WatchAsync("p/", 0, default).GetAsyncEnumerator();
        await under.Store.Commit(b => b.Put("p/a", "x").Put("q", "x").Put("p/b", "x"));
        var first = await under.Store.Revision("p/a");
        await under.Store.Commit(b => b.Delete("p/a").Delete("p/never was"));
        await under.Store.Commit(b => b.Expect("p/b", 0).Put("p/refused", "x"));
        await under.Store.Commit(b => b.Put("p/b", "y"));
        var last = await under.Store.Revision("p/b");
        var seen = await Take(watch, 4);
        Assert.Equal(new Change("p/a", first, false), seen[0]);
        Assert.Equal(new Change("p/b", first, false), seen[1]);
        Assert.Equal(("p/a", true), (seen[2].Key, seen[2].Deleted));
        Assert.InRange(seen[2].Revision, first + 1, last - 1);
        Assert.Equal(new Change("p/b", last, false), seen[3]);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AWatchAfterARevisionBeginsWithTheChangesThatFollowedIt(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        for (var i = 0; i < 200; i++)
            await under.Store.Commit(b => b.Put($"k/{i:d3}", "x"));
        var revision = await under.Store.Revision("k/149");
        await using var watch = under.Store.WatchAsync("k/", revision, default).GetAsyncEnumerator();
        await under.Store.Commit(b => b.Put("k/new", "x"));
        var seen = await Take(watch, 51);
        Assert.Equal(Enumerable.Range(150, 50).Select(i => $"k/{i:d3}").Append("k/new"), seen.Select(c => c.Key));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AWatcherWhoIsOvertakenIsToldSoAndNeverLosesAChangeSilently(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("k", "x"));
        var revision = await under.Store.Revision("k");
        await using var slow = under.Store.WatchAsync("", 0, default).GetAsyncEnumerator();
        for (var round = 0; round * Batch.MaxOperations <= ChangeLog.Capacity; round++)
        {
            var batch = new Batch();
            for (var i = 0; i < Batch.MaxOperations; i++)
                batch.Put($"{i}", "x");
            await under.Store.CommitAsync(batch, default);
        }
        await AssertStartsOver(slow);
        await using var late = under.Store.WatchAsync("", revision, default).GetAsyncEnumerator();
        await AssertStartsOver(late);
        await using var fresh = under.Store.WatchAsync("", 0, default).GetAsyncEnumerator();
        await under.Store.Commit(b => b.Put("fresh", "x"));
        Assert.Equal("fresh", (await Take(fresh, 1))[0].Key);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AWatchEndsWhenItIsCancelledAndWhenTheStoreCloses(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        using var stop = new CancellationTokenSource();
        await using var cancelled = under.Store.WatchAsync("", 0, stop.Token).GetAsyncEnumerator();
        await using var closed = under.Store.WatchAsync("", 0, default).GetAsyncEnumerator();
        var (first, second) = (cancelled.MoveNextAsync().AsTask(), closed.MoveNextAsync().AsTask());
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Patience));
        await under.Store.DisposeAsync();
        Assert.Equal(StoreFailure.Unavailable,
            (await Assert.ThrowsAsync<StoreException>(() => second.WaitAsync(Patience))).Kind);
    }

    private static async Task<List<Change>> Take(IAsyncEnumerator<Change> watch, int count)
    {
        var seen = new List<Change>();
        while (seen.Count < count && await watch.MoveNextAsync().AsTask().WaitAsync(Patience))
            seen.Add(watch.Current);
        return seen;
    }

    private static async Task AssertStartsOver(IAsyncEnumerator<Change> watch)
    {
        var fault = await Assert.ThrowsAsync<StoreException>(() => watch.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal(StoreFailure.Unavailable, fault.Kind);
    }
}
