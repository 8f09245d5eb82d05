using Kist.Cli.Running;

namespace Kist.Cli.Output;

/// <summary>A stream whose reading is shown on the terminal when it takes more than a second.</summary>
internal sealed class ProgressStream(Stream source, Screen screen) : Stream
{
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private readonly bool _shown = !screen.Quiet && DescriptorStream.IsTerminal(2);
    private readonly long _total = source.CanSeek ? source.Length : 0;
    private long _read;
    private long _next = 1;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => _read; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var read = source.Read(buffer);
        _read += read;
        if (_shown && read > 0) Show();
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) source.Dispose();
        base.Dispose(disposing);
    }

    private void Show()
    {
        var seconds = (long)TimeProvider.System.GetElapsedTime(_began).TotalSeconds;
        if (seconds < _next) return;
        _next = seconds + 1;
        screen.Ask(_total > 0 ? $"{_read >> 20} of {_total >> 20} MiB\n" : $"{_read >> 20} MiB\n");
    }
}
