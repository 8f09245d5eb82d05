using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;

namespace Kist.Kernel.Backups;

/// <summary>
/// Copies everything from one store to another that nobody uses meanwhile. It goes in the order of keys and notes in
/// the target how far it has come, so that whoever was interrupted goes on there. What makes a store one that can be
/// opened (the root key and the keyring) comes last, after all else was compared, so a part of a copy is never taken
/// for a store.
/// </summary>
public sealed class StoreMigration(IStore source, IStore target, Action<long, long> progress)
{
    private const string Core = "core/";
    private const int BatchEntries = 100;
    private const int BatchBytes = 4 << 20;
    private const int BatchesAtOnce = 32;
    private const int IdBytes = 16;
    private static readonly TimeSpan ShownEvery = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Copies, or goes on copying. <paramref name="overwrites"/>: what is in the target may be removed.
    /// </summary>
    public async ValueTask<(MigrationResult? Result, string? Refusal)> RunAsync(bool overwrites, CancellationToken ct)
    {
        if (await RootKeyStore.LoadAsync(source, ct) is null)
            return (null, "the source is not initialised: there is nothing to move");
        if (await IsInUseAsync(ct)) return (null, "a server is at work on the source: stop it first");
        var mark = new Mark(await IdOfAsync(ct), await source.RevisionAsync(ct), "");
        var (from, refusal) = await BeginAsync(mark, overwrites, ct);
        if (refusal is not null) return (null, refusal);
        await CopyAsync(mark, from!, ct);
        var (here, there) = (await DigestAsync(source, ct), await DigestAsync(target, ct));
        if (here.Count != there.Count || !here.Hash.AsSpan().SequenceEqual(there.Hash))
            return (null, "the copy is not what the source is; somebody writes to one of them. Stop that, then again");
        if (await source.RevisionAsync(ct) != mark.Revision)
            return (null, "the source was changed meanwhile: stop every server on it, then again");
        var core = await FinishAsync(ct);
        return (new MigrationResult(here.Count + core, from!.Length > 0, Convert.ToHexStringLower(here.Hash)), null);
    }

    /// <summary>Whether the store's revision moves, as it does while a node that is open shows itself.</summary>
    private async ValueTask<bool> IsInUseAsync(CancellationToken ct)
    {
        // A node that was stopped has removed its entry; one that was killed has left it.
        if (!source.IsShared || (await source.ScanAsync("kernel/nodes/", "", 1, ct)).Count == 0) return false;
        var before = await source.RevisionAsync(ct);
        await Task.Delay(ShownEvery, ct);
        return await source.RevisionAsync(ct) != before;
    }

    private async ValueTask<(string? From, string? Refusal)> BeginAsync(
        Mark mark, bool overwrites, CancellationToken ct)
    {
        if (await target.GetAsync(RootKeyStore.UnfinishedMigrationKey, ct) is { } known)
        {
            if (Mark.Parse(known.Value.Span) is { } earlier && earlier.IsOf(mark)) return (earlier.Last, null);
        }
        else if (!overwrites && (await target.ScanAsync("", "", 1, ct)).Count > 0)
            return (null, "the target holds data already; it was not changed");
        // A copy of something else that was never finished is nobody's data.
        await target.ReplaceAsync(new[]
        {
            new StoredEntry(RootKeyStore.UnfinishedMigrationKey, mark.Serialize()),
        }.ToAsyncEnumerable(), overwrites: true, ct);
        return ("", null);
    }

    private async ValueTask CopyAsync(Mark mark, string from, CancellationToken ct)
    {
        var (batch, batches, last) = (new Batch(), new List<Batch>(), from);
        var (inBatch, count, bytes) = (0L, 0L, 0L);
        await foreach (var entry in DataOf(source, ct))
        {
            if (KeyOrder.Instance.Compare(entry.Key, from) > 0)
            {
                batch.Put(entry.Key, entry.Value);
                inBatch += entry.Value.Length;
                last = entry.Key;
                if (batch.Writes.Count == BatchEntries || inBatch >= BatchBytes)
                {
                    batches.Add(batch);
                    (batch, inBatch) = (new Batch(), 0);
                }
                if (batches.Count == BatchesAtOnce) await CommitAsync(batches, mark with { Last = last }, ct);
            }
            progress(++count, bytes += entry.Value.Length);
        }
        batches.Add(batch);
        await CommitAsync(batches, mark with { Last = last }, ct);
    }

