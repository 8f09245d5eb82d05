using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Barrier;

/// <summary>
/// The line between what the node works with and what the store sees: everything that passes is encrypted and bound to
/// its key. A barrier exists only while the node is unsealed; disposing it zeroes every key, and from then on all work
/// through it throws <see cref="SealedException"/>. All members may be called from any thread.
/// </summary>
public sealed class Barrier : IDisposable
{
    private const int RecentBytes = 8 << 20;

    private readonly BarrierKeys _keys;
    private readonly AsyncLocal<Guard?> _fence = new();
    private readonly Guard _epoch;
    private volatile bool _isBeingReplaced;

    private Barrier(IStore store, BarrierKeys keys, long epoch)
    {
        (Store, _keys, _epoch) = (store, keys, new Guard(EpochKey, epoch));
        if (store.IsShared) Recent = new EntryCache(RecentBytes / 2);
        Root = new Storage(this, "");
    }

    /// <summary>The whole store, decrypted.</summary>
    public Storage Root { get; }

    /// <summary>The key that encrypts now.</summary>
    public KeyStatus Status
    {
        get
        {
            var ring = _keys.Current;
            return new KeyStatus(ring.Active.Number, ring.Active.InstalledAt, ring.Budget.Used);
        }
    }

    /// <summary>When the next key is installed by itself.</summary>
    public RotationConfig RotationConfig => _keys.Current.Config;

    internal IStore Store { get; }

    /// <summary>
    /// Ciphertext that was read a moment ago, where a read of the store is a way over the network; null where it is
    /// not. Whoever follows the store's changes tells it of those by other nodes.
    /// </summary>
    internal EntryCache? Recent { get; }

    /// <summary>
    /// Makes the first keyring in a store that has none, encrypted with <paramref name="rootKey"/> (32 bytes, copied).
    /// Throws <see cref="BarrierException"/>, and changes nothing, when the store is initialised already.
    /// </summary>
    public static ValueTask<Barrier> InitializeAsync(
        IStore store, SecretBuffer rootKey, TimeProvider clock, CancellationToken ct) =>
        InitializeAsync(store, rootKey, clock, static _ => { }, ct);

    /// <summary>
    /// As above; what <paramref name="alongside"/> adds (the wrapped root key) is in the same batch, so that a crash
    /// leaves a store that is initialised completely or not at all.
    /// </summary>
    public static async ValueTask<Barrier> InitializeAsync(
        IStore store, SecretBuffer rootKey, TimeProvider clock, Action<Batch> alongside, CancellationToken ct) =>
        new(store, await BarrierKeys.CreateAsync(store, rootKey, clock, alongside, ct), await EpochOfAsync(store, ct));

    /// <summary>
    /// Opens the keyring of an initialised store with <paramref name="rootKey"/> (32 bytes, copied).
    /// Throws <see cref="BarrierException"/> when the key is wrong or the keyring is missing or damaged.
    /// </summary>
    public static async ValueTask<Barrier> OpenAsync(
        IStore store, SecretBuffer rootKey, TimeProvider clock, CancellationToken ct)
    {
        // Before the keys: a restore in between is then noticed by the first write.
        var epoch = await EpochOfAsync(store, ct);
        return new Barrier(store, await BarrierKeys.OpenAsync(store, rootKey, clock, ct), epoch);
    }

    /// <summary>The part of the store under <paramref name="prefix"/>.</summary>
    public Storage View(string prefix) => Root.Sub(prefix);

    /// <summary>Installs a new key: it encrypts what is written from now on; everything older stays readable.</summary>
    public async ValueTask RotateAsync(CancellationToken ct) => await _keys.RotateAsync(ct);

    /// <summary>Installs a new key if the configured interval has passed, and says whether it did. The bound on
    /// encryptions needs no call: it is kept before each write.</summary>
    public ValueTask<bool> RotateIfDueAsync(CancellationToken ct) => _keys.RotateIfDueAsync(ct);

