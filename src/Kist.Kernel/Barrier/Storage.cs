using Kist.Kernel.Stores;

namespace Kist.Kernel.Barrier;

/// <summary>
/// The decrypted part of the store under one prefix; keys are relative to it. Immutable, cheap, usable from any thread.
/// A medium that fails throws <see cref="StoreException"/>, an entry that does not decrypt
/// <see cref="CorruptEntryException"/>, and everything <see cref="SealedException"/> once the barrier is closed.
/// </summary>
public sealed class Storage
{
    /// <summary>The largest value in bytes.</summary>
    public const int MaxValueBytes = Batch.MaxValueBytes - Envelope.Overhead;

    private const int ScanPage = 1024;
    private const int DeletePage = Batch.MaxOperations - 2; // one guard may be of a term, one of the store's content

    internal Storage(Barrier barrier, string prefix) => (Barrier, Prefix) = (barrier, prefix);

    /// <summary>What stands before every key of this view in the store.</summary>
    public string Prefix { get; }

    internal Barrier Barrier { get; }

    /// <summary>The view under <paramref name="prefix"/> of this view; no slash is added.</summary>
    public Storage Sub(string prefix) => new(Barrier, Prefix + prefix);

    /// <summary>The value under <paramref name="key"/>, which the caller disposes, or null.</summary>
    public ValueTask<Plain?> GetAsync(string key, CancellationToken ct) =>
        Barrier.ReadAsync(string.Concat(Prefix, key), ct);

    /// <summary>
    /// As <see cref="GetAsync"/>, for an answer to a request and never as the ground for a write without a guard: where
    /// the store is shared, what this node has read a moment ago counts while the other nodes' changes are followed.
    /// </summary>
    public ValueTask<Plain?> GetRecentAsync(string key, CancellationToken ct) =>
        Barrier.ReadRecentAsync(string.Concat(Prefix, key), ct);

    /// <summary>Writes <paramref name="value"/>, whatever was there. Returns once it is durable. Throws
    /// <see cref="BatchLimitException"/> when the value or key is too long.</summary>
    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> value, CancellationToken ct) =>
        Barrier.PutAsync(string.Concat(Prefix, key), value, ct);

    /// <summary>Removes <paramref name="key"/>; nothing happens if it is absent.</summary>
    public async ValueTask DeleteAsync(string key, CancellationToken ct)
    {
        Barrier.MustBeOpen();
        await Barrier.CommitAsync(new Batch().Delete(Prefix + key), ct);
    }

    /// <summary>
    /// Keys that start with <paramref name="prefix"/> and come after <paramref name="after"/> (a key of this view, or
    /// empty), in the order of their UTF-8 bytes, at most <paramref name="limit"/>; 0 or less: all.
    /// </summary>
    public async ValueTask<IReadOnlyList<string>> ScanAsync(
        string prefix, string after, int limit, CancellationToken ct)
    {
        Barrier.MustBeOpen();
        var most = limit <= 0 ? int.MaxValue : limit;
        var found = new List<string>();
        var cursor = after.Length == 0 ? "" : Prefix + after;
        while (found.Count < most)
        {
            var ask = Math.Min(ScanPage, most - found.Count);
            var page = await Barrier.Store.ScanAsync(Prefix + prefix, cursor, ask, ct);
            foreach (var key in page) found.Add(key[Prefix.Length..]);
            if (page.Count < ask) break;
            cursor = page[^1];
        }
        return found;
    }

    /// <summary>
    /// The names directly in <paramref name="folder"/> (empty, or ending with a slash), sorted by their UTF-8 bytes;
    /// what lies deeper is shown once as <c>name/</c> and never read through. Only names after
    /// <paramref name="after"/>, at most <paramref name="limit"/>; 0 or less: all.
    /// </summary>
    public ValueTask<IReadOnlyList<string>> ListAsync(
        string folder, string after, int limit, CancellationToken ct)
    {
        if (folder.Length > 0 && folder[^1] != '/')
            throw new ArgumentException("a folder is empty or ends with a slash", nameof(folder));
        Barrier.MustBeOpen();
        return new FolderListing(Barrier.Store, Prefix + folder).ReadAsync(after, limit, ct);
    }

    /// <summary>
    /// Runs <paramref name="body"/> and commits what it wrote in one batch, if everything it read is still so;
    /// otherwise runs it again. The body must therefore have no effect but through its <see cref="Transaction"/>.
    /// Throws <see cref="ConflictException"/> when it lost <see cref="TransactionRun.MaxAttempts"/> times.
    /// A body that wrote nothing commits nothing, and what it read is then not checked to be of one moment.
    /// </summary>
    public ValueTask<T> TransactAsync<T>(Func<Transaction, ValueTask<T>> body, CancellationToken ct) =>
        TransactionRun.UntilCommittedAsync(this, body, ct);

    /// <inheritdoc cref="TransactAsync{T}"/>
    public async ValueTask TransactAsync(Func<Transaction, ValueTask> body, CancellationToken ct) =>
        await TransactionRun.UntilCommittedAsync(
            this,
            async transaction =>
            {
                await body(transaction);
                return true;
            },
            ct);

    /// <summary>Removes every key that starts with <paramref name="prefix"/>, in batches: other writers may see a part
    /// of it gone, and a crash leaves the rest, so the caller must be able to repeat it.</summary>
    public async ValueTask DeleteAllAsync(string prefix, CancellationToken ct)
    {
        Barrier.MustBeOpen();
        while (true)
        {
            var page = await Barrier.Store.ScanAsync(Prefix + prefix, "", DeletePage, ct);
            if (page.Count == 0) return;
            var batch = new Batch();
            foreach (var key in page) batch.Delete(key);
            await Barrier.CommitAsync(batch, ct);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Prefix;
}
