using System.Buffers.Binary;
using System.Security.Cryptography;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Barrier;

/// <summary>
/// The keys of an open barrier: the root key, the current keyring as a snapshot that readers take without a lock, and
/// the only code that changes either. Every change starts from what the store holds, because another node may have
/// changed it, and is one guarded batch, so that after a crash the old or the new state opens.
/// </summary>
internal sealed class BarrierKeys : IDisposable
{
    /// <summary>The keyring, encrypted with the root key.</summary>
    public const string KeyringKey = "core/keyring";

    /// <summary>How many encryptions of the active term are reserved, encrypted with that term.</summary>
    public const string UsageKey = "core/keyring-usage";

    /// <summary>
    /// Where a node finds the root key that replaced its own, encrypted with its own and named by a keyed hash of it.
    /// Whoever has the old root key at that moment has every key behind it anyway; these are removed soon.
    /// </summary>
    public const string HandoverPrefix = "core/root-handover/";

    private const uint RootTerm = 0;
    private readonly IStore _store;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly Lock _swap = new();
    private KeyTerm _root;
    private volatile Keyring? _current;

    private BarrierKeys(IStore store, KeyTerm root, Keyring? ring, TimeProvider clock)
    {
        (_store, _root, _current, _clock) = (store, root, ring, clock);
    }

    /// <summary>The snapshot to work with. Throws <see cref="SealedException"/> after disposal.</summary>
    public Keyring Current => _current ?? throw new SealedException();

