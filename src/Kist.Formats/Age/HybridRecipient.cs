using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>A post-quantum public key, <c>age1pq1…</c> (<c>c2sp.org/age</c>, "The MLKEM768-X25519 hybrid post-quantum
/// recipient type").</summary>
public sealed class HybridRecipient : IAgeRecipient
{
    internal const string Prefix = "age1pq";
    internal const string StanzaType = "mlkem768x25519";
    internal const ushort Kem = 0x647a;

    /// <summary>Files for post-quantum recipients are for such only.</summary>
    private const string Label = "postquantum";

    private readonly byte[] _key;

    internal HybridRecipient(byte[] key) => _key = key;

    internal static ReadOnlySpan<byte> Info => "age-encryption.org/mlkem768x25519"u8;

    /// <inheritdoc/>
    public AgeOutcome<AgeWrapped> Wrap(SecretBuffer fileKey)
    {
        Span<byte> shared = stackalloc byte[32];
        if (!HybridKem.TryEncapsulate(_key, out var encapsulation, shared))
            return AgeOutcome<AgeWrapped>.Failed(AgeFaultKind.Key,
                "the X25519 half of the recipient is a point of low order, not a key");
        Span<byte> wrapKey = stackalloc byte[32];
        Span<byte> nonce = stackalloc byte[12];
        Hpke.Derive(Kem, shared, Info, wrapKey, nonce);
        var body = FileKey.Wrap(fileKey, wrapKey, nonce);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(wrapKey);
        return AgeOutcome<AgeWrapped>.Of(
            new AgeWrapped([new AgeStanza(StanzaType, [RawBase64.Encode(encapsulation)], body)], [Label]));
    }

    /// <summary>The key as it is written: <c>age1pq1…</c>.</summary>
    public override string ToString() => Bech32.Encode(Prefix, _key);

    internal static AgeOutcome<IAgeRecipient> Create(ReadOnlySpan<byte> key) => HybridKem.IsPublic(key)
        ? AgeOutcome<IAgeRecipient>.Of(new HybridRecipient(key.ToArray()))
        : AgeOutcome<IAgeRecipient>.Failed(AgeFaultKind.Key, "an age1pq1 recipient holds a key of 1216 bytes");
}
