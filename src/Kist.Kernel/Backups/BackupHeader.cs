using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kist.Kernel.Seals;
using Kist.Secrets;

namespace Kist.Kernel.Backups;

/// <summary>
/// What of a backup is readable without its key: which it is, when it was made, and the root key as the seal has
/// wrapped it. Nothing of what is inside.
/// </summary>
/// <param name="Format">Always <see cref="FormatName"/>.</param>
/// <param name="Version">Always <see cref="CurrentVersion"/>.</param>
/// <param name="Id">32 random bytes in hexadecimal; no two backups have the same keys.</param>
/// <param name="Created">When it was begun, UTC.</param>
/// <param name="Seal">How the root key is wrapped.</param>
/// <param name="RootKey">The wrapped root key.</param>
public sealed record BackupHeader(
    string Format, int Version, string Id, DateTimeOffset Created, SealConfig Seal, byte[] RootKey)
{
    /// <summary>What every header begins with.</summary>
    public const string FormatName = "kist-backup";

    /// <summary>The version that this program writes; it reads no other.</summary>
    public const int CurrentVersion = 1;

    internal const int MostBytes = 65_536;

    private const int IdBytes = 32;

    /// <summary>A header of a new backup.</summary>
    public static BackupHeader New(StoredRootKey root, DateTimeOffset now) => new(FormatName, CurrentVersion,
        RandomNumberGenerator.GetHexString(IdBytes * 2, lowercase: true),
        DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()), root.Config, root.Wrapped.ToArray());

    internal byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this, BackupJson.Default.BackupHeader);

    internal static BackupHeader Parse(ReadOnlySpan<byte> json)
    {
        BackupHeader? header = null;
        try
        {
            header = JsonSerializer.Deserialize(json, BackupJson.Default.BackupHeader);
        }
        catch (JsonException)
        {
            // A snapshot of Vault's own has other fields in the file of this name.
        }
        if (header is not { Format: FormatName })
            throw new BackupException(BackupFailure.NotABackup, "this is not a backup of Kist");
        if (header.Version != CurrentVersion)
            throw new BackupException(BackupFailure.NotABackup,
                $"the backup has format {header.Version}, this program reads {CurrentVersion}; use a newer Kist");
        if (header is not { Id.Length: IdBytes * 2, Seal: { Type: not null, Nonce: not null }, RootKey.Length: > 0 }
            || header.Id.AsSpan().ContainsAnyExcept("0123456789abcdef"))
            throw new BackupException(BackupFailure.Damaged, "the backup is damaged: its header is incomplete");
        return header;
    }

    /// <summary>The keys of this backup. <paramref name="json"/> is the header as it stands in the file: a changed
    /// header has other keys.</summary>
    internal BackupKeys KeysFrom(SecretBuffer rootKey, ReadOnlySpan<byte> json)
    {
        byte[] purpose = [.. "kist backup v1"u8, .. SHA256.HashData(json)];
        Span<byte> both = stackalloc byte[BackupKeys.Bytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, rootKey.Span, both, Convert.FromHexString(Id), purpose);
        var keys = new BackupKeys(both);
        CryptographicOperations.ZeroMemory(both);
        return keys;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BackupHeader))]
internal sealed partial class BackupJson : JsonSerializerContext;
