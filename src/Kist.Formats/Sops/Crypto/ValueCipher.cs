using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kist.Formats.Sops.Crypto;

/// <summary>
/// AES-256-GCM with a nonce of any length (NIST SP 800-38D), over the platform's AES in one key schedule per file.
/// </summary>
internal sealed class ValueCipher : IDisposable
{
    /// <summary>Bytes of a tag.</summary>
    public const int TagBytes = 16;

    /// <summary>Bytes of the nonces that are made here, as sops makes them.</summary>
    public const int NonceBytes = 32;

    private const int Block = 16;
    private const int BatchBlocks = 256;
    private readonly Aes _aes;
    private readonly ICryptoTransform _encrypt;
    private readonly GHash _hash;
    private readonly byte[] _counters = new byte[(BatchBlocks + 1) * Block];
    private readonly byte[] _stream = new byte[(BatchBlocks + 1) * Block];

    public ValueCipher(DataKey key)
    {
        _aes = Aes.Create();
        _aes.Mode = CipherMode.ECB;
        _aes.Padding = PaddingMode.None;
        _aes.SetKey(key.Span);
        _encrypt = _aes.CreateEncryptor();
        _encrypt.TransformBlock(_counters, 0, Block, _stream, 0);
        _hash = GHash.Of(_stream.AsSpan(0, Block));
    }

    /// <summary>Decrypts <paramref name="text"/>, which has its tag behind it, if it is authentic.</summary>
    /// <param name="plain">Of the length of the text without its tag; zero where it is not authentic.</param>
    public bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> text, Span<byte> plain)
    {
        if (text.Length < TagBytes || nonce.IsEmpty) return false;
        var body = text[..^TagBytes];
        Span<byte> first = stackalloc byte[Block];
        Span<byte> tag = stackalloc byte[TagBytes];
        FirstCounter(nonce, first);
        Apply(first, body, plain, tag);
        Authenticate(aad, body, tag);
        if (CryptographicOperations.FixedTimeEquals(tag, text[^TagBytes..])) return true;
        CryptographicOperations.ZeroMemory(plain);
        return false;
    }

    /// <summary>Encrypts; <paramref name="text"/> has the length of the plain text.</summary>
    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plain, Span<byte> text,
        Span<byte> tag)
    {
        Span<byte> first = stackalloc byte[Block];
        text = text[..plain.Length];
        FirstCounter(nonce, first);
        Apply(first, plain, text, tag);
        Authenticate(aad, text, tag);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _encrypt.Dispose();
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(_stream);
    }

    private void FirstCounter(ReadOnlySpan<byte> nonce, Span<byte> counter)
    {
        if (nonce.Length == 12)
        {
            nonce.CopyTo(counter);
            BinaryPrimitives.WriteUInt32BigEndian(counter[12..], 1);
            return;
        }
        var hash = _hash;
        hash.Update(nonce);
        hash.Block(0, (ulong)nonce.Length * 8);
        hash.Finish(counter);
    }

    /// <summary>Counter mode from behind the first counter on; that one's block becomes the mask of the tag.</summary>
    private void Apply(ReadOnlySpan<byte> first, ReadOnlySpan<byte> input, Span<byte> output, Span<byte> mask)
    {
        var number = BinaryPrimitives.ReadUInt32BigEndian(first[12..]);
        var done = 0;
        var lead = 1;
        do
        {
            var left = input.Length - done;
            var blocks = Math.Min((left + Block - 1) / Block, BatchBlocks) + lead;
            for (var i = 0; i < blocks; i++)
            {
                var counter = _counters.AsSpan(i * Block, Block);
                first.CopyTo(counter);
                BinaryPrimitives.WriteUInt32BigEndian(counter[12..], unchecked(number++));
            }
            _encrypt.TransformBlock(_counters, 0, blocks * Block, _stream, 0);
            if (lead == 1) _stream.AsSpan(0, TagBytes).CopyTo(mask);
            var taken = Math.Min(left, (blocks - lead) * Block);
            Xor(input.Slice(done, taken), _stream.AsSpan(lead * Block, taken), output[done..]);
            done += taken;
            lead = 0;
        }
        while (done < input.Length);
    }

    private void Authenticate(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> text, Span<byte> tag)
    {
        var hash = _hash;
        hash.Update(aad);
        hash.Update(text);
        hash.Block((ulong)aad.Length * 8, (ulong)text.Length * 8);
        Span<byte> sum = stackalloc byte[Block];
        hash.Finish(sum);
        for (var i = 0; i < TagBytes; i++) tag[i] ^= sum[i];
    }

    private static void Xor(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, Span<byte> result)
    {
        var i = 0;
        for (; i + 8 <= a.Length; i += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(result[i..],
                BinaryPrimitives.ReadUInt64LittleEndian(a[i..]) ^ BinaryPrimitives.ReadUInt64LittleEndian(b[i..]));
        for (; i < a.Length; i++) result[i] = (byte)(a[i] ^ b[i]);
    }
}
