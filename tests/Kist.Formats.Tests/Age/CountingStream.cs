namespace Kist.Formats.Tests.Age;

/// <summary>Takes bytes and forgets them.</summary>
internal sealed class CountingStream : Stream
{
    public long Taken { get; private set; }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    public override long Position { get => Taken; set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer) => Taken += buffer.Length;
    public override void Write(byte[] buffer, int offset, int count) => Taken += count;
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
