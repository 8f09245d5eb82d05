using Kist.Secrets;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Encodings;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;

namespace Kist.Formats.Age;

/// <summary>An <c>ssh-rsa</c> public key: RSA-OAEP with SHA-256 and a label, which the platform's RSA cannot set.
/// </summary>
public sealed class SshRsaRecipient : IAgeRecipient
{
    /// <summary>What age accepts.</summary>
    private const int MinBits = 2048;

    /// <summary>What OpenSSH accepts.</summary>
    private const int MaxBits = 16_384;

    private readonly byte[] _blob;
    private readonly RsaKeyParameters _key;

    private SshRsaRecipient(byte[] blob, RsaKeyParameters key) => (_blob, _key) = (blob, key);

    /// <inheritdoc/>
    public AgeOutcome<AgeWrapped> Wrap(SecretBuffer fileKey)
    {
        var cipher = Oaep(forEncryption: true, _key);
        var clear = fileKey.Span.ToArray();
        var body = cipher.ProcessBlock(clear, 0, clear.Length);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(clear);
        return AgeOutcome<AgeWrapped>.Of(
            new AgeWrapped([new AgeStanza(SshPublicKey.Rsa, [SshPublicKey.Tag(_blob)], body)], []));
    }

    /// <summary>The key as it is written: <c>ssh-rsa …</c>.</summary>
    public override string ToString() => $"{SshPublicKey.Rsa} {Convert.ToBase64String(_blob)}";

    internal static AgeOutcome<IAgeRecipient> Create(
        byte[] blob, ReadOnlySpan<byte> exponent, ReadOnlySpan<byte> modulus)
    {
        if (modulus.Length * 8 < MinBits || modulus.Length * 8 > MaxBits)
            return Wrong($"the ssh-rsa key is shorter than {MinBits} bits or longer than {MaxBits}");
        if (exponent.Length > 4 || (exponent[^1] & 1) == 0 || (modulus[^1] & 1) == 0 || exponent is [1])
            return Wrong("the ssh-rsa key has an exponent or a modulus that no RSA key has");
        try
        {
            var key = new RsaKeyParameters(false, new BigInteger(1, modulus), new BigInteger(1, exponent));
            return AgeOutcome<IAgeRecipient>.Of(new SshRsaRecipient(blob, key));
        }
        catch (ArgumentException)
        {
            return Wrong("the modulus of the ssh-rsa key is not the product of two primes");
        }
    }

    internal static OaepEncoding Oaep(bool forEncryption, RsaKeyParameters key)
    {
        var label = "age-encryption.org/v1/ssh-rsa"u8.ToArray();
        var oaep = new OaepEncoding(new RsaBlindedEngine(), new Sha256Digest(), new Sha256Digest(), label);
        oaep.Init(forEncryption, new ParametersWithRandom(key, new SecureRandom()));
        return oaep;
    }

    private static AgeOutcome<IAgeRecipient> Wrong(string message) =>
        AgeOutcome<IAgeRecipient>.Failed(AgeFaultKind.Key, message);
}
