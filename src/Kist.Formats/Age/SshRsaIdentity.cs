using System.Security.Cryptography;
using Kist.Secrets;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math;

namespace Kist.Formats.Age;

/// <summary>An <c>ssh-rsa</c> private key.</summary>
public sealed class SshRsaIdentity : IAgeIdentity
{
    private readonly byte[] _blob;
    private readonly string _tag;
    private readonly RsaPrivateCrtKeyParameters _key;

    private SshRsaIdentity(byte[] blob, RsaPrivateCrtKeyParameters key) =>
        (_blob, _tag, _key) = (blob, SshPublicKey.Tag(blob), key);

    /// <inheritdoc/>
    public AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas)
    {
        foreach (var stanza in stanzas)
        {
            if (stanza.Type != SshPublicKey.Rsa) continue;
            if (stanza.Arguments.Count != 1) return Malformed("an ssh-rsa stanza does not have one tag");
            if (stanza.Arguments[0] != _tag) continue;
            return Decrypt(stanza.Body.ToArray()) is { } fileKey
                ? AgeOutcome<SecretBuffer?>.Of(fileKey)
                : Malformed("an ssh-rsa stanza names this key and was not made for it");
        }
        return default;
    }

    /// <inheritdoc/>
    public AgeOutcome<IReadOnlyList<IAgeRecipient>> Recipients() =>
        SshPublicKey.FromBlob(_blob).Try(out var recipient, out var fault)
            ? AgeOutcome<IReadOnlyList<IAgeRecipient>>.Of([recipient]) : fault;

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>The key's numbers lie in managed memory, which cannot be zeroed; they go with the identity.</summary>
    public void Dispose()
    {
    }

    /// <summary>Checks that the numbers belong together.</summary>
    internal static AgeOutcome<IAgeIdentity> Create(RSAParameters key)
    {
        if (key.Modulus is null || key.Exponent is null || key.P is null || key.Q is null || key.D is null
            || key.DP is null || key.DQ is null || key.InverseQ is null)
            return Wrong();
        try
        {
            var p = new BigInteger(1, key.P);
            var q = new BigInteger(1, key.Q);
            var n = new BigInteger(1, key.Modulus);
            if (!p.Multiply(q).Equals(n)) return Wrong();
            var made = new RsaPrivateCrtKeyParameters(n, new BigInteger(1, key.Exponent), new BigInteger(1, key.D),
                p, q, new BigInteger(1, key.DP), new BigInteger(1, key.DQ), new BigInteger(1, key.InverseQ));
            var blob = SshPublicKey.Blob("ssh-rsa"u8, made.PublicExponent.ToByteArray(), n.ToByteArray());
            return AgeOutcome<IAgeIdentity>.Of(new SshRsaIdentity(blob, made));
        }
        catch (ArgumentException)
        {
            return Wrong();
        }
    }

    private SecretBuffer? Decrypt(byte[] body)
    {
        try
        {
            var clear = SshRsaRecipient.Oaep(forEncryption: false, _key).ProcessBlock(body, 0, body.Length);
            var fileKey = clear.Length == FileKey.Bytes ? SecretBuffer.Copy(clear) : null;
            CryptographicOperations.ZeroMemory(clear);
            return fileKey;
        }
        catch (CryptoException)
        {
            return null; // another length, or the padding does not hold
        }
    }

    private static AgeOutcome<IAgeIdentity> Wrong() => AgeOutcome<IAgeIdentity>.Failed(
        AgeFaultKind.Key, "the numbers of the RSA private key do not belong together");

    private static AgeOutcome<SecretBuffer?> Malformed(string what) =>
        AgeOutcome<SecretBuffer?>.Failed(AgeFaultKind.Header, what);
}
