using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Kist.Formats.Age;

/// <summary>What libsodium has and the platform has not: X25519, the birational map of Ed25519 keys, scrypt.</summary>
internal static unsafe partial class Sodium
{
    /// <summary>The length of a scalar and of a point.</summary>
    public const int PointBytes = 32;

    private const string Library = "libsodium";

    static Sodium()
    {
        if (Initialize() < 0) throw new CryptographicException("libsodium cannot be initialised");
    }

    /// <summary>X25519 (RFC 7748, 5) of a scalar and a point. False when the result is all zero: the point has a low
    /// order, and nobody honest sent it.</summary>
    public static bool TryMultiply(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> point, Span<byte> product)
    {
        Check(scalar.Length == PointBytes && point.Length == PointBytes && product.Length == PointBytes);
        fixed (byte* n = scalar, p = point, q = product) return Multiply(q, n, p) == 0;
    }

    /// <summary>X25519 of a scalar and the base point.</summary>
    public static byte[] PublicOf(ReadOnlySpan<byte> scalar)
    {
        Check(scalar.Length == PointBytes);
        var point = new byte[PointBytes];
        fixed (byte* n = scalar, q = point) Check(MultiplyBase(q, n) == 0);
        return point;
    }

    /// <summary>The Montgomery form of an Ed25519 public key; false when it is no point of the curve's large group.
    /// </summary>
    public static bool TryConvert(ReadOnlySpan<byte> edwards, Span<byte> montgomery)
    {
        Check(edwards.Length == PointBytes && montgomery.Length == PointBytes);
        fixed (byte* from = edwards, to = montgomery) return Convert(to, from) == 0;
    }

    /// <summary>The Ed25519 public key that belongs to a private one (RFC 8032, 5.1.5).</summary>
    public static void SigningPublicOf(ReadOnlySpan<byte> seed, Span<byte> edwards)
    {
        Check(seed.Length == PointBytes && edwards.Length == PointBytes);
        Span<byte> pair = stackalloc byte[2 * PointBytes];
        fixed (byte* from = seed, to = edwards, both = pair) Check(SigningPair(to, both, from) == 0);
        CryptographicOperations.ZeroMemory(pair);
    }

    /// <summary>scrypt (RFC 7914). False when there is no memory for it.</summary>
    public static bool TryScrypt(
        ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int logN, int r, int p, Span<byte> key)
    {
        fixed (byte* text = passphrase, grains = salt, to = key)
            return Derive(text, (nuint)passphrase.Length, grains, (nuint)salt.Length, 1UL << logN, (uint)r, (uint)p,
                to, (nuint)key.Length) == 0;
    }

    private static void Check(bool holds)
    {
        if (!holds) throw new CryptographicException("a key of the wrong length");
    }

    [LibraryImport(Library, EntryPoint = "sodium_init")]
    private static partial int Initialize();

    [LibraryImport(Library, EntryPoint = "crypto_scalarmult_curve25519")]
    private static partial int Multiply(byte* product, byte* scalar, byte* point);

    [LibraryImport(Library, EntryPoint = "crypto_scalarmult_curve25519_base")]
    private static partial int MultiplyBase(byte* product, byte* scalar);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_pk_to_curve25519")]
    private static partial int Convert(byte* montgomery, byte* edwards);

    [LibraryImport(Library, EntryPoint = "crypto_sign_seed_keypair")]
    private static partial int SigningPair(byte* edwards, byte* pair, byte* seed);

    [LibraryImport(Library, EntryPoint = "crypto_pwhash_scryptsalsa208sha256_ll")]
    private static partial int Derive(byte* passphrase, nuint passphraseLength, byte* salt, nuint saltLength, ulong n,
        uint r, uint p, byte* key, nuint keyLength);
}