    /// <summary>Sets when the next key is installed. Throws <see cref="ArgumentOutOfRangeException"/> for limits that
    /// the barrier cannot keep; the API's narrower ones are the caller's to check.</summary>
    public ValueTask ConfigureRotationAsync(RotationConfig config, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(config.MaxOperations, RotationConfig.FewestOperations);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(config.MaxOperations, RotationConfig.MostOperations);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.Interval, TimeSpan.Zero);
        return _keys.ConfigureAsync(config, ct);
    }

    /// <summary>
    /// Replaces the root key: the keyring is encrypted with <paramref name="newRootKey"/> (32 bytes, copied) in one
    /// batch with what <paramref name="alongside"/> adds, which must be the new root key as wrapped by the seal
    /// (<see cref="Seals.RootKeyStore.Put"/>). After a crash either the old or the new pair is there. May be called
    /// more than once for one batch, when another node changed the keyring meanwhile.
    /// </summary>
    public async ValueTask RekeyAsync(SecretBuffer newRootKey, Action<Batch> alongside, CancellationToken ct) =>
        await _keys.RekeyAsync(newRootKey, alongside, ct);

    /// <summary>
    /// Runs work that one node of many does: every batch that it writes, whatever it calls, holds only while
    /// <paramref name="term"/> does, and throws <see cref="TermLostException"/> otherwise.
    /// </summary>
    internal async ValueTask UnderTermAsync(
        Guard term, Func<CancellationToken, ValueTask> work, CancellationToken ct)
    {
        // Set for what is called from here; whoever called this does not see it.
        _fence.Value = term;
        await work(ct);
    }

    /// <summary>
    /// Changes with every restore: whoever opened the store before has nothing to do with what is in it now. In clear.
    /// </summary>
    internal const string EpochKey = "core/restored";

    /// <summary>The root key that the keyring is encrypted with now, as a copy that the caller disposes.</summary>
    internal SecretBuffer CopyRootKey() => _keys.CopyRootKey();

    /// <summary>Whether the store still holds what this barrier was opened on.</summary>
    internal async ValueTask<bool> IsOfThisStoreAsync(CancellationToken ct) =>
        await EpochOfAsync(Store, ct) == _epoch.Revision;

    /// <summary>
    /// Another content is about to take the place of the store's: nothing is written any more, so that nothing of the
    /// old gets into the new. False: it did not come to that.
    /// </summary>
    internal void SetBeingReplaced(bool isSo) => _isBeingReplaced = isSo;

    /// <summary>The store's key of the keyring, for those who wait for changes.</summary>
    internal static string KeyringStoreKey => BarrierKeys.KeyringKey;

    /// <summary>Takes over keys that another node has made.</summary>
    internal async ValueTask FollowAsync(CancellationToken ct) => await _keys.ReloadAsync(ct);

    /// <summary>Names of the root keys that were handed over, for <see cref="ForgetHandoversAsync"/>.</summary>
    internal ValueTask<IReadOnlyList<string>> HandoversAsync(CancellationToken ct) =>
        Root.ScanAsync(BarrierKeys.HandoverPrefix, "", 0, ct);

    /// <summary>Removes root keys that were handed over long enough ago.</summary>
    internal async ValueTask ForgetHandoversAsync(IReadOnlyList<string> names, CancellationToken ct)
    {
        foreach (var name in names) await Root.DeleteAsync(name, ct);
    }

    /// <summary>Zeroes every key. Safe to call twice.</summary>
    public void Dispose() => _keys.Dispose();

    /// <summary>Throws when the barrier is sealed; for work that needs no key, such as listing names.</summary>
    internal void MustBeOpen() => _ = _keys.Current;

    internal ValueTask<Plain?> ReadAsync(string key, CancellationToken ct)
    {
        var ring = _keys.Current;
        var pending = Store.GetAsync(key, ct);
        if (!pending.IsCompletedSuccessfully) return AwaitAndDecryptAsync(pending, key, ct);
        if (pending.Result is not { } entry) return default;
        return DecryptAsync(ring, key, entry, ct);
    }

    /// <summary>As <see cref="ReadAsync"/>, but what is in <see cref="Recent"/> is taken from there.</summary>
    internal ValueTask<Plain?> ReadRecentAsync(string key, CancellationToken ct)
    {
        if (Recent is not { } recent) return ReadAsync(key, ct);
        MustBeOpen();
        if (!recent.TryGet(key, out var known)) return ReadAndKeepAsync(recent, key, ct);
        return known is { } entry ? DecryptAsync(key, entry, ct) : default;
    }

    private async ValueTask<Plain?> ReadAndKeepAsync(EntryCache recent, string key, CancellationToken ct)
    {
        return await FetchAsync(recent, key, ct) is { } entry ? await DecryptAsync(key, entry, ct) : null;
    }

    /// <summary>The entry as it is in the store, which is kept in <see cref="Recent"/>.</summary>
    internal ValueTask<Entry?> FetchAsync(string key, CancellationToken ct) =>
        Recent is { } recent ? FetchAsync(recent, key, ct) : Store.GetAsync(key, ct);

    private async ValueTask<Entry?> FetchAsync(EntryCache recent, string key, CancellationToken ct)
    {
        var epoch = recent.EpochOf(key);
        var found = await Store.GetAsync(key, ct);
        recent.Add(key, found, epoch);
        return found;
    }

    internal ValueTask<Plain?> DecryptAsync(string key, Entry entry, CancellationToken ct) =>
        DecryptAsync(_keys.Current, key, entry, ct);

    /// <summary>Encrypts and commits; false when a guard failed. A null value deletes.</summary>
    internal async ValueTask<bool> CommitAsync(
        Batch batch, IReadOnlyCollection<KeyValuePair<string, SecretBuffer?>> writes, CancellationToken ct)
    {
        var puts = 0;
        foreach (var (_, value) in writes)
            if (value is not null) puts++;
        var ring = await _keys.TakeAsync(puts, ct);
        foreach (var (key, value) in writes)
        {
            if (value is null) batch.Delete(key);
            else batch.Put(key, Envelope.Encrypt(ring.Active, key, value.Span));
        }
        return await CommitAsync(batch, ct);
    }

    /// <summary>
    /// Commits under the fence of the term that this is called in, if it is called in one; where other nodes write too,
    /// also only if none of them has restored a backup.
    /// </summary>
    internal ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct)
    {
        if (_isBeingReplaced) throw Replaced();
        var fence = _fence.Value;
        if (!Store.IsShared && fence is null) return Store.CommitAsync(batch, ct);
        var committed = CommitAsync(batch, fence, ct);
        return Recent is { } recent ? ForgetAfterAsync(committed, batch, recent) : committed;
    }

    /// <summary>Before anybody is told of it, and whatever came of it.</summary>
    private static async ValueTask<bool> ForgetAfterAsync(ValueTask<bool> committed, Batch batch, EntryCache recent)
    {
        try
        {
            return await committed;
        }
        finally
        {
            foreach (var write in batch.Writes) recent.Forget(write.Key);
        }
    }

    private async ValueTask<bool> CommitAsync(Batch batch, Guard? fence, CancellationToken ct)
    {
        if (fence is { } term) batch.Expect(term.Key, term.Revision);
        if (Store.IsShared) batch.Expect(_epoch.Key, _epoch.Revision);
        if (await Store.CommitAsync(batch, ct)) return true;
        if (Store.IsShared && !await IsOfThisStoreAsync(ct)) throw Replaced();
        if (fence is { } held && (await Store.GetAsync(held.Key, ct))?.Revision != held.Revision)
            throw new TermLostException();
        return false;
    }

    private static StoreException Replaced() =>
        new(StoreFailure.Unavailable, "a backup was restored; this node opens the storage anew");

    private static async ValueTask<long> EpochOfAsync(IStore store, CancellationToken ct) =>
        (await store.GetAsync(EpochKey, ct))?.Revision ?? 0;

    internal async ValueTask PutAsync(string key, ReadOnlyMemory<byte> value, CancellationToken ct)
    {
        var ring = await _keys.TakeAsync(1, ct);
        await CommitAsync(new Batch().Put(key, Envelope.Encrypt(ring.Active, key, value.Span)), ct);
    }

    private async ValueTask<Plain?> AwaitAndDecryptAsync(
        ValueTask<Entry?> pending, string key, CancellationToken ct) =>
        await pending is { } entry ? await DecryptAsync(_keys.Current, key, entry, ct) : null;

    private ValueTask<Plain?> DecryptAsync(Keyring ring, string key, Entry entry, CancellationToken ct)
    {
        if (Envelope.TermOf(entry.Value.Span) is not { } number) throw new CorruptEntryException(key);
        return ring.Find(number) is { } term
            ? new(Decrypt(term, key, entry))
            : ReloadAndDecryptAsync(number, key, entry, ct);
    }

    /// <summary>Another node has rotated since this one read the keyring, or the entry is damaged.</summary>
    private async ValueTask<Plain?> ReloadAndDecryptAsync(
        uint number, string key, Entry entry, CancellationToken ct)
    {
        var ring = await _keys.ReloadAsync(ct);
        return Decrypt(ring.Find(number) ?? throw new CorruptEntryException(key), key, entry);
    }

    private static Plain Decrypt(KeyTerm term, string key, Entry entry)
    {
        var plain = new Plain(entry.Value.Length - Envelope.Overhead, entry.Revision);
        try
        {
            Envelope.Decrypt(term, key, entry.Value.Span, plain.Writable);
            return plain;
        }
        catch
        {
            plain.Dispose();
            throw;
        }
    }
}
