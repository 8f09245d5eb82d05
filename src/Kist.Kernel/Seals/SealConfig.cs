using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Kist.Kernel.Seals;

/// <summary>
/// How the stored root key is wrapped. Kept in clear, because it must be read before anything can be decrypted.
/// </summary>
/// <param name="Type">The seal's <see cref="ISeal.Type"/>.</param>
/// <param name="Shares">How many key shares were handed out; 0 for a seal that opens by itself.</param>
/// <param name="Threshold">How many of them are needed; 0 for a seal that opens by itself.</param>
/// <param name="Nonce">Changes with every new wrapping; random hexadecimal text, so that a share-holder can tell one
/// set of shares from another.</param>
public sealed record SealConfig(string Type, int Shares, int Threshold, string Nonce)
{
    /// <summary>A new <see cref="Nonce"/>.</summary>
    public static string NewNonce() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}

/// <summary>The stored root key: wrapped, and how.</summary>
public sealed record StoredRootKey(SealConfig Config, ReadOnlyMemory<byte> Wrapped);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SealConfig))]
[JsonSerializable(typeof(StoredRecoveryKey))]
internal sealed partial class SealJson : JsonSerializerContext;
