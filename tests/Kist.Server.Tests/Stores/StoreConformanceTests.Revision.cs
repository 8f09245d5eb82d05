using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Stores;

public sealed partial class StoreConformanceTests
{
    [Theory, MemberData(nameof(Kinds))]
    public async Task TheStoresRevisionIsThatOfTheNewestCommitThatChangedSomething(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("a", "x").Put("b", "x"));
        var first = await under.Store.Revision("a");
        Assert.Equal(first, await under.Store.RevisionAsync(default));
        await under.Store.Commit(b => b.Expect("a", 0).Put("refused", "x"));
        Assert.Equal(first, await under.Store.RevisionAsync(default));
        await using var watch = under.Store.WatchAsync("", first, default).GetAsyncEnumerator();
        await under.Store.Commit(b => b.Delete("a"));
        var deleted = Assert.Single(await Take(watch, 1));
        Assert.Equal(deleted.Revision, await under.Store.RevisionAsync(default));
        await under.Store.Commit(b => b.Put("c", "x"));
        Assert.Equal(await under.Store.Revision("c"), await under.Store.RevisionAsync(default));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task TheChangesOfOneCommitComeTogether(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await using var watch = under.Store.WatchAsync("", 0, default).GetAsyncEnumerator();
        var batch = new Batch();
        for (var i = 0; i < Batch.MaxOperations; i++) batch.Put($"k/{i:d3}", "x"u8.ToArray());
        await under.Store.CommitAsync(batch, default);
        await under.Store.CommitAsync(batch, default);
        await under.Store.CommitAsync(batch, default);
        var before = new Change("", 0, false);
        for (var i = 0; i < 3 * Batch.MaxOperations; i++)
        {
            var step = watch.MoveNextAsync();
            var isAtOnce = step.IsCompleted;
            Assert.True(await step.AsTask().WaitAsync(Patience));
            Assert.True(isAtOnce || watch.Current.Revision != before.Revision,
                $"the watch waited inside the commit {before.Revision}");
            before = watch.Current;
        }
    }
}
