using System.Buffers.Binary;
using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Kernel.Backups;

/// <summary>
/// The keys of one backup: one encrypts its parts (AES-256-GCM; the nonce is the part's number and whether it is the
/// last, so that none can be moved, repeated or left out), the other seals the list of checksums (HMAC-SHA256).
/// </summary>
internal sealed class BackupKeys : IDisposable
{
    public const int Bytes = 64;
    public const int TagBytes = 16;
    public const int SealBytes = 32;

    private const int NonceBytes = 12;
    private readonly AesGcm _cipher;
    private readonly LockedMemory _sealKey;

    public BackupKeys(ReadOnlySpan<byte> both)
    {
        _cipher = new AesGcm(both[..32], TagBytes);
        _sealKey = LockedMemory.Copy(both[32..]);
    }

    /// <summary>Encrypts a part into <paramref name="sealedPart"/>, which has the tag behind it.</summary>
    public void Encrypt(long number, bool isLast, ReadOnlySpan<byte> plain, Span<byte> sealedPart)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        WriteNonce(nonce, number, isLast);
        _cipher.Encrypt(nonce, plain, sealedPart[..plain.Length], sealedPart[plain.Length..]);
    }

    /// <summary>False when the part is another one, changed, or of another key.</summary>
    public bool TryDecrypt(long number, bool isLast, ReadOnlySpan<byte> sealedPart, Span<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        WriteNonce(nonce, number, isLast);
        try
        {
            _cipher.Decrypt(nonce, sealedPart[..plain.Length], sealedPart[plain.Length..], plain);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    /// <summary>The seal over the SHA-256 of the list of checksums.</summary>
    public byte[] SealOf(byte[] hash) => _sealKey.Use(hash, static (key, hash) => HMACSHA256.HashData(key, hash));

    public void Dispose()
    {
        _cipher.Dispose();
        _sealKey.Dispose();
    }

    private static void WriteNonce(Span<byte> nonce, long number, bool isLast)
    {
        nonce.Clear();
        nonce[0] = isLast ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(nonce[4..], number);
    }
}
