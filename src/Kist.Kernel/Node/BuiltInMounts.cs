using System.Text.Json;
using System.Security.Cryptography;
using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;

namespace Kist.Kernel.Node;

/// <summary>The mounts that every node has: they are made with the store and cannot be removed.</summary>
public static class BuiltInMounts
{
    private static readonly (string Path, string Type, string Description)[] All =
    [
        ("sys/", "system", "system endpoints used for control, policy and debugging"),
        ("cubbyhole/", "cubbyhole", "per-token private secret storage"),
        ("identity/", "identity", "identity store"),
        ("auth/token/", "token", "token based credentials"),
    ];

    /// <summary>Whether <paramref name="path"/> (with its slash) is one of them or lies in one.</summary>
    public static bool Covers(string path) =>
        path == "auth/" || Array.Exists(All, m => path.StartsWith(m.Path, StringComparison.Ordinal));

    /// <summary>Writes the entries that are missing.</summary>
    internal static async ValueTask EnsureAsync(Unsealed kernel, Storage core, CancellationToken ct)
    {
        using (var done = await core.GetAsync("built-in-mounts", ct))
            if (done is not null) return;
        await core.TransactAsync(async tx =>
        {
            if (await tx.GetAsync("built-in-mounts") is not null) return;
            foreach (var (path, type, description) in All)
            {
                var isLogin = path.StartsWith("auth/", StringComparison.Ordinal);
                var entry = new MountEntry
                {
                    Path = path,
                    Type = type,
                    Description = description,
                    Uuid = new Guid(RandomNumberGenerator.GetBytes(16)).ToString(),
                    Accessor = (isLogin ? "auth_" : "") + type + "_"
                        + RandomNumberGenerator.GetHexString(8, lowercase: true),
                    Local = type == "cubbyhole",
                    PassthroughRequestHeaders = type switch
                    {
                        "system" => ["Accept"],
                        "identity" => ["Authorization"],
                        _ => null,
                    },
                    TokenType = isLogin ? "default-service" : null,
                };
                tx.Put("mounts/" + entry.Uuid,
                    JsonSerializer.SerializeToUtf8Bytes(entry, KernelJson.Default.MountEntry));
            }
            tx.Put("built-in-mounts", "1"u8);
        }, ct);
    }
}
