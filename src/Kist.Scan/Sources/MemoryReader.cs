namespace Kist.Scan.Sources;

/// <summary>Memory as a stream with random access, as zip archives need it.</summary>
internal sealed class MemoryReader(ReadOnlyMemory<byte> content) : Stream
{
    private long _position;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => content.Length;
    public override long Position { get => _position; set => _position = value; }

    public override int Read(Span<byte> buffer)
    {
        if (_position >= content.Length) return 0;
        var count = (int)Math.Min(buffer.Length, content.Length - _position);
        content.Span.Slice((int)_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Flush() { }
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => content.Length + offset,
    };
}