    private async ValueTask CommitAsync(List<Batch> batches, Mark mark, CancellationToken ct)
    {
        await Task.WhenAll(batches.Select(batch => target.CommitAsync(batch, ct).AsTask()));
        batches.Clear();
        // After them: what the mark says is there.
        await target.CommitAsync(new Batch().Put(RootKeyStore.UnfinishedMigrationKey, mark.Serialize()), ct);
    }

    private async ValueTask<int> FinishAsync(CancellationToken ct)
    {
        var batch = new Batch().Delete(RootKeyStore.UnfinishedMigrationKey);
        foreach (var key in await source.ScanAsync(Core, "", Batch.MaxOperations - 2, ct))
            batch.Put(key, (await source.GetAsync(key, ct))!.Value.Value);
        await target.CommitAsync(batch, ct);
        foreach (var write in batch.Writes)
            if (write.Value is { } value && (await target.GetAsync(write.Key, ct) is not { } there
                || !there.Value.Span.SequenceEqual(value.Span)))
                throw new StoreException(StoreFailure.Corrupt, "the target does not give back what was written to it");
        return batch.Writes.Count - 1;
    }

    private async ValueTask<(long Count, byte[] Hash)> DigestAsync(IStore store, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (lengths, count) = (new byte[2 * sizeof(int)], 0L);
        await foreach (var entry in DataOf(store, ct))
        {
            var key = Encoding.UTF8.GetBytes(entry.Key);
            BinaryPrimitives.WriteInt32BigEndian(lengths, key.Length);
            BinaryPrimitives.WriteInt32BigEndian(lengths.AsSpan(sizeof(int)), entry.Value.Length);
            hash.AppendData(lengths);
            hash.AppendData(key);
            hash.AppendData(entry.Value.Span);
            count++;
        }
        return (count, hash.GetHashAndReset());
    }

    private static async IAsyncEnumerable<StoredEntry> DataOf(
        IStore store, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var entry in store.SnapshotAsync(ct))
            if (!entry.Key.StartsWith(Core, StringComparison.Ordinal)) yield return entry;
    }

    // Which store it is: no two have the same keyring.
    private async ValueTask<byte[]> IdOfAsync(CancellationToken ct)
    {
        var keyring = await source.GetAsync(Barrier.Barrier.KeyringStoreKey, ct);
        return SHA256.HashData(keyring is { } entry ? entry.Value.Span : default)[..IdBytes];
    }

    /// <summary>How far the copy of which state of which store has come.</summary>
    private sealed record Mark(byte[] Id, long Revision, string Last)
    {
        public bool IsOf(Mark other) => Revision == other.Revision && Id.AsSpan().SequenceEqual(other.Id);

        public byte[] Serialize()
        {
            var revision = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(revision, Revision);
            return [.. Id, .. revision, .. Encoding.UTF8.GetBytes(Last)];
        }

        public static Mark? Parse(ReadOnlySpan<byte> bytes) => bytes.Length < IdBytes + sizeof(long)
            ? null
            : new Mark(bytes[..IdBytes].ToArray(), BinaryPrimitives.ReadInt64BigEndian(bytes[IdBytes..]),
                Encoding.UTF8.GetString(bytes[(IdBytes + sizeof(long))..]));
    }
}

/// <summary>What was copied.</summary>
/// <param name="Entries">How many entries the store has.</param>
/// <param name="WasResumed">Whether an earlier attempt had done a part.</param>
/// <param name="Digest">SHA-256 over all keys and values but those under <c>core/</c>, equal on both sides.</param>
public sealed record MigrationResult(long Entries, bool WasResumed, string Digest);
