using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Backups;

/// <summary>
/// What the entries of a backup mean, as far as a restore must know: which belong to the moment and to the nodes of
/// then, which make the tokens and leases, and whether each opens. It reads them in their order: the keyring comes
/// before all that is encrypted with it.
/// </summary>
public sealed class BackupContents : IDisposable
{
    // In clear, because they are read before anything can be decrypted.
    private static readonly string[] s_clear =
        ["core/root-key", "core/seal-config", "core/recovery-key", Barrier.Barrier.EpochKey];

    // Of the nodes that ran then, not of the data.
    private static readonly string[] s_momentary =
        ["core/root-handover/", "kernel/leader/", "kernel/nodes/", Barrier.Barrier.EpochKey];

    // Without the key of their hashes no old token is found, and without theirs no batch token opens.
    private static readonly string[] s_tokens =
        ["token/", "lease/", "kernel/token-hash-key", "kernel/batch-token-key"];

    private const string MountEntries = "kernel/mounts/";
    private readonly KeyTerm _root;
    private readonly List<string> _cubbyholes = [];
    private Keyring? _ring;

    /// <summary>For a backup that <paramref name="rootKey"/> opens.</summary>
    public BackupContents(SecretBuffer rootKey) =>
        _root = new KeyTerm(0, DateTimeOffset.UnixEpoch, LockedMemory.Copy(rootKey.Span));

    /// <summary>Whether the keyring was there and opened.</summary>
    public bool HasKeyring => _ring is not null;

    /// <summary>How many entries do not open: they were damaged in the store already.</summary>
    public long Damaged { get; private set; }

    /// <summary>
    /// What is to be restored of <paramref name="entries"/>, with the mark of a restore at the end. Throws
    /// <see cref="BackupException"/> when they do not make a store that could be opened.
    /// </summary>
    public async IAsyncEnumerable<StoredEntry> RestoredAsync(IAsyncEnumerable<StoredEntry> entries, bool withTokens,
        [EnumeratorCancellation] CancellationToken ct = default)
    {
        await foreach (var entry in entries.WithCancellation(ct))
        {
            Learn(entry);
            if (Is(entry.Key, s_momentary) || (!withTokens && (Is(entry.Key, s_tokens) || IsCubbyhole(entry.Key))))
                continue;
            yield return entry;
        }
        if (!HasKeyring) throw new BackupException(BackupFailure.Damaged,
            "the backup holds no keyring that its key opens: it cannot be restored");
        yield return new StoredEntry(Barrier.Barrier.EpochKey, RandomNumberGenerator.GetBytes(16));
    }

    /// <summary>Reads the keyring and the mounts when they come by.</summary>
    public void Learn(StoredEntry entry)
    {
        if (entry.Key == Barrier.Barrier.KeyringStoreKey)
            _ring = Open(_root, entry, static plain => Keyring.Parse(plain, null));
        else if (entry.Key.StartsWith(MountEntries, StringComparison.Ordinal) && TermOf(entry) is { } term
            && Open(term, entry, static plain => JsonSerializer.Deserialize(plain, KernelJson.Default.MountEntry))
                is { Type: "cubbyhole" } mount) _cubbyholes.Add($"mount/{mount.Uuid}/");
    }

    /// <summary>Whether an entry opens; counts those that do not.</summary>
    public bool Opens(StoredEntry entry)
    {
        if (Is(entry.Key, s_clear)) return true;
        var isOfRoot = entry.Key == Barrier.Barrier.KeyringStoreKey || entry.Key.StartsWith(BarrierKeys.HandoverPrefix,
            StringComparison.Ordinal);
        // What an old root key left for other nodes opens with that one.
        if (isOfRoot && entry.Key != Barrier.Barrier.KeyringStoreKey) return true;
        var opens = (isOfRoot ? _root : TermOf(entry)) is { } term && Open(term, entry, static _ => "") is not null;
        if (!opens) Damaged++;
        return opens;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var term in _ring?.Terms ?? []) term.Dispose();
        _root.Dispose();
    }

    private KeyTerm? TermOf(StoredEntry entry) =>
        Envelope.TermOf(entry.Value.Span) is { } number ? _ring?.Find(number) : null;

    private bool IsCubbyhole(string key) => _cubbyholes.Exists(
        prefix => key.StartsWith(prefix, StringComparison.Ordinal));

    private static bool Is(string key, string[] prefixes) =>
        Array.Exists(prefixes, prefix => key.StartsWith(prefix, StringComparison.Ordinal));

    private static T? Open<T>(KeyTerm term, StoredEntry entry, SecretParser<T> parse) where T : class
    {
        if (entry.Value.Length < Envelope.Overhead) return null;
        using var plain = new Plain(entry.Value.Length - Envelope.Overhead, 0);
        try
        {
            Envelope.Decrypt(term, entry.Key, entry.Value.Span, plain.Writable);
            return parse(plain.Span);
        }
        catch (Exception e) when (e is CorruptEntryException or BarrierException or JsonException)
        {
            return null;
        }
    }

    private delegate T? SecretParser<out T>(ReadOnlySpan<byte> plain);
}
