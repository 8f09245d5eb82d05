using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>A native public key, <c>age1…</c> (<c>c2sp.org/age</c>, "The X25519 recipient type").</summary>
public sealed class X25519Recipient : IAgeRecipient
{
    internal const string Prefix = "age";
    internal const string StanzaType = "X25519";
    private readonly byte[] _point;

    internal X25519Recipient(byte[] point) => _point = point;

    internal static ReadOnlySpan<byte> Info => "age-encryption.org/v1/X25519"u8;

    /// <inheritdoc/>
    public AgeOutcome<AgeWrapped> Wrap(SecretBuffer fileKey)
    {
        using var secret = SecretBuffer.Rent(Sodium.PointBytes);
        RandomNumberGenerator.Fill(secret.Span);
        var share = Sodium.PublicOf(secret.Span);
        Span<byte> shared = stackalloc byte[Sodium.PointBytes];
        if (!Sodium.TryMultiply(secret.Span, _point, shared))
            return AgeOutcome<AgeWrapped>.Failed(AgeFaultKind.Key, "the recipient is a point of low order, not a key");
        Span<byte> wrapKey = stackalloc byte[32];
        FileKey.DeriveWrapKey(shared, share, _point, Info, wrapKey);
        var body = FileKey.Wrap(fileKey, wrapKey, new byte[12]);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(wrapKey);
        return AgeOutcome<AgeWrapped>.Of(
            new AgeWrapped([new AgeStanza(StanzaType, [RawBase64.Encode(share)], body)], []));
    }

    /// <summary>The key as it is written: <c>age1…</c>.</summary>
    public override string ToString() => Bech32.Encode(Prefix, _point);
}
