using System.Text.Json;
using Kist.Kernel.Barrier;

namespace Kist.Kernel.Node;

/// <summary>Which web pages of other origins may call this server (<c>sys/config/cors</c>); null while none
/// may.</summary>
public sealed record CorsConfig(IReadOnlyList<string> AllowedOrigins, IReadOnlyList<string> AllowedHeaders)
{
    /// <summary>Headers that every allowed page may send.</summary>
    public static IReadOnlyList<string> StandardHeaders { get; } =
    [
        "Content-Type", "X-Requested-With", "X-Vault-AWS-IAM-Server-ID", "X-Vault-MFA", "X-Vault-No-Request-Forwarding",
        "X-Vault-Wrap-Format", "X-Vault-Wrap-TTL", "X-Vault-Policy-Override", "Authorization", "X-Vault-Token",
    ];

    /// <summary>Whether a page of <paramref name="origin"/> may call.</summary>
    public bool Allows(string origin) =>
        AllowedOrigins is ["*"] || AllowedOrigins.Contains(origin, StringComparer.Ordinal);
}

/// <summary>Keeps the <see cref="CorsConfig"/>: read at unseal and when it changes, otherwise a field that the front
/// reads on every request.</summary>
public sealed class CorsStore
{
    private const string Key = "cors";

    private readonly Storage _core;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private CorsConfig? _current;

    private CorsStore(Storage core) => _core = core;

    /// <summary>What is allowed now; null: nothing.</summary>
    public CorsConfig? Current => Volatile.Read(ref _current);

    internal static async ValueTask<CorsStore> LoadAsync(Storage core, CancellationToken ct)
    {
        var store = new CorsStore(core);
        await store.ReloadAsync(ct);
        return store;
    }

    /// <summary>Where it lies, for those who wait for changes.</summary>
    internal string StoreKey => _core.Prefix + Key;

    /// <summary>Reads it again: another node may have changed it.</summary>
    internal async ValueTask ReloadAsync(CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            using var stored = await _core.GetAsync(Key, ct);
            Volatile.Write(ref _current,
                stored is null ? null : JsonSerializer.Deserialize(stored.Span, KernelJson.Default.CorsConfig));
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Sets what is allowed; null: nothing any more.</summary>
    public async ValueTask SetAsync(CorsConfig? config, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            if (config is null) await _core.DeleteAsync(Key, ct);
            else await _core.PutAsync(
                Key, JsonSerializer.SerializeToUtf8Bytes(config, KernelJson.Default.CorsConfig), ct);
            Volatile.Write(ref _current, config);
        }
        finally
        {
            _changing.Release();
        }
    }
}
