using Kist.Secrets;

namespace Kist.Cli.Output;

/// <summary>
/// Content on its way to a terminal. It is held until its end, so that it does not come between what is typed, and so
/// that nothing is shown that would drive the terminal instead of being read.
/// </summary>
internal sealed class TerminalOutput(Screen screen) : Stream
{
    private const int MaxBytes = 64 << 20;
    private readonly SecretWriter _held = new();
    private bool _unfit;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => _held.WrittenCount;
    public override long Position { get => _held.WrittenCount; set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        if (_unfit) return;
        _unfit = _held.WrittenCount + bytes.Length > MaxBytes || HasControls(bytes);
        if (!_unfit) _held.Write(bytes);
    }

    /// <summary>Shows what was held.</summary>
    public Problem? Finish()
    {
        if (_unfit)
            return new Problem("the content is not text, or too long: it is not written to the terminal",
                "-o FILE, or -o - if you mean it");
        screen.Write(_held.WrittenSpan);
        return null;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _held.Dispose();
        base.Dispose(disposing);
    }

    private static bool HasControls(ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
            if (one < ' ' && one is not ((byte)'\t' or (byte)'\n' or (byte)'\r') || one == 0x7F) return true;
        return false;
    }
}
