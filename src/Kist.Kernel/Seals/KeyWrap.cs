using System.Security.Cryptography;
using System.Text;
using Kist.Secrets;

namespace Kist.Kernel.Seals;

/// <summary>
/// Wraps one key with another, for seals that hold theirs in memory: 1 byte format version, 12 bytes random nonce,
/// ciphertext, 16 bytes tag; AES-256-GCM with the seal's type as associated data, so that one seal never opens what
/// another wrapped.
/// </summary>
public static class KeyWrap
{
    /// <summary>The bytes of a wrapping key.</summary>
    public const int KeyBytes = 32;

    private const byte FormatVersion = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int Overhead = 1 + NonceBytes + TagBytes;

    /// <summary>Encrypts <paramref name="secret"/> with <paramref name="key"/>.</summary>
    public static byte[] Wrap(LockedMemory key, string sealType, ReadOnlySpan<byte> secret)
    {
        var wrapped = new byte[Overhead + secret.Length];
        wrapped[0] = FormatVersion;
        var nonce = wrapped.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = CipherOf(key);
        var body = wrapped.AsSpan(1 + NonceBytes, secret.Length);
        cipher.Encrypt(nonce, secret, body, wrapped.AsSpan(^TagBytes..), Purpose(sealType));
        return wrapped;
    }

    /// <summary>The wrapped secret, which the caller disposes; null when the key is another one or the bytes are
    /// damaged.</summary>
    public static SecretBuffer? Unwrap(LockedMemory key, string sealType, ReadOnlySpan<byte> wrapped)
    {
        if (wrapped.Length < Overhead || wrapped[0] != FormatVersion) return null;
        var secret = SecretBuffer.Rent(wrapped.Length - Overhead);
        using var cipher = CipherOf(key);
        try
        {
            cipher.Decrypt(
                wrapped.Slice(1, NonceBytes), wrapped[(1 + NonceBytes)..^TagBytes], wrapped[^TagBytes..], secret.Span,
                Purpose(sealType));
            return secret;
        }
        catch (AuthenticationTagMismatchException)
        {
            secret.Dispose();
            return null;
        }
    }

    private static AesGcm CipherOf(LockedMemory key) =>
        key.Use(0, static (bytes, _) => new AesGcm(bytes, TagBytes));

    private static byte[] Purpose(string sealType) => Encoding.UTF8.GetBytes("kist root key, seal " + sealType);
}
