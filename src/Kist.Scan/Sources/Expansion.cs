namespace Kist.Scan.Sources;

/// <summary>Bounds for content that unpacks to more than it is.</summary>
public sealed record ScanLimits
{
    /// <summary>How many archives may lie in each other; 0: archives are not opened.</summary>
    public int ArchiveDepth { get; init; } = 5;

    /// <summary>What an archive may unpack to, whatever its size: bytes.</summary>
    public long FreeBytes { get; init; } = 256L << 20;

    /// <summary>How many bytes beyond that each byte of the outermost archive may unpack to.</summary>
    public int Ratio { get; init; } = 100;

    /// <summary>How many entries one outermost archive may have, with all that lie in it.</summary>
    public int Entries { get; init; } = 2_000_000;

    /// <summary>The largest archive that needs random access (zip) and lies inside another one: bytes.</summary>
    public int NestedZipBytes { get; init; } = 24 << 20;

    /// <summary>Whether binary and vendored content is scanned too.</summary>
    public bool Everything { get; init; }
}

/// <summary>More came out of an archive than its bounds allow.</summary>
internal sealed class ExpansionException(string message) : IOException(message);

/// <summary>What may still come out of one outermost archive.</summary>
internal sealed class Expansion(ScanLimits limits, long packedBytes)
{
    private long _bytes = limits.FreeBytes + limits.Ratio * packedBytes;
    private int _entries = limits.Entries;

    public void Take(int bytes)
    {
        if ((_bytes -= bytes) < 0)
            throw new ExpansionException("it unpacks to far more than its size: stopped there (a zip bomb?)");
    }

    public void TakeEntry()
    {
        if (--_entries < 0) throw new ExpansionException("it has too many entries: stopped there");
    }
}

/// <summary>A stream that counts what comes out of it against the bounds of its archive.</summary>
internal sealed class CountedStream(Stream source, Expansion expansion) : ReadOnlyStream
{
    /// <summary>How many bytes came out so far.</summary>
    public long Count { get; private set; }

    /// <summary>Whether the end was reached.</summary>
    public bool Ended { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        var read = source.Read(buffer);
        expansion.Take(read);
        Count += read;
        Ended |= read == 0 && buffer.Length > 0;
        return read;
    }
}

/// <summary>A packed stream whose last bytes are kept: a gzip ends with the length of what it holds.</summary>
internal sealed class TailStream(Stream source) : ReadOnlyStream
{
    private const int Kept = 4;
    private uint _tail;

    /// <summary>The last four bytes that were read, the first of them lowest.</summary>
    public uint Tail => _tail;

    public override int Read(Span<byte> buffer)
    {
        var read = source.Read(buffer);
        foreach (var one in buffer[Math.Max(0, read - Kept)..read]) _tail = _tail >> 8 | (uint)one << 24;
        return read;
    }
}

/// <summary>Bytes that were read already, and then the rest of the stream they came from.</summary>
internal sealed class PrefixedStream(ReadOnlyMemory<byte> head, Stream rest) : ReadOnlyStream
{
    private ReadOnlyMemory<byte> _head = head;

    public override int Read(Span<byte> buffer)
    {
        if (_head.IsEmpty) return rest.Read(buffer);
        var count = Math.Min(buffer.Length, _head.Length);
        _head.Span[..count].CopyTo(buffer);
        _head = _head[count..];
        return count;
    }
}

/// <summary>The next so many bytes of a stream.</summary>
internal sealed class BoundedStream(Stream source, long length) : ReadOnlyStream
{
    /// <summary>How many bytes are still to come.</summary>
    public long Left { get; private set; } = length;

    public override int Read(Span<byte> buffer)
    {
        if (Left == 0) return 0;
        var read = source.Read(buffer[..(int)Math.Min(buffer.Length, Left)]);
        if (read == 0) throw new EndOfStreamException("the content ends too early");
        Left -= read;
        return read;
    }

    /// <summary>Reads to the end, so that the source stands behind this content.</summary>
    public void Drain()
    {
        Span<byte> scrap = stackalloc byte[4096];
        while (Left > 0) ReadExactly(scrap[..(int)Math.Min(scrap.Length, Left)]);
    }
}

/// <summary>What streams that can only be read forward have in common.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public sealed override bool CanRead => true;
    public sealed override bool CanSeek => false;
    public sealed override bool CanWrite => false;
    public sealed override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public abstract override int Read(Span<byte> buffer);
    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public sealed override void Flush() { }
    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public sealed override void SetLength(long value) => throw new NotSupportedException();

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
