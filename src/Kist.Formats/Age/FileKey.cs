using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>The 16 bytes that open one file, and how most recipients wrap them: ChaCha20-Poly1305 under a key of one
/// use, so that the nonce is zero.</summary>
internal static class FileKey
{
    public const int Bytes = 16;
    public const int WrappedBytes = Bytes + TagBytes;
    private const int TagBytes = 16;

    public static SecretBuffer New()
    {
        var key = SecretBuffer.Rent(Bytes);
        RandomNumberGenerator.Fill(key.Span);
        return key;
    }

    public static byte[] Wrap(SecretBuffer fileKey, ReadOnlySpan<byte> wrapKey, ReadOnlySpan<byte> nonce)
    {
        var body = new byte[WrappedBytes];
        using var cipher = new ChaCha20Poly1305(wrapKey);
        cipher.Encrypt(nonce, fileKey.Span, body.AsSpan(0, Bytes), body.AsSpan(Bytes));
        return body;
    }

    /// <summary>The file key; null when the body was made with another key.</summary>
    /// <remarks>The body's length is checked before: a body of another length could be made to open under several keys
    /// (a partitioning oracle).</remarks>
    public static SecretBuffer? Unwrap(ReadOnlySpan<byte> body, ReadOnlySpan<byte> wrapKey, ReadOnlySpan<byte> nonce)
    {
        var fileKey = SecretBuffer.Rent(Bytes);
        using var cipher = new ChaCha20Poly1305(wrapKey);
        try
        {
            cipher.Decrypt(nonce, body[..Bytes], body[Bytes..], fileKey.Span);
            return fileKey;
        }
        catch (AuthenticationTagMismatchException)
        {
            fileKey.Dispose();
            return null;
        }
    }

    /// <summary>The wrap key of a Diffie-Hellman recipient: HKDF-SHA-256 over the shared secret with both public keys
    /// as salt.</summary>
    public static void DeriveWrapKey(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> share, ReadOnlySpan<byte> recipient,
        ReadOnlySpan<byte> info, Span<byte> wrapKey)
    {
        Span<byte> salt = stackalloc byte[share.Length + recipient.Length];
        share.CopyTo(salt);
        recipient.CopyTo(salt[share.Length..]);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, wrapKey, salt, info);
    }
}
