using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kist.Formats.Age;

/// <summary>
/// Encrypts or decrypts single chunks of a payload: ChaCha20-Poly1305, the nonce being the chunk's number and whether
/// it is the last (STREAM). Not for two threads at once.
/// </summary>
internal sealed class ChunkCipher(ReadOnlySpan<byte> payloadKey) : IDisposable
{
    public const int PlainBytes = 64 * 1024;
    public const int TagBytes = 16;
    public const int SealedBytes = PlainBytes + TagBytes;
    private readonly ChaCha20Poly1305 _cipher = new(payloadKey);

    public void Seal(ReadOnlySpan<byte> plain, Span<byte> chunk, long number, bool last)
    {
        Span<byte> nonce = stackalloc byte[12];
        WriteNonce(nonce, number, last);
        _cipher.Encrypt(nonce, plain, chunk[..plain.Length], chunk.Slice(plain.Length, TagBytes));
    }

    public bool TryOpen(ReadOnlySpan<byte> chunk, Span<byte> plain, long number, bool last)
    {
        if (chunk.Length < TagBytes) return false;
        Span<byte> nonce = stackalloc byte[12];
        WriteNonce(nonce, number, last);
        try
        {
            _cipher.Decrypt(nonce, chunk[..^TagBytes], chunk[^TagBytes..], plain);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => _cipher.Dispose();

    private static void WriteNonce(Span<byte> nonce, long number, bool last)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce[3..], number);
        nonce[11] = (byte)(last ? 1 : 0);
    }
}
