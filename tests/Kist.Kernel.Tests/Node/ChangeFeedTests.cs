using Kist.Kernel.Node;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Node;

/// <summary>The feed tells each cache what concerns it, commit by commit.</summary>
public sealed class ChangeFeedTests
{
    [Fact]
    public async Task OnlyWhatAChangeConcernsIsForgottenOrReadAgain()
    {
        await using var store = new MemoryStore { IsShared = true };
        await store.CommitAsync(new Batch().Put("before", default), default);
        var forgotten = new List<string>();
        var (reloads, others) = (0, 0);
        await using var feed = await ChangeFeed.OpenAsync(store, TimeProvider.System, NodeLog.Silent, default);
        feed.Start(
        [
            new("tokens/", _ => throw new InvalidOperationException("nothing was missed"))
            {
                Forget = key =>
                {
                    lock (forgotten) forgotten.Add(key);
                },
            },
            new("mounts/", _ =>
            {
                Interlocked.Increment(ref reloads);
                return default;
            }),
            new("cors", _ =>
            {
                Interlocked.Increment(ref others);
                return default;
            }),
        ]);
        await store.CommitAsync(
            new Batch().Put("tokens/a", default).Put("mounts/1", default).Put("mounts/2", default), default);
        await store.CommitAsync(new Batch().Put("tokens/b", default).Put("secrets/x", default), default);
        var newest = await store.RevisionAsync(default);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (feed.Revision < newest) await Task.Delay(1, patience.Token);
        lock (forgotten) Assert.Equal(["a", "b"], forgotten);
        Assert.Equal(1, reloads);
        Assert.Equal(0, others);
    }
}
