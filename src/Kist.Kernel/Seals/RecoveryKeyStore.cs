using System.Text.Json;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Seals;

/// <summary>
/// The recovery key of a store whose seal opens by itself: people hold shares of it, which authorise what a machine
/// should not do alone (a root token, new recovery keys, another seal). The key itself is stored nowhere: what lies
/// here is a known text, encrypted with it and then by the seal, so that shares can be checked where the seal is,
/// and only there.
/// </summary>
public static class RecoveryKeyStore
{
    /// <summary>Where it lies.</summary>
    public const string StoreKey = "core/recovery-key";

    private static readonly byte[] KnownText = "kist recovery key check"u8.ToArray();

    /// <summary>The stored recovery key and its revision; null when none was handed out. Throws
    /// <see cref="SealException"/> when it is damaged.</summary>
    public static async ValueTask<(StoredRecoveryKey Key, long Revision)?> LoadAsync(IStore store, CancellationToken ct)
    {
        if (await store.GetAsync(StoreKey, ct) is not { } entry) return null;
        return (Parse(entry.Value.Span), entry.Revision);
    }

    /// <summary>A record for a recovery key that is handed out in <paramref name="split"/>.</summary>
    public static async ValueTask<StoredRecoveryKey> MakeAsync(
        ISeal seal, ShamirSeal recovery, KeySplit split, CancellationToken ct)
    {
        var inner = await recovery.WrapAsync(KnownText, ct);
        var check = await seal.WrapAsync(inner, ct);
        return new StoredRecoveryKey(split.Shares, split.Threshold, SealConfig.NewNonce(), check);
    }

    /// <summary>
    /// What <paramref name="seal"/> gives back of the record; a recovery key is the right one when it opens this.
    /// Throws <see cref="SealException"/> when the seal cannot.
    /// </summary>
    public static ValueTask<SecretBuffer> UnwrapAsync(StoredRecoveryKey stored, ISeal seal, CancellationToken ct) =>
        seal.UnwrapAsync(stored.Check, ct);

    /// <summary>Whether what a recovery key opened is the known text.</summary>
    public static bool IsKnownText(SecretBuffer opened) => opened.FixedTimeEquals(KnownText);

    /// <summary>Adds the write of a new record to <paramref name="batch"/>.</summary>
    public static void Put(Batch batch, StoredRecoveryKey key) =>
        batch.Put(StoreKey, JsonSerializer.SerializeToUtf8Bytes(key, SealJson.Default.StoredRecoveryKey));

    /// <summary>Adds the removal of the record to <paramref name="batch"/>.</summary>
    public static void Delete(Batch batch) => batch.Delete(StoreKey);

    private static StoredRecoveryKey Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var key = JsonSerializer.Deserialize(json, SealJson.Default.StoredRecoveryKey);
            if (key is { Check: not null, Nonce: not null }) return key;
        }
        catch (JsonException e)
        {
            throw new SealException("the stored recovery key is damaged; restore a backup", e);
        }
        throw new SealException("the stored recovery key is damaged; restore a backup");
    }
}

/// <summary>How a recovery key is checked.</summary>
/// <param name="Shares">How many shares were handed out.</param>
/// <param name="Threshold">How many of them are needed.</param>
/// <param name="Nonce">Changes with every new recovery key.</param>
/// <param name="Check">The known text, encrypted with the recovery key and then by the seal.</param>
public sealed record StoredRecoveryKey(int Shares, int Threshold, string Nonce, byte[] Check)
{
    /// <summary>How it was handed out.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public KeySplit Split => new(Shares, Threshold);
}
