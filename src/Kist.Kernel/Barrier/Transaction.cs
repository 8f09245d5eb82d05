using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Barrier;

/// <summary>
/// One attempt to change several keys at once. It remembers the revision of every key it read and commits only if all
/// of them are still the same; it sees its own writes. Belongs to one body on one flow of control, and is of no use
/// after that body has ended; the values it gave out are zeroed then.
/// Guards and writes together may be <see cref="Batch.MaxOperations"/>.
/// </summary>
public sealed class Transaction
{
    private readonly TransactionRun _run;
    private readonly string _prefix;

    internal Transaction(TransactionRun run, string prefix) => (_run, _prefix) = (run, prefix);

    /// <summary>The value under <paramref name="key"/> as this transaction sees it, or null. It must still be so at
    /// commit. The transaction disposes it.</summary>
    public ValueTask<Plain?> GetAsync(string key) => _run.GetAsync(_prefix + key);

    /// <summary>Writes <paramref name="value"/> (copied) at commit.</summary>
    public void Put(string key, ReadOnlySpan<byte> value) => _run.Write(_prefix + key, SecretBuffer.Copy(value));

    /// <summary>Removes <paramref name="key"/> at commit.</summary>
    public void Delete(string key) => _run.Write(_prefix + key, null);

    /// <summary>
    /// Keys as in <see cref="Storage.ScanAsync"/>, with this transaction's own writes in their places. The set of keys
    /// is not guarded: read a key that every writer of the set also writes, where that matters.
    /// </summary>
    public ValueTask<IReadOnlyList<string>> ScanAsync(string prefix, string after, int limit) =>
        _run.ScanAsync(_prefix, prefix, after, limit);

    /// <summary>Requires that <paramref name="key"/> of this view has <paramref name="revision"/> (0: is absent) at
    /// commit. If not, the transaction ends with <see cref="ConflictException"/> and is not run again.</summary>
    public void Expect(string key, long revision) => _run.Expect(_prefix + key, revision);

    /// <summary>As <see cref="Expect"/>, by whole store key: the fence of a leadership term, a cached entry.</summary>
    public void ExpectRaw(string storeKey, long revision) => _run.Expect(storeKey, revision);

    /// <summary>The same transaction, working on another view of the same barrier.</summary>
    public Transaction On(Storage other)
    {
        _run.MustBeOf(other.Barrier);
        return new Transaction(_run, other.Prefix);
    }
}
