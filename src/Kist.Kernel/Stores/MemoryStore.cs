using System.Collections.Immutable;

namespace Kist.Kernel.Stores;

/// <summary>
/// A store that lives as long as the process, for development servers and tests. Readers work on an immutable snapshot
/// and take no lock; a commit builds the next snapshot and swaps it in.
/// </summary>
public sealed class MemoryStore : IStore
{
    private readonly Lock _writing = new();
    private readonly ChangeLog _log = new(0);
    private volatile ImmutableSortedSet<Item> _items = ImmutableSortedSet.Create<Item>(new ByKey());
    private long _revision;

    /// <summary>Set where several nodes in one process work on one store, as tests do.</summary>
    public bool IsShared { get; init; }

    /// <inheritdoc/>
    public ValueTask<long> RevisionAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_log.Revision);
    }

    /// <inheritdoc/>
    public ValueTask<Entry?> GetAsync(string key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return _items.TryGetValue(new Item(key), out var item)
            ? ValueTask.FromResult<Entry?>(new Entry(item.Value, item.Revision))
            : ValueTask.FromResult<Entry?>(null);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ScanAsync(string prefix, string after, int limit, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var keys = new List<string>();
        if (!KeyOrder.IsWellFormed(prefix))
            return ValueTask.FromResult<IReadOnlyList<string>>(keys);
        var items = _items;
        for (var at = Start(items, prefix, after); at < items.Count && keys.Count < limit; at++)
        {
            if (!items[at].Key.StartsWith(prefix, StringComparison.Ordinal))
                break;
            keys.Add(items[at].Key);
        }
        return ValueTask.FromResult<IReadOnlyList<string>>(keys);
    }

    /// <inheritdoc/>
    public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        lock (_writing)
        {
            foreach (var guard in batch.Guards)
            {
                var revision = _items.TryGetValue(new Item(guard.Key), out var item) ? item.Revision : 0;
                if (revision != guard.Revision)
                    return ValueTask.FromResult(false);
            }
            Apply(batch.Writes);
        }
        return ValueTask.FromResult(true);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct) =>
        _log.WatchAsync(prefix, afterRevision, ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredEntry> SnapshotAsync(CancellationToken ct) =>
        _items.Select(item => new StoredEntry(item.Key, item.Value)).ToAsyncEnumerable();

    /// <inheritdoc/>
    public async ValueTask<bool> ReplaceAsync(
        IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct)
    {
        var incoming = new List<StoredEntry>();
        await foreach (var entry in entries.WithCancellation(ct))
            incoming.Add(entry with { Value = entry.Value.ToArray() });
        lock (_writing)
        {
            if (!overwrites && _items.Count > 0)
                return false;
            var revision = _revision += 1L << 32; // as far as in the other stores
            _items = incoming.Select(entry => new Item(entry.Key, entry.Value, revision))
                .ToImmutableSortedSet(new ByKey());
            _log.Break(revision);
        }
        return true;
    }

    /// <summary>Ends the watches; the data goes with the object.</summary>
    public ValueTask DisposeAsync()
    {
        _log.Close();
        return ValueTask.CompletedTask;
    }

    private void Apply(IReadOnlyList<Write> writes)
    {
        if (writes.Count == 0)
            return;
        var revision = _revision + 1;
        var next = _items.ToBuilder();
        var changes = new List<Change>(writes.Count);
        foreach (var write in writes)
        {
            var was = next.Remove(new Item(write.Key));
            // The caller may use its buffer again, so the value is copied.
            if (write.Value is { } value)
                next.Add(new Item(write.Key, value.ToArray(), revision));
            if (was || write.Value is not null)
                changes.Add(new Change(write.Key, revision, Deleted: write.Value is null));
        }
        _revision = revision;
        _items = next.ToImmutable();
        _log.Publish(changes);
    }

    // The place of the first key that is greater than after and not less than prefix.
    private static int Start(ImmutableSortedSet<Item> items, string prefix, string after)
    {
        var behind = KeyOrder.Instance.Compare(after, prefix) >= 0 && after.Length > 0;
        var at = items.IndexOf(new Item(behind ? after : prefix));
        return at < 0 ? ~at : behind ? at + 1 : at;
    }

    private readonly record struct Item(string Key, ReadOnlyMemory<byte> Value = default, long Revision = 0);

    private sealed class ByKey : IComparer<Item>
    {
        public int Compare(Item x, Item y) => KeyOrder.Instance.Compare(x.Key, y.Key);
    }
}
