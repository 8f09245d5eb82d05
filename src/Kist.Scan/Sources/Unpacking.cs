using System.Buffers.Binary;
using SharpCompress.Compressors;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.Xz;
using SharpCompress.Compressors.ZStandard;

namespace Kist.Scan.Sources;

/// <summary>Streams of what zstd, xz and bzip2 packed.</summary>
internal static class Unpacking
{
    // What `xz -9` takes. A larger one is legal, and a way to have a scanner take four gigabytes.
    private const long MaxDictionary = 64 << 20;
    private const int XzHead = 64;

    // Each may ask for a dictionary of its own, so that a small file of many would take hours.
    private const int MaxStreams = 4_096;

    // What nearly all archives do with. Larger ones are read one at a time, so that the cores together need no more
    // than the largest.
    private const long UsualWindow = 8 << 20;
    private static readonly Lock s_large = new();

    /// <summary>What <paramref name="packed"/> holds. Damage is an <see cref="InvalidDataException"/>, whatever the
    /// library throws; of the stream below, its own. To be read and disposed of on one thread.</summary>
    public static Stream Open(ContentKind kind, Stream packed) => new GuardedStream(kind, packed);

    // Of the first frame (RFC 8878, section 3.1.1.1); a frame of one segment has no window, and needs its whole size.
    private static long Window(ReadOnlySpan<byte> head)
    {
        const byte oneSegment = 0x20;
        if (head.Length < 14 || head[0] != 0x28) return 0;
        if ((head[4] & oneSegment) != 0)
        {
            var size = head[(5 + (0x4210 >> ((head[4] & 3) * 4) & 15))..];
            return (head[4] >> 6) switch
            {
                0 => size[0],
                1 => BinaryPrimitives.ReadUInt16LittleEndian(size),
                2 => BinaryPrimitives.ReadUInt32LittleEndian(size),
                _ => long.MaxValue,
            };
        }
        var power = 1L << (10 + (head[5] >> 3));
        return power + power / 8 * (head[5] & 7);
    }

    // Of the first block's LZMA2 filter (xz-file-format 1.2, sections 3.1 and 5.3.1); 0 where there is none.
    private static long Dictionary(ReadOnlySpan<byte> head)
    {
        const int streamHeader = 12;
        const byte lzma2 = 0x21, packedSize = 0x40, size = 0x80;
        if (head.Length < XzHead || head[streamHeader] == 0) return 0;
        var flags = head[streamHeader + 1];
        var at = streamHeader + 2;
        if ((flags & packedSize) != 0) SkipNumber(head, ref at);
        if ((flags & size) != 0) SkipNumber(head, ref at);
        for (var filters = (flags & 3) + 1; filters > 0 && at + 2 < head.Length; filters--)
        {
            var (id, length) = (head[at], head[at + 1]);
            if (id == lzma2)
            {
                var bits = head[at + 2] & 63;
                return bits >= 40 ? uint.MaxValue : (2L | (uint)bits & 1) << (bits / 2 + 11);
            }
            at += 2 + length;
        }
        return 0;
    }

    private static void SkipNumber(ReadOnlySpan<byte> head, ref int at)
    {
        while (at < head.Length && head[at++] >= 0x80)
        {
        }
    }

    // One behind the other, as `cat a.xz b.xz` makes them; the library reads the first.
    private sealed class XzStreams(Stream packed) : ReadOnlyStream
    {
        private readonly HeldStream _rest = new(packed);
        private XZStream? _stream;
        private int _opened;

        public override int Read(Span<byte> buffer)
        {
            while (_stream is not null || OpenNext())
            {
                if (_stream!.Read(buffer) is > 0 and var read) return read;
                _stream = null;
            }
            return 0;
        }

        private bool OpenNext()
        {
            while (true)
            {
                var head = new byte[XzHead];
                var length = _rest.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
                if (length == 0) return false;
                // Zeros may stand between them.
                var begin = head.AsSpan(0, length).IndexOfAnyExcept((byte)0);
                if (begin < 0) continue;
                _rest.GiveBack(head.AsMemory(begin, length - begin));
                if (begin > 0) continue;
                if (Dictionary(head.AsSpan(0, length)) > MaxDictionary)
                    throw new InvalidDataException("it needs a dictionary of more than 64 MiB");
                if (++_opened > MaxStreams)
                    throw new InvalidDataException($"it is more than {MaxStreams} streams, one behind the other");
                _stream = new XZStream(new PlacedStream(_rest));
                return true;
            }
        }
    }

    // Takes back what was looked at too early. One for all streams: one in another would be slower with each.
    private sealed class HeldStream(Stream source) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _held;

        public void GiveBack(ReadOnlyMemory<byte> bytes) => _held = bytes;

        public override int Read(Span<byte> buffer)
        {
            if (_held.IsEmpty) return source.Read(buffer);
            var count = Math.Min(buffer.Length, _held.Length);
            _held.Span[..count].CopyTo(buffer);
            _held = _held[count..];
            return count;
        }
    }

    // The library asks where it stands, since blocks are filled up to four bytes.
    private sealed class PlacedStream(Stream source) : ReadOnlyStream
    {
        private long _position;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            var read = source.Read(buffer);
            _position += read;
            return read;
        }
    }

    private sealed class GuardedStream(ContentKind kind, Stream packed) : ReadOnlyStream
    {
        private Stream? _stream;
        private bool _isAlone;

        public override int Read(Span<byte> buffer)
        {
            try
            {
                return (_stream ??= Open()).Read(buffer);
            }
            catch (OutOfMemoryException e)
            {
                throw new InvalidDataException("it needs more memory than there is", e);
            }
            catch (Exception e) when (e is not (IOException or InvalidDataException))
            {
                throw new InvalidDataException("what is packed in it is broken", e);
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _stream?.Dispose();
                if (_isAlone) s_large.Exit();
                _isAlone = false;
            }
            base.Dispose(disposing);
        }

        private Stream Open()
        {
            var bytes = new byte[XzHead];
            var head = bytes.AsMemory(0, packed.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
            var window = kind == ContentKind.Xz ? Dictionary(head.Span)
                : kind == ContentKind.Zstandard ? Window(head.Span) : 0;
            if (window > UsualWindow)
            {
                s_large.Enter();
                _isAlone = true;
            }
            var whole = new PrefixedStream(head, packed);
            return kind switch
            {
                ContentKind.Zstandard => new DecompressionStream(whole, 0, checkEndOfStream: true, leaveOpen: true),
                ContentKind.Bzip2 => BZip2Stream.Create(
                    whole, CompressionMode.Decompress, decompressConcatenated: true, leaveOpen: true),
                _ => new XzStreams(whole),
            };
        }
    }
}
