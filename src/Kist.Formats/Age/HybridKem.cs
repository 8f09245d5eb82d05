using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;

namespace Kist.Formats.Age;

/// <summary>
/// MLKEM768-X25519, also called X-Wing: ML-KEM-768 (FIPS 203) and X25519 side by side; whoever wants the shared secret
/// has to break both (<c>filippo.io/hpke-pq</c>, draft-irtf-cfrg-concrete-hybrid-kems).
/// </summary>
internal static class HybridKem
{
    public const int SeedBytes = 32;
    public const int PublicBytes = KyberPublicBytes + Sodium.PointBytes;
    public const int EncapsulationBytes = KyberCiphertextBytes + Sodium.PointBytes;
    private const int KyberSeedBytes = 64;
    private const int KyberPublicBytes = 1184;
    private const int KyberCiphertextBytes = 1088;
    private const int SharedBytes = 32;

    private static ReadOnlySpan<byte> Label => @"\.//^\"u8;

    /// <summary>The public key that belongs to a seed.</summary>
    public static byte[] PublicOf(ReadOnlySpan<byte> seed)
    {
        var (kyber, scalar) = Expand(seed);
        var key = new byte[PublicBytes];
        kyber.GetPublicKeyEncoded().CopyTo(key, 0);
        Sodium.PublicOf(scalar).CopyTo(key, KyberPublicBytes);
        CryptographicOperations.ZeroMemory(scalar);
        return key;
    }

    /// <summary>Whether the bytes are a public key.</summary>
    public static bool IsPublic(ReadOnlySpan<byte> key) =>
        key.Length == PublicBytes && ReadPublic(key[..KyberPublicBytes]) is not null;

    /// <summary>Makes a shared secret and what the owner of the key makes it from again; false when the key's X25519
    /// half has a low order.</summary>
    public static bool TryEncapsulate(ReadOnlySpan<byte> key, out byte[] encapsulation, Span<byte> shared)
    {
        encapsulation = new byte[EncapsulationBytes];
        Span<byte> secrets = stackalloc byte[2 * SharedBytes];
        var encapsulator = new MLKemEncapsulator(MLKemParameters.ml_kem_768);
        encapsulator.Init(ReadPublic(key[..KyberPublicBytes])
            ?? throw new CryptographicException("this is no ML-KEM-768 key"));
        var kyber = new byte[KyberCiphertextBytes];
        var kyberSecret = new byte[SharedBytes];
        encapsulator.Encapsulate(kyber, 0, kyber.Length, kyberSecret, 0, kyberSecret.Length);
        kyberSecret.CopyTo(secrets);
        kyber.CopyTo(encapsulation, 0);
        var scalar = RandomNumberGenerator.GetBytes(Sodium.PointBytes);
        Sodium.PublicOf(scalar).CopyTo(encapsulation, KyberCiphertextBytes);
        var holds = Sodium.TryMultiply(scalar, key[KyberPublicBytes..], secrets[SharedBytes..]);
        Combine(secrets, encapsulation.AsSpan(KyberCiphertextBytes), key[KyberPublicBytes..], shared);
        CryptographicOperations.ZeroMemory(scalar);
        CryptographicOperations.ZeroMemory(kyberSecret);
        CryptographicOperations.ZeroMemory(secrets);
        return holds;
    }

    /// <summary>Makes the shared secret again; false when the X25519 half has a low order. A damaged ML-KEM half gives
    /// another secret, which nothing was encrypted with.</summary>
    public static bool TryDecapsulate(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> encapsulation, Span<byte> shared)
    {
        var (kyber, scalar) = Expand(seed);
        Span<byte> secrets = stackalloc byte[2 * SharedBytes];
        var decapsulator = new MLKemDecapsulator(MLKemParameters.ml_kem_768);
        decapsulator.Init(kyber);
        var ciphertext = encapsulation[..KyberCiphertextBytes].ToArray();
        var kyberSecret = new byte[SharedBytes];
        decapsulator.Decapsulate(ciphertext, 0, ciphertext.Length, kyberSecret, 0, kyberSecret.Length);
        kyberSecret.CopyTo(secrets);
        var share = encapsulation[KyberCiphertextBytes..];
        var holds = Sodium.TryMultiply(scalar, share, secrets[SharedBytes..]);
        Combine(secrets, share, Sodium.PublicOf(scalar), shared);
        CryptographicOperations.ZeroMemory(scalar);
        CryptographicOperations.ZeroMemory(kyberSecret);
        CryptographicOperations.ZeroMemory(secrets);
        return holds;
    }

    private static (MLKemPrivateKeyParameters Kyber, byte[] Scalar) Expand(ReadOnlySpan<byte> seed)
    {
        Span<byte> expanded = stackalloc byte[KyberSeedBytes + Sodium.PointBytes];
        var shake = new ShakeDigest(256);
        shake.BlockUpdate(seed);
        shake.OutputFinal(expanded);
        var kyberSeed = expanded[..KyberSeedBytes].ToArray();
        var kyber = MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_768, kyberSeed);
        var scalar = expanded[KyberSeedBytes..].ToArray();
        CryptographicOperations.ZeroMemory(kyberSeed);
        CryptographicOperations.ZeroMemory(expanded);
        return (kyber, scalar);
    }

    private static void Combine(
        ReadOnlySpan<byte> secrets, ReadOnlySpan<byte> share, ReadOnlySpan<byte> point, Span<byte> shared)
    {
        var hash = new Sha3Digest(256);
        hash.BlockUpdate(secrets);
        hash.BlockUpdate(share);
        hash.BlockUpdate(point);
        hash.BlockUpdate(Label);
        hash.DoFinal(shared);
    }

    private static MLKemPublicKeyParameters? ReadPublic(ReadOnlySpan<byte> encoding)
    {
        try
        {
            return MLKemPublicKeyParameters.FromEncoding(MLKemParameters.ml_kem_768, encoding.ToArray());
        }
        catch (ArgumentException)
        {
            return null; // a coefficient beyond the modulus
        }
    }
}
