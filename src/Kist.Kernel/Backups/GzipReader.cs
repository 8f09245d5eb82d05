using System.Buffers.Binary;

namespace Kist.Kernel.Backups;

/// <summary>Reads what <see cref="GzipWriter"/> writes, and nothing else: any other byte anywhere is damage.</summary>
internal sealed class GzipReader(Stream source)
{
    private readonly byte[] _block = new byte[GzipWriter.BlockBytes];
    private readonly byte[] _head = new byte[16];
    private int _start;
    private int _end;
    private uint _crc;
    private uint _length;
    private bool _hasBegun;
    private bool _sawLast;

    /// <summary>How many bytes of the file were read.</summary>
    public long Position { get; private set; }

    /// <summary>Fills <paramref name="target"/> with content.</summary>
    public async ValueTask ReadAsync(Memory<byte> target, CancellationToken ct)
    {
        while (!target.IsEmpty)
        {
            if (_start == _end) await NextBlockAsync(ct);
            var part = Math.Min(target.Length, _end - _start);
            _block.AsMemory(_start, part).CopyTo(target);
            _start += part;
            target = target[part..];
        }
    }

    /// <summary>Checks that the content has ended, and the file with it.</summary>
    public async ValueTask FinishAsync(CancellationToken ct)
    {
        if (_start != _end || !_sawLast) throw Damaged("there is more in it than a backup has");
        await FillAsync(_head.AsMemory(0, 8), ct);
        if (BinaryPrimitives.ReadUInt32LittleEndian(_head) != _crc
            || BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(4)) != _length)
            throw Damaged("its checksum is wrong");
        if (await source.ReadAsync(_head.AsMemory(0, 1), ct) != 0) throw Damaged("something follows its end");
    }

    /// <summary>Damage at the place that was reached.</summary>
    public BackupException Damaged(string how) =>
        new(BackupFailure.Damaged, $"the backup is damaged: {how} (near byte {Position})");

    private async ValueTask NextBlockAsync(CancellationToken ct)
    {
        if (!_hasBegun) await BeginAsync(ct);
        if (_sawLast) throw Damaged("it ends too early");
        await FillAsync(_head.AsMemory(0, GzipWriter.BlockHeadBytes), ct);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(_head.AsSpan(1));
        _sawLast = _head[0] == 1;
        if (_head[0] > 1 || BinaryPrimitives.ReadUInt16LittleEndian(_head.AsSpan(3)) != (ushort)~length
            || (length != GzipWriter.BlockBytes && !_sawLast) || length == 0)
            throw Damaged("a block has a wrong head");
        await FillAsync(_block.AsMemory(0, length), ct);
        (_start, _end) = (0, length);
        _crc = Crc32.Append(_crc, _block.AsSpan(0, length));
        _length += length;
    }

    private async ValueTask BeginAsync(CancellationToken ct)
    {
        _hasBegun = true;
        var head = _head.AsMemory(0, GzipWriter.Head.Length);
        var read = await source.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, ct);
        Position += read;
        if (!head.Span[..read].SequenceEqual(GzipWriter.Head[..read]) || read == 0)
            throw new BackupException(BackupFailure.NotABackup, "this is not a backup of Kist");
        if (read < head.Length) throw CutShort();
    }

    private async ValueTask FillAsync(Memory<byte> target, CancellationToken ct)
    {
        var read = await source.ReadAtLeastAsync(target, target.Length, throwOnEndOfStream: false, ct);
        Position += read;
        if (read < target.Length) throw CutShort();
    }

    private BackupException CutShort() =>
        new(BackupFailure.Damaged, $"the backup is cut short: it ends after {Position} bytes");
}
