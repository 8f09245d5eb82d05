using System.Text.Json;
using Kist.Kernel.Stores;

namespace Kist.Kernel.Seals;

/// <summary>
/// Where the wrapped root key and its seal's configuration lie, in clear, beside the encrypted data. They are always
/// written in one batch with the keyring they belong to: at initialisation, rekey and seal migration.
/// </summary>
public static class RootKeyStore
{
    /// <summary>There while a store is being copied here: it is not empty, and not one yet either.</summary>
    internal const string UnfinishedMigrationKey = "core/migration";

    private const string ConfigKey = "core/seal-config";
    private const string RootKeyKey = "core/root-key";

    /// <summary>The stored root key, or null when the store is not initialised. Throws <see cref="SealException"/>
    /// when one half is missing or damaged.</summary>
    public static async ValueTask<StoredRootKey?> LoadAsync(IStore store, CancellationToken ct)
    {
        var config = await store.GetAsync(ConfigKey, ct);
        var wrapped = await store.GetAsync(RootKeyKey, ct);
        if (config is null && wrapped is null)
        {
            if (await store.GetAsync(UnfinishedMigrationKey, ct) is null) return null;
            throw new SealException("a migration into this store was not finished: run it again, to its end");
        }
        if (config is null || wrapped is null)
            throw new SealException(
                "half of the stored root key is missing: the data is damaged or incomplete; restore a backup");
        return new StoredRootKey(Parse(config.Value.Value.Span), wrapped.Value.Value);
    }

    /// <summary>Adds the writes of a new wrapped root key to <paramref name="batch"/>.</summary>
    public static void Put(Batch batch, SealConfig config, ReadOnlyMemory<byte> wrapped)
    {
        batch.Put(ConfigKey, JsonSerializer.SerializeToUtf8Bytes(config, SealJson.Default.SealConfig));
        batch.Put(RootKeyKey, wrapped);
    }

    private static SealConfig Parse(ReadOnlySpan<byte> json)
    {
        SealConfig? config;
        try
        {
            config = JsonSerializer.Deserialize(json, SealJson.Default.SealConfig);
        }
        catch (JsonException e)
        {
            throw new SealException("the stored seal configuration is damaged; restore a backup", e);
        }
        if (config is not { Type: not null, Nonce: not null })
            throw new SealException("the stored seal configuration is damaged; restore a backup");
        return config;
    }
}
