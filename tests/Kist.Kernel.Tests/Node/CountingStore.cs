using System.Collections.Concurrent;
using Kist.Kernel.Stores;

namespace Kist.Kernel.Tests.Node;

/// <summary>A store in memory that remembers which keys were handed out.</summary>
internal sealed class CountingStore : IStore
{
    private readonly MemoryStore _store = new();
    private readonly ConcurrentBag<string> _keys = [];

    public int Keys => _keys.Count;

    public int KeysUnder(string prefix) => _keys.Count(key => key.StartsWith(prefix, StringComparison.Ordinal));

    public void Reset() => _keys.Clear();

    public ValueTask<Entry?> GetAsync(string key, CancellationToken ct)
    {
        _keys.Add(key);
        return _store.GetAsync(key, ct);
    }

    public bool IsShared => _store.IsShared;

    public ValueTask<long> RevisionAsync(CancellationToken ct) => _store.RevisionAsync(ct);

    public async ValueTask<IReadOnlyList<string>> ScanAsync(
        string prefix, string after, int limit, CancellationToken ct)
    {
        var keys = await _store.ScanAsync(prefix, after, limit, ct);
        foreach (var key in keys) _keys.Add(key);
        return keys;
    }

    public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct) => _store.CommitAsync(batch, ct);

    public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct) =>
        _store.WatchAsync(prefix, afterRevision, ct);

    public IAsyncEnumerable<StoredEntry> SnapshotAsync(CancellationToken ct) => _store.SnapshotAsync(ct);

    public ValueTask<bool> ReplaceAsync(
        IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct) =>
        _store.ReplaceAsync(entries, overwrites, ct);

    public ValueTask DisposeAsync() => _store.DisposeAsync();
}
