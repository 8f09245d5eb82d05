using Kist.Kernel.Node;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Node;

/// <summary>Many who ask for the newest revision at once cost the store two questions.</summary>
public sealed class NewestRevisionTests
{
    [Fact]
    public async Task HoweverQuestionsAndAnswersMeetNobodyIsToldOfAStateFromBeforeItAsked()
    {
        var store = new RacingStore();
        var newest = new NewestRevision(store);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 50_000; i++)
            {
                var made = store.Commit();
                Assert.True(await newest.AskAsync(default) >= made);
            }
        })));
    }

    [Fact]
    public async Task WhoeverComesWhileAQuestionIsOnItsWaySharesTheNextOne()
    {
        var store = new SlowStore();
        var newest = new NewestRevision(store);
        var first = newest.AskAsync(default);
        var shared = Enumerable.Range(0, 50).Select(_ => newest.AskAsync(default).AsTask()).ToList();
        Assert.Equal(1, store.Questions);
        store.Answer(7);
        Assert.Equal(7, await first);
        await store.AskedAsync(2);
        // Whoever comes now must not be content with a question that was asked before.
        var late = newest.AskAsync(default);
        store.Answer(8);
        Assert.All(await Task.WhenAll(shared), revision => Assert.Equal(8, revision));
        await store.AskedAsync(3);
        store.Answer(9);
        Assert.Equal(9, await late);
        Assert.Equal(3, store.Questions);
    }

    [Fact]
    public async Task AQuestionThatFailedSpoilsNoOther()
    {
        var store = new SlowStore();
        var newest = new NewestRevision(store);
        var failing = newest.AskAsync(default);
        var next = newest.AskAsync(default);
        store.Fail();
        await Assert.ThrowsAsync<StoreException>(async () => await failing);
        await store.AskedAsync(2);
        store.Answer(3);
        Assert.Equal(3, await next);
        var again = newest.AskAsync(default);
        store.Answer(4);
        Assert.Equal(4, await again);
    }

    [Fact]
    public async Task WhoeverGoesAwayLeavesTheOthersTheirAnswer()
    {
        var store = new SlowStore();
        var newest = new NewestRevision(store);
        using var gone = new CancellationTokenSource();
        var first = newest.AskAsync(gone.Token);
        var other = newest.AskAsync(default);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await first);
        store.Answer(1);
        await store.AskedAsync(2);
        store.Answer(2);
        Assert.Equal(2, await other);
    }

    /// <summary>A store that answers when the test says so.</summary>
    private sealed class SlowStore : IStore
    {
        private readonly Lock _lock = new();
        private readonly SemaphoreSlim _asked = new(0);
        private TaskCompletionSource<long>? _pending;
        private int _seen;

        public int Questions { get; private set; }

        public ValueTask<long> RevisionAsync(CancellationToken ct)
        {
            lock (_lock)
            {
                Questions++;
                _asked.Release();
                return new((_pending = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task);
            }
        }

        /// <summary>Waits until the store was asked this often.</summary>
        public async Task AskedAsync(int times)
        {
            for (; _seen < times; _seen++) Assert.True(await _asked.WaitAsync(TimeSpan.FromSeconds(30)));
        }

        public void Answer(long revision) => Pending().SetResult(revision);

        public void Fail() => Pending().SetException(new StoreException(StoreFailure.Unavailable, "down"));

        public ValueTask<Entry?> GetAsync(string key, CancellationToken ct) => default;

        public ValueTask<IReadOnlyList<string>> ScanAsync(
            string prefix, string after, int limit, CancellationToken ct) => new([]);

        public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct) => new(true);

        public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct) =>
            throw new InvalidOperationException();

        public IAsyncEnumerable<StoredEntry> SnapshotAsync(CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<bool> ReplaceAsync(
            IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => default;

        private TaskCompletionSource<long> Pending()
        {
            lock (_lock) return _pending!;
        }
    }

    /// <summary>Answers on other threads, at once.</summary>
    private sealed class RacingStore : IStore
    {
        private long _revision;

        public long Commit() => Interlocked.Increment(ref _revision);

        public async ValueTask<long> RevisionAsync(CancellationToken ct)
        {
            await Task.Yield();
            return Interlocked.Read(ref _revision);
        }

        public ValueTask<Entry?> GetAsync(string key, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<string>> ScanAsync(
            string prefix, string after, int limit, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct) => throw new NotSupportedException();

        public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct) =>
            throw new NotSupportedException();

        public IAsyncEnumerable<StoredEntry> SnapshotAsync(CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<bool> ReplaceAsync(
            IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => default;
    }
}
