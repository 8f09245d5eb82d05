namespace Kist.Formats.Tests.Age;

/// <summary>Gives a beginning, then one byte again and again.</summary>
internal sealed class EndlessStream(byte[] beginning, byte value) : Stream
{
    public long Given { get; private set; }

    /// <summary>After how many bytes it ends all the same.</summary>
    public long Limit { get; init; } = long.MaxValue;

    public override long Length => throw new NotSupportedException();

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;

    public override long Position { get => Given; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, Limit - Given);
        for (var i = 0; i < count; i++)
            buffer[i] = Given + i < beginning.Length ? beginning[(int)Given + i] : value;
        Given += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
