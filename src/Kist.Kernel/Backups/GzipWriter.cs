using System.Buffers.Binary;

namespace Kist.Kernel.Backups;

/// <summary>
/// Writes gzip (RFC 1952) without compressing, since what is encrypted does not shrink: every block but the last is
/// stored (RFC 1951 section 3.2.4) and has <see cref="BlockBytes"/> bytes. So there is one form for one content, and a
/// reader can insist on it.
/// </summary>
internal sealed class GzipWriter(Stream target)
{
    /// <summary>The most that a stored block can have.</summary>
    public const int BlockBytes = 65_535;

    /// <summary>Type, whether it is the last, length, length inverted.</summary>
    public const int BlockHeadBytes = 5;

    private readonly byte[] _block = new byte[BlockHeadBytes + BlockBytes];
    private int _used;
    private uint _crc;
    private uint _length;
    private bool _hasBegun;

    /// <summary>The first bytes of every file: no name, no time, no system.</summary>
    public static ReadOnlySpan<byte> Head => [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];

    /// <summary>Adds content.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        _crc = Crc32.Append(_crc, bytes.Span);
        _length += (uint)bytes.Length;
        while (!bytes.IsEmpty)
        {
            // Only when more is coming: the last block must know that it is.
            if (_used == BlockBytes) await FlushAsync(isLast: false, ct);
            var part = Math.Min(bytes.Length, BlockBytes - _used);
            bytes[..part].CopyTo(_block.AsMemory(BlockHeadBytes + _used));
            _used += part;
            bytes = bytes[part..];
        }
    }

    /// <summary>Ends the file. The target stays open and is flushed.</summary>
    public async ValueTask FinishAsync(CancellationToken ct)
    {
        await FlushAsync(isLast: true, ct);
        var tail = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(tail, _crc);
        BinaryPrimitives.WriteUInt32LittleEndian(tail.AsSpan(4), _length);
        await target.WriteAsync(tail, ct);
        await target.FlushAsync(ct);
    }

    private async ValueTask FlushAsync(bool isLast, CancellationToken ct)
    {
        if (!_hasBegun) await target.WriteAsync(Head.ToArray(), ct);
        _hasBegun = true;
        WriteHead(_block, isLast, _used);
        await target.WriteAsync(_block.AsMemory(0, BlockHeadBytes + _used), ct);
        _used = 0;
    }

    private static void WriteHead(Span<byte> block, bool isLast, int length)
    {
        block[0] = isLast ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(block[1..], (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(block[3..], (ushort)~length);
    }
}
