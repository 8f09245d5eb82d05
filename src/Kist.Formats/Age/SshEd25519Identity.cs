using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>An <c>ssh-ed25519</c> private key.</summary>
public sealed class SshEd25519Identity : IAgeIdentity
{
    private readonly SecretBuffer _scalar;
    private readonly byte[] _blob;
    private readonly byte[] _point;
    private readonly string _tag;

    /// <param name="seed">The 32 bytes of the private key (RFC 8032).</param>
    /// <param name="edwards">The public key.</param>
    internal SshEd25519Identity(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> edwards)
    {
        Span<byte> hash = stackalloc byte[64];
        SHA512.HashData(seed, hash);
        _scalar = SecretBuffer.Copy(hash[..Sodium.PointBytes]);
        CryptographicOperations.ZeroMemory(hash);
        _blob = SshPublicKey.Blob("ssh-ed25519"u8, edwards.ToArray());
        _point = Sodium.PublicOf(_scalar.Span);
        _tag = SshPublicKey.Tag(_blob);
    }

    /// <inheritdoc/>
    public AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas)
    {
        foreach (var stanza in stanzas)
        {
            if (stanza.Type != SshPublicKey.Ed25519) continue;
            if (stanza.Arguments.Count != 2
                || RawBase64.Decode(stanza.Arguments[1], Sodium.PointBytes) is not { } share
                || stanza.Body.Length != FileKey.WrappedBytes)
                return Malformed("an ssh-ed25519 stanza does not have a tag, a share and a body of 32 bytes");
            if (stanza.Arguments[0] == _tag) return Unwrap(share, stanza.Body.Span);
        }
        return default;
    }

    /// <inheritdoc/>
    public AgeOutcome<IReadOnlyList<IAgeRecipient>> Recipients() =>
        SshPublicKey.FromBlob(_blob).Try(out var recipient, out var fault)
            ? AgeOutcome<IReadOnlyList<IAgeRecipient>>.Of([recipient]) : fault;

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the key.</summary>
    public void Dispose() => _scalar.Dispose();

    private AgeOutcome<SecretBuffer?> Unwrap(ReadOnlySpan<byte> share, ReadOnlySpan<byte> body)
    {
        Span<byte> wrapKey = stackalloc byte[32];
        if (!SshEd25519Recipient.TryDeriveWrapKey(_scalar.Span, share, share, _point, _blob, wrapKey))
            return Malformed("an ssh-ed25519 stanza has a share of low order");
        var fileKey = FileKey.Unwrap(body, wrapKey, new byte[12]);
        CryptographicOperations.ZeroMemory(wrapKey);
        return fileKey is null
            ? Malformed("an ssh-ed25519 stanza names this key and was not made for it")
            : AgeOutcome<SecretBuffer?>.Of(fileKey);
    }

    private static AgeOutcome<SecretBuffer?> Malformed(string what) =>
        AgeOutcome<SecretBuffer?>.Failed(AgeFaultKind.Header, what);
}
