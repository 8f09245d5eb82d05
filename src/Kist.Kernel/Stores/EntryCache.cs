namespace Kist.Kernel.Stores;

/// <summary>
/// Entries (ciphertext) as they are in the store, by key; that a key is absent counts too. Whoever keeps one here
/// must tell it of every commit, its own before that is acknowledged; what a read found is not added when something was
/// forgotten since it began.
/// </summary>
/// <param name="generationBytes">How much one generation holds.</param>
/// <param name="keepsOnSecondRead">Whether an entry is only kept when it is read again before many others. Where a read
/// of the store is cheap, keeping what is never asked for again costs as much as that.</param>
public sealed class EntryCache(int generationBytes, bool keepsOnSecondRead = false)
{
    /// <summary>Larger values are not kept.</summary>
    public const int LargestValue = 8_192;

    private const int OverheadBytes = 120;

    // Where others write all the time, something is forgotten during nearly every read, and seldom the same thing.
    private const int Stripes = 256;
    private const int SeenPlaces = 8_192;

    private readonly Generations<string, Entry?> _entries = new(
        generationBytes, static (key, entry) => OverheadBytes + (key.Length * 2) + (entry?.Value.Length ?? 0));
    private readonly long[] _forgotten = new long[Stripes];
    private readonly ushort[] _seen = keepsOnSecondRead ? new ushort[SeenPlaces] : []; // small: each read touches it
    private long _epoch;                // odd while a commit is under way

    /// <summary>Held by whoever changes something here; a commit neither begins nor ends meanwhile.</summary>
    public Lock Gate => _entries.Gate;

    /// <summary>To be taken before the read whose outcome is added: it changes when something is forgotten.</summary>
    public long EpochOf(string key) => Volatile.Read(ref _epoch) + Volatile.Read(ref Forgotten(key));

    /// <summary>The entry, or that there is none; false when that is not known here.</summary>
    public bool TryGet(string key, out Entry? entry) => _entries.TryGet(key, out entry);

    /// <summary>Keeps what a read found, unless that may be old since <paramref name="epoch"/> was taken.</summary>
    public void Add(string key, Entry? entry, long epoch)
    {
        if (entry is { Value.Length: > LargestValue } || !WasSeen(key)) return;
        lock (Gate)
            if (IsCurrent(key, epoch)) _entries.Put(key, entry);
    }

    /// <summary>
    /// Whether what a read found that began at <paramref name="epoch"/> still holds; under the gate, and for as long.
    /// </summary>
    public bool IsCurrent(string key, long epoch) => _epoch % 2 == 0 && epoch == EpochOf(key);

    /// <summary>Somebody has committed a change of this key.</summary>
    public void Forget(string key)
    {
        lock (Gate)
        {
            _entries.Remove(key);
            Forgotten(key)++;
        }
    }

    /// <summary>Anything may have changed.</summary>
    public void Clear()
    {
        lock (Gate)
        {
            _entries.Clear();
            _epoch += 2;
        }
    }

    /// <summary>
    /// A commit of this process begins: nothing is added until it ends. For one commit at a time.
    /// </summary>
    public void Hold()
    {
        lock (Gate) _epoch++;
    }

    /// <summary>The commit is on disk: forgets what it changed. To be called before its callers are told.</summary>
    public void Release(IReadOnlyList<Change> changes)
    {
        lock (Gate)
        {
            foreach (var change in changes) _entries.Remove(change.Key);
            _epoch++;
        }
    }

    /// <summary>The commit failed, and may be on disk all the same: forgets everything.</summary>
    public void ReleaseUnknown()
    {
        lock (Gate)
        {
            _entries.Clear();
            _epoch++;
        }
    }

    // Two threads may both write a place; then one of the two keys is kept a read later.
    private bool WasSeen(string key)
    {
        if (!keepsOnSecondRead) return true;
        var hash = key.GetHashCode();
        ref var place = ref _seen[(uint)hash % SeenPlaces];
        var mark = (ushort)((uint)hash / SeenPlaces);
        if (place == mark) return true;
        place = mark;
        return false;
    }

    private ref long Forgotten(string key) => ref _forgotten[(uint)key.GetHashCode() % Stripes];
}
