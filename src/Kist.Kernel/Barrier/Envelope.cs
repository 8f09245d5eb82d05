using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Crypto;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Barrier;

/// <summary>
/// The form of every encrypted entry: 1 byte format version, 4 bytes key term (big-endian), 12 bytes random nonce,
/// ciphertext, 16 bytes tag. AES-256-GCM (NIST SP 800-38D) with the header and the whole storage key as associated
/// data, so that an entry opens under its own key only.
/// </summary>
internal static class Envelope
{
    public const int TagBytes = GcmCipher.TagBytes;
    public const int Overhead = HeaderBytes + NonceBytes + TagBytes;
    private const byte FormatVersion = 1;
    private const int HeaderBytes = 5;
    private const int NonceBytes = GcmCipher.NonceBytes;

    // A lone surrogate would be encoded as U+FFFD, and two different keys would become the same associated data.
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    public static byte[] Encrypt(KeyTerm term, string key, ReadOnlySpan<byte> plain)
    {
        var entry = GC.AllocateUninitializedArray<byte>(Overhead + plain.Length);
        entry[0] = FormatVersion;
        BinaryPrimitives.WriteUInt32BigEndian(entry.AsSpan(1), term.Number);
        var nonce = entry.AsSpan(HeaderBytes, NonceBytes);
        PublicRandom.Fill(nonce);
        var cipher = term.Rent();
        try
        {
            Seal(cipher, key, entry, nonce, plain);
        }
        finally
        {
            term.Return(cipher);
        }
        return entry;
    }

    /// <summary>The key term of an entry, or null when it cannot be one of ours.</summary>
    public static uint? TermOf(ReadOnlySpan<byte> entry) =>
        entry.Length >= Overhead && entry[0] == FormatVersion ? BinaryPrimitives.ReadUInt32BigEndian(entry[1..]) : null;

    /// <summary>Decrypts into <paramref name="plain"/>, which has <see cref="Overhead"/> bytes less than the entry.
    /// Throws <see cref="CorruptEntryException"/> when the entry is not of this key and name.</summary>
    public static void Decrypt(KeyTerm term, string key, ReadOnlySpan<byte> entry, Span<byte> plain)
    {
        var cipher = term.Rent();
        try
        {
            Open(cipher, key, entry, plain);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new CorruptEntryException(key, e);
        }
        finally
        {
            term.Return(cipher);
        }
    }

    [SkipLocalsInit]
    private static void Seal(
        GcmCipher cipher, string key, Span<byte> entry, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain)
    {
        Span<byte> associated = stackalloc byte[HeaderBytes + Batch.MaxKeyBytes];
        var used = Associate(entry, key, associated);
        cipher.Encrypt(
            nonce, plain, entry.Slice(HeaderBytes + NonceBytes, plain.Length), entry[^TagBytes..], associated[..used]);
    }

    [SkipLocalsInit]
    private static void Open(GcmCipher cipher, string key, ReadOnlySpan<byte> entry, Span<byte> plain)
    {
        Span<byte> associated = stackalloc byte[HeaderBytes + Batch.MaxKeyBytes];
        var used = Associate(entry, key, associated);
        var body = entry[(HeaderBytes + NonceBytes)..^TagBytes];
        cipher.Decrypt(entry.Slice(HeaderBytes, NonceBytes), body, entry[^TagBytes..], plain, associated[..used]);
    }

    private static int Associate(ReadOnlySpan<byte> entry, string key, Span<byte> target)
    {
        entry[..HeaderBytes].CopyTo(target);
        try
        {
            if (StrictUtf8.TryGetBytes(key, target[HeaderBytes..], out var written)) return HeaderBytes + written;
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException("a storage key is not valid Unicode", nameof(key), e);
        }
        throw new BatchLimitException($"a key has 1 to {Batch.MaxKeyBytes} bytes");
    }
}
