using System.Collections.Concurrent;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// Entries as they are on disk, by key; that a key is absent counts too. A read that finds its key here costs a tenth
/// of one by SQLite, whose page cache each commit empties. Bounded by two generations: when the young one is full it
/// becomes the old one. Only this process writes to the files, so what its own commits change is all there is to
/// forget; while a commit is under way nothing is added, because nobody can tell what a reader saw.
/// </summary>
internal sealed class EntryCache
{
    /// <summary>Larger values are not kept.</summary>
    public const int LargestValue = 8_192;

    private const int GenerationBytes = 1 << 20;
    private const int OverheadBytes = 120;

    private readonly Lock _gate = new();
    private volatile ConcurrentDictionary<string, Entry?> _young = new();
    private volatile ConcurrentDictionary<string, Entry?> _old = new();
    private long _youngBytes;
    private long _epoch;                // odd while a commit is under way

    /// <summary>To be read before the read whose outcome is added.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>The entry, or that there is none; false when that is not known here.</summary>
    public bool TryGet(string key, out Entry? entry)
    {
        if (_young.TryGetValue(key, out entry)) return true;
        if (!_old.TryGetValue(key, out entry)) return false;
        lock (_gate)
            if (_old.TryRemove(key, out entry)) Put(key, entry);
        return true;
    }

    /// <summary>Keeps what a read found, unless a commit began since <paramref name="epoch"/> was taken.</summary>
    public void Add(string key, Entry? entry, long epoch)
    {
        if (entry is { Value.Length: > LargestValue } || epoch % 2 != 0) return;
        lock (_gate)
            if (epoch == _epoch) Put(key, entry);
    }

    /// <summary>A commit begins.</summary>
    public void Hold()
    {
        lock (_gate) _epoch++;
    }

    /// <summary>The commit is on disk: forgets what it changed. To be called before its callers are told.</summary>
    public void Release(List<Change> changes)
    {
        lock (_gate)
        {
            foreach (var change in changes)
            {
                _young.TryRemove(change.Key, out _);
                _old.TryRemove(change.Key, out _);
            }
            _epoch++;
        }
    }

    /// <summary>The commit failed, and may be on disk all the same: forgets everything.</summary>
    public void ReleaseUnknown()
    {
        lock (_gate)
        {
            (_young, _old, _youngBytes) = (new(), new(), 0);
            _epoch++;
        }
    }

    // Under the gate.
    private void Put(string key, Entry? entry)
    {
        _young[key] = entry;
        _youngBytes += OverheadBytes + (key.Length * 2) + (entry?.Value.Length ?? 0);
        if (_youngBytes < GenerationBytes) return;
        (_old, _young, _youngBytes) = (_young, new(), 0);
    }
}
