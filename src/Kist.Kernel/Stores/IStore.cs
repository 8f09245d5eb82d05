namespace Kist.Kernel.Stores;

/// <summary>
/// Where ciphertext lies. A store knows keys, values and revisions, and nothing of what they mean.
/// Its only write is one guarded batch, because that is what SQLite, PostgreSQL and etcd can all do well.
/// Every node can write: an implementation must not assume that it is the only process on its data.
/// Keys are ordered by their UTF-8 bytes. A failure of the medium (full disk, lost connection, corrupt page) is a
/// <see cref="StoreException"/>; it never leaves a batch half applied.
/// </summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>
    /// Whether other processes may write to the same data. If so, the node follows the changes of the others; if not,
    /// it spares itself the work.
    /// </summary>
    bool IsShared => true;

    /// <summary>
    /// The revision of the newest commit, from whatever node, that changed anything; 0 in an empty store. Never less
    /// than that of a commit that was acknowledged anywhere before this call, so it must not come from a replica that
    /// may lag. A node compares it with what its watch has told it, several times a second.
    /// </summary>
    ValueTask<long> RevisionAsync(CancellationToken ct);

    /// <summary>The value under <paramref name="key"/> and its revision, or null.</summary>
    ValueTask<Entry?> GetAsync(string key, CancellationToken ct);

    /// <summary>
    /// Keys that start with <paramref name="prefix"/> and are greater than <paramref name="after"/> (a whole key; empty
    /// for the beginning), in order, at most <paramref name="limit"/>. Cost is in the page, never in what lies behind
    /// it.
    /// </summary>
    ValueTask<IReadOnlyList<string>> ScanAsync(string prefix, string after, int limit, CancellationToken ct);

    /// <summary>
    /// Applies all writes of <paramref name="batch"/> if all of its guards hold, and returns true once that is durable;
    /// returns false and changes nothing when a guard fails.
    /// </summary>
    ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct);

    /// <summary>
    /// Changes to keys under <paramref name="prefix"/> with a revision above <paramref name="afterRevision"/>, in
    /// revision order, from every node, until <paramref name="ct"/> is cancelled. 0: from now on; "now" is this call,
    /// not the first step of the enumeration, so that a caller may watch first and read after without a gap.
    /// A store keeps a bounded past. Where <paramref name="afterRevision"/> lies before it, or the reader is slower
    /// than the writers for too long, the enumeration ends with <see cref="StoreFailure.Unavailable"/>: changes may be
    /// missing, so drop what was cached and start over. Nothing is ever left out silently.
    /// The changes of one commit come together: after the first of them, each step of the enumeration completes at once
    /// until the last is out. So when a step has to wait, no commit is half told.
    /// </summary>
    IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct);

    /// <summary>
    /// Every entry as it is at one moment between this call and the first step, in the order of keys; commits go on
    /// meanwhile and are not seen. Memory does not grow with the store. A store that has lost entries says so and
    /// gives no short list.
    /// </summary>
    IAsyncEnumerable<StoredEntry> SnapshotAsync(CancellationToken ct);

    /// <summary>
    /// Puts <paramref name="entries"/> (any order, no key twice) into the place of everything there is, in one step
    /// that is durable on return; until then, and when the enumeration throws or the process dies, everything is as it
    /// was. All of them get one new revision. Memory does not grow with their number. Returns false, and changes
    /// nothing, when the store holds something and <paramref name="overwrites"/> is false. Watchers, of every node, get
    /// <see cref="StoreFailure.Unavailable"/> and start over.
    /// </summary>
    ValueTask<bool> ReplaceAsync(IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct);
}

/// <summary>A key and its value, on the way from one store to another place.</summary>
public readonly record struct StoredEntry(string Key, ReadOnlyMemory<byte> Value);

/// <summary>
/// A stored value. The revision grows with every commit that touches the key and is never used again.
/// </summary>
public readonly record struct Entry(ReadOnlyMemory<byte> Value, long Revision);

/// <summary>One key that a commit wrote or deleted.</summary>
public readonly record struct Change(string Key, long Revision, bool Deleted);

/// <summary>The medium failed. <see cref="Kind"/> says how, so that an answer can say what to do.</summary>
public sealed class StoreException(StoreFailure kind, string message, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>What went wrong with the medium.</summary>
    public StoreFailure Kind { get; } = kind;

    /// <summary>
    /// What one of several callers gets who wait for the same work. Each has an exception of its own: one that is
    /// thrown on many threads mixes their stack traces.
    /// </summary>
    /// <param name="fault">What the work ended with.</param>
    /// <param name="worker">Who did it, for the case that it was not the medium.</param>
    public static StoreException ForOneOf(Exception fault, string worker) => fault is StoreException known
        ? new StoreException(known.Kind, known.Message, known)
        : new StoreException(StoreFailure.Unavailable, $"the store's {worker} failed", fault);
}

/// <summary>The ways in which a medium fails.</summary>
public enum StoreFailure
{
    /// <summary>No room is left.</summary>
    Full,
    /// <summary>The medium accepts no writes.</summary>
    ReadOnly,
    /// <summary>A page or record is damaged.</summary>
    Corrupt,
    /// <summary>The store cannot be reached or did not answer in time.</summary>
    Unavailable,
    /// <summary>Another process owns a store that only one may use.</summary>
    InUse,
    /// <summary>
    /// It answers and will not have this program: data of a newer version or of somebody else, a wrong password. Trying
    /// again does not help.
    /// </summary>
    Refused,
}
