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

/// <summary>Keeps the <see cref="CorsConfig"/>: read once at unseal, then a field that the front reads on every
/// request.</summary>
public sealed class CorsStore
{
    private const string Key = "cors";

    private readonly Storage _core;
    private CorsConfig? _current;

    private CorsStore(Storage core, CorsConfig? current) => (_core, _current) = (core, current);

    /// <summary>What is allowed now; null: nothing.</summary>
    public CorsConfig? Current => Volatile.Read(ref _current);

    internal static async ValueTask<CorsStore> LoadAsync(Storage core, CancellationToken ct)
    {
        using var stored = await core.GetAsync(Key, ct);
        return new CorsStore(core,
            stored is null ? null : JsonSerializer.Deserialize(stored.Span, KernelJson.Default.CorsConfig));
    }

    /// <summary>Sets what is allowed; null: nothing any more.</summary>
    public async ValueTask SetAsync(CorsConfig? config, CancellationToken ct)
    {
        if (config is null) await _core.DeleteAsync(Key, ct);
        else await _core.PutAsync(Key, JsonSerializer.SerializeToUtf8Bytes(config, KernelJson.Default.CorsConfig), ct);
        Volatile.Write(ref _current, config);
    }
}