    public static async ValueTask<BarrierKeys> CreateAsync(
        IStore store, SecretBuffer rootKey, TimeProvider clock, Action<Batch>? alongside, CancellationToken ct)
    {
        var root = RootOf(rootKey, clock);
        var ring = Keyring.Create(clock.GetUtcNow());
        var keys = new BarrierKeys(store, root, ring, clock);
        try
        {
            var batch = new Batch().Expect(KeyringKey, 0);
            WriteKeyring(batch, root, ring);
            WriteUsage(batch, ring, ring.Budget.Reserved);
            alongside?.Invoke(batch);
            if (!await store.CommitAsync(batch, ct))
                throw new BarrierException("the store is initialised already; it was not changed");
            return keys;
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    public static async ValueTask<BarrierKeys> OpenAsync(
        IStore store, SecretBuffer rootKey, TimeProvider clock, CancellationToken ct)
    {
        var keys = new BarrierKeys(store, RootOf(rootKey, clock), null, clock);
        try
        {
            var (ring, _) = await keys.FetchAsync(ct);
            keys._current = ring;
            if (await keys.ReadUsageAsync(ring, ct) is { } usage && usage.Term == ring.Active.Number)
                ring.Budget.Learn(usage.Reserved);
            return keys;
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    /// <summary>Takes <paramref name="count"/> encryptions and returns the keyring to do them with. Most of the time
    /// this is one atomic subtraction; now and then it reserves a chunk or installs a new key first.</summary>
    public ValueTask<Keyring> TakeAsync(int count, CancellationToken ct)
    {
        var ring = Current;
        return ring.Budget.TryTake(count) ? new(ring) : ExtendAndTakeAsync(count, ct);
    }

    /// <summary>Reads the keyring again: another node has changed it, or an entry names a term that is not known here
    /// yet.</summary>
    public ValueTask<Keyring> ReloadAsync(CancellationToken ct) => ExclusivelyAsync(ReloadLockedAsync, ct);

    public ValueTask<Keyring> RotateAsync(CancellationToken ct) => ExclusivelyAsync(
        ct => ChangeLockedAsync(ring => ring.Rotated(_clock.GetUtcNow()), ct), ct);

    /// <summary>Installs a new key if the active one is older than the configured interval; says whether it did.
    /// </summary>
    public async ValueTask<bool> RotateIfDueAsync(CancellationToken ct)
    {
        if (!IsDue(Current)) return false;
        var before = Current.Active.Number;
        var ring = await ExclusivelyAsync(
            ct => ChangeLockedAsync(ring => IsDue(ring) ? ring.Rotated(_clock.GetUtcNow()) : ring, ct), ct);
        return ring.Active.Number != before;
    }

    public async ValueTask ConfigureAsync(RotationConfig config, CancellationToken ct)
    {
        var ring = await ExclusivelyAsync(ct => ChangeLockedAsync(ring => ring.With(config), ct), ct);
        ring.Budget.Drain();
    }

    /// <summary>Encrypts the keyring with a new root key, in one batch with what <paramref name="alongside"/> adds.
    /// </summary>
    public ValueTask<Keyring> RekeyAsync(SecretBuffer newRootKey, Action<Batch> alongside, CancellationToken ct) =>
        ExclusivelyAsync(ct => RekeyLockedAsync(newRootKey, alongside, ct), ct);

    /// <summary>The root key, as a copy that the caller disposes.</summary>
    public SecretBuffer CopyRootKey()
    {
        lock (_swap)
        {
            if (_current is null) throw new SealedException();
            var copy = SecretBuffer.Rent(KeyTerm.KeyBytes);
            _root.CopyKeyTo(copy.Span);
            return copy;
        }
    }

    public void Dispose()
    {
        lock (_swap)
        {
            foreach (var term in _current?.Terms ?? []) term.Dispose();
            _root.Dispose();
            _current = null;
        }
    }

    private async ValueTask<Keyring> ExclusivelyAsync(
        Func<CancellationToken, ValueTask<Keyring>> change, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            return await change(ct);
        }
        finally
        {
            _changing.Release();
        }
    }

    private ValueTask<Keyring> ExtendAndTakeAsync(int count, CancellationToken ct) => ExclusivelyAsync(
        async ct =>
        {
            while (true)
            {
                var ring = Current;
                if (ring.Budget.TryTake(count)) return ring;
                await ExtendLockedAsync(ring, count, ct);
            }
        },
        ct);

    private async ValueTask ExtendLockedAsync(Keyring ring, int count, CancellationToken ct)
    {
        var usage = await ReadUsageAsync(ring, ct);
        if (usage is { } other && other.Term != ring.Active.Number)
        {
            if ((await ReloadLockedAsync(ct)).Active != ring.Active) return;
            usage = null;
        }
        // A record that is missing, damaged or about another key says nothing about the past: count the key as used up.
        var room = usage is null ? 0 : ring.Config.Bound - usage.Value.Reserved;
        if (room <= count || IsDue(ring))
        {
            await ChangeLockedAsync(
                now => now.Active == ring.Active ? now.Rotated(_clock.GetUtcNow()) : now, ct);
            return;
        }
        var chunk = (int)Math.Min(OperationBudget.Chunk, room);
        var reserved = usage!.Value.Reserved + chunk;
        var batch = new Batch().Expect(UsageKey, usage.Value.Revision);
        WriteUsage(batch, ring, reserved);
        if (!await _store.CommitAsync(batch, ct)) return;
        ring.Budget.Extend(chunk, reserved);
    }

    private async ValueTask<Keyring> ReloadLockedAsync(CancellationToken ct)
    {
        var (ring, _) = await FetchAsync(ct);
        return Swap(ring);
    }

    private async ValueTask<Keyring> ChangeLockedAsync(Func<Keyring, Keyring> change, CancellationToken ct)
    {
        while (true)
        {
            var (before, revision) = await FetchAsync(ct);
            var after = change(before);
            if (after == before) return Swap(before);
            var rotated = after.Active != before.Active;
            var batch = new Batch().Expect(KeyringKey, revision);
            WriteKeyring(batch, _root, after);
            if (rotated) WriteUsage(batch, after, after.Budget.Reserved);
            if (await _store.CommitAsync(batch, ct)) return Swap(after);
            if (rotated) after.Active.Dispose();
        }
    }

    private async ValueTask<Keyring> RekeyLockedAsync(
        SecretBuffer newRootKey, Action<Batch> alongside, CancellationToken ct)
    {
        var newRoot = RootOf(newRootKey, _clock);
        try
        {
            while (true)
            {
                var (ring, revision) = await FetchAsync(ct);
                var batch = new Batch().Expect(KeyringKey, revision);
                WriteKeyring(batch, newRoot, ring);
                if (_store.IsShared) WriteHandover(batch, newRootKey);
                alongside(batch);
                if (!await _store.CommitAsync(batch, ct)) continue;
                lock (_swap)
                {
                    // Sealed meanwhile: the store has the new root key, and this process keeps neither.
                    if (_current is not null) (newRoot, _root) = (_root, newRoot);
                }
                return Swap(ring);
            }
        }
        finally
        {
            newRoot.Dispose(); // after success this is the old root key
        }
    }

    /// <summary>The keyring as the store has it now.</summary>
    private async ValueTask<(Keyring Ring, long Revision)> FetchAsync(CancellationToken ct)
    {
        while (true)
        {
            if (await _store.GetAsync(KeyringKey, ct) is not { } entry)
                throw new BarrierException("the store holds no keyring: it is not initialised, or not the right store");
            var sealedRing = entry.Value.Span;
            if (Envelope.TermOf(sealedRing) != RootTerm)
                throw new BarrierException("the keyring in the store is damaged");
            using var plain = new Plain(sealedRing.Length - Envelope.Overhead, entry.Revision);
            try
            {
                Envelope.Decrypt(_root, KeyringKey, sealedRing, plain.Writable);
                return (Keyring.Parse(plain.Span, _current), entry.Revision);
            }
            catch (CorruptEntryException e)
            {
                // Only while open: a root key that was replaced must never open a sealed node.
                if (_current is null || !await FollowRootAsync(ct))
                    throw new BarrierException(
                        "the keyring does not open: the root key is wrong or was replaced, or the keyring is damaged",
                        e);
            }
        }
    }

    /// <summary>Takes over the root key by which another node has replaced this one; false when it is not there.
    /// </summary>
    private async ValueTask<bool> FollowRootAsync(CancellationToken ct)
    {
        var key = HandoverKeyOf(_root);
        if (await _store.GetAsync(key, ct) is not { } entry || Envelope.TermOf(entry.Value.Span) != RootTerm)
            return false;
        using var plain = new Plain(entry.Value.Length - Envelope.Overhead, entry.Revision);
        Envelope.Decrypt(_root, key, entry.Value.Span, plain.Writable);
        using var copy = SecretBuffer.Copy(plain.Span);
        var root = RootOf(copy, _clock);
        lock (_swap)
        {
            if (_current is not null) (root, _root) = (_root, root);
        }
        root.Dispose();
        return true;
    }

    private void WriteHandover(Batch batch, SecretBuffer newRootKey)
    {
        var key = HandoverKeyOf(_root);
        batch.Put(key, Envelope.Encrypt(_root, key, newRootKey.Span));
    }

    private static string HandoverKeyOf(KeyTerm root)
    {
        Span<byte> rootKey = stackalloc byte[KeyTerm.KeyBytes];
        Span<byte> name = stackalloc byte[HMACSHA256.HashSizeInBytes];
        root.CopyKeyTo(rootKey);
        HMACSHA256.HashData(rootKey, "kist root key handover v1"u8, name);
        CryptographicOperations.ZeroMemory(rootKey);
        return HandoverPrefix + Convert.ToHexStringLower(name[..16]);
    }

    private async ValueTask<(uint Term, long Reserved, long Revision)?> ReadUsageAsync(
        Keyring ring, CancellationToken ct)
    {
        if (await _store.GetAsync(UsageKey, ct) is not { } entry) return null;
        if (Envelope.TermOf(entry.Value.Span) is not { } number) return null;
        // A term of another node's: the number is enough, the keyring is read again before it is used.
        if (ring.Find(number) is not { } term) return (number, 0, entry.Revision);
        using var plain = new Plain(entry.Value.Length - Envelope.Overhead, entry.Revision);
        try
        {
            Envelope.Decrypt(term, UsageKey, entry.Value.Span, plain.Writable);
        }
        catch (CorruptEntryException)
        {
            return null;
        }
        return (number, BinaryPrimitives.ReadInt64BigEndian(plain.Span), entry.Revision);
    }

    private Keyring Swap(Keyring ring)
    {
        lock (_swap)
        {
            if (_current is not null) return _current = ring;
            foreach (var term in ring.Terms) term.Dispose();
            _root.Dispose();
            throw new SealedException();
        }
    }

    private bool IsDue(Keyring ring) =>
        ring.Config.Enabled && ring.Config.Interval > TimeSpan.Zero
        && _clock.GetUtcNow() - ring.Active.InstalledAt >= ring.Config.Interval;

    private static KeyTerm RootOf(SecretBuffer rootKey, TimeProvider clock)
    {
        if (rootKey.Length != KeyTerm.KeyBytes)
            throw new BarrierException($"a root key has {KeyTerm.KeyBytes} bytes, this one has {rootKey.Length}");
        return new KeyTerm(RootTerm, clock.GetUtcNow(), LockedMemory.Copy(rootKey.Span));
    }

    private static void WriteKeyring(Batch batch, KeyTerm root, Keyring ring)
    {
        using var record = ring.Serialize();
        batch.Put(KeyringKey, Envelope.Encrypt(root, KeyringKey, record.Span));
    }

    private static void WriteUsage(Batch batch, Keyring ring, long reserved)
    {
        Span<byte> record = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(record, reserved);
        batch.Put(UsageKey, Envelope.Encrypt(ring.Active, UsageKey, record));
    }
}
