using System.Buffers;
using System.Security.Cryptography;

namespace Kist.Formats.Sops;

/// <summary>Memory for many small secrets that are zeroed together.</summary>
internal sealed class SecretArena : IDisposable
{
    private const int BlockBytes = 1 << 16;
    private readonly List<byte[]> _blocks = [];
    private int _free;

    /// <summary>Room for so many bytes, all zero.</summary>
    public Memory<byte> Take(int length)
    {
        if (length == 0) return Memory<byte>.Empty;
        if (length > BlockBytes / 4)
        {
            // A block of its own, put below the one that is being filled.
            var own = ArrayPool<byte>.Shared.Rent(length);
            own.AsSpan(0, length).Clear();
            _blocks.Insert(0, own);
            return own.AsMemory(0, length);
        }
        if (length > _free)
        {
            var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
            block.AsSpan().Clear();
            _blocks.Add(block);
            _free = block.Length;
        }
        var taken = _blocks[^1].AsMemory(_blocks[^1].Length - _free, length);
        _free -= length;
        return taken;
    }

    /// <summary>An array of its own for at least so many bytes; all of it is zero.</summary>
    public byte[] TakeArray(int length)
    {
        var own = ArrayPool<byte>.Shared.Rent(length);
        own.AsSpan().Clear();
        _blocks.Insert(0, own);
        return own;
    }

    /// <summary>A copy of these bytes.</summary>
    public ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        var copy = Take(bytes.Length);
        bytes.CopyTo(copy.Span);
        return copy;
    }

    /// <summary>The UTF-8 bytes of a text.</summary>
    public ReadOnlyMemory<byte> Copy(string text)
    {
        var copy = Take(System.Text.Encoding.UTF8.GetByteCount(text));
        System.Text.Encoding.UTF8.GetBytes(text, copy.Span);
        return copy;
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
        {
            CryptographicOperations.ZeroMemory(block);
            ArrayPool<byte>.Shared.Return(block);
        }
        _blocks.Clear();
        _free = 0;
    }
}
