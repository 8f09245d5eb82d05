using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>
/// An <c>ssh-ed25519</c> public key: X25519 with the Montgomery form of the key, and a tweak made from the SSH key so
/// that what is encrypted to it is of no use with the bare X25519 key.
/// </summary>
public sealed class SshEd25519Recipient : IAgeRecipient
{
    private readonly byte[] _blob;
    private readonly byte[] _point;

    private SshEd25519Recipient(byte[] blob, byte[] point) => (_blob, _point) = (blob, point);

    internal static ReadOnlySpan<byte> Info => "age-encryption.org/v1/ssh-ed25519"u8;

    /// <inheritdoc/>
    public AgeOutcome<AgeWrapped> Wrap(SecretBuffer fileKey)
    {
        Span<byte> secret = stackalloc byte[Sodium.PointBytes];
        RandomNumberGenerator.Fill(secret);
        var share = Sodium.PublicOf(secret);
        Span<byte> wrapKey = stackalloc byte[32];
        var holds = TryDeriveWrapKey(secret, _point, share, _point, _blob, wrapKey);
        CryptographicOperations.ZeroMemory(secret);
        if (!holds) return AgeOutcome<AgeWrapped>.Failed(AgeFaultKind.Key, "the SSH key is a point of low order");
        var body = FileKey.Wrap(fileKey, wrapKey, new byte[12]);
        CryptographicOperations.ZeroMemory(wrapKey);
        string[] arguments = [SshPublicKey.Tag(_blob), RawBase64.Encode(share)];
        return AgeOutcome<AgeWrapped>.Of(new AgeWrapped([new AgeStanza(SshPublicKey.Ed25519, arguments, body)], []));
    }

    /// <summary>The key as it is written: <c>ssh-ed25519 …</c>.</summary>
    public override string ToString() => $"{SshPublicKey.Ed25519} {Convert.ToBase64String(_blob)}";

    internal static AgeOutcome<IAgeRecipient> Create(byte[] blob, ReadOnlySpan<byte> edwards)
    {
        var point = new byte[Sodium.PointBytes];
        return Sodium.TryConvert(edwards, point)
            ? AgeOutcome<IAgeRecipient>.Of(new SshEd25519Recipient(blob, point))
            : AgeOutcome<IAgeRecipient>.Failed(AgeFaultKind.Key, "the ssh-ed25519 key is no point of the curve");
    }

    /// <summary>The wrap key of both sides.</summary>
    /// <param name="scalar">This side's secret.</param>
    /// <param name="other">The other side's point.</param>
    internal static bool TryDeriveWrapKey(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> other,
        ReadOnlySpan<byte> share, ReadOnlySpan<byte> recipient, ReadOnlySpan<byte> blob, Span<byte> wrapKey)
    {
        Span<byte> shared = stackalloc byte[Sodium.PointBytes];
        Span<byte> tweak = stackalloc byte[Sodium.PointBytes];
        Span<byte> tweaked = stackalloc byte[Sodium.PointBytes];
        // HKDF of no key at all, which OpenSSL's refuses: its first half is this.
        Span<byte> extracted = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(blob, [], extracted);
        HKDF.Expand(HashAlgorithmName.SHA256, extracted, tweak, Info);
        if (!Sodium.TryMultiply(scalar, other, shared) || !Sodium.TryMultiply(tweak, shared, tweaked)) return false;
        FileKey.DeriveWrapKey(tweaked, share, recipient, Info, wrapKey);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(tweaked);
        return true;
    }
}
