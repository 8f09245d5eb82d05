using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>A stream over secret bytes in memory, zeroed on disposal: either all to be read, or written.</summary>
internal sealed class SecretStream : Stream
{
    private readonly SecretWriter _bytes;
    private int _read;

    public SecretStream() => _bytes = new SecretWriter();

    public SecretStream(ReadOnlySpan<byte> content)
    {
        _bytes = new SecretWriter(content.Length);
        _bytes.Write(content);
    }

    public ReadOnlySpan<byte> WrittenSpan => _bytes.WrittenSpan;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => _bytes.WrittenCount;

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _bytes.WrittenCount - _read);
        _bytes.WrittenSpan.Slice(_read, count).CopyTo(buffer);
        _read += count;
        return count;
    }

    public override void Write(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Flush() { }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _bytes.Dispose();
        base.Dispose(disposing);
    }
}
