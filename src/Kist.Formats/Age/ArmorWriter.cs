using System.Buffers.Text;
using System.Security.Cryptography;

namespace Kist.Formats.Age;

/// <summary>Writes what it is given as ASCII armor (<c>c2sp.org/age</c>, "ASCII armor"); disposal writes the end and
/// leaves the stream below open.</summary>
internal sealed class ArmorWriter(Stream output) : Stream
{
    internal const int LineBytes = 48;
    private readonly byte[] _rest = new byte[LineBytes];
    private readonly byte[] _text = new byte[65 * 512];
    private int _restBytes;
    private bool _begun;

    internal static ReadOnlySpan<byte> Begin => "-----BEGIN AGE ENCRYPTED FILE-----"u8;

    internal static ReadOnlySpan<byte> End => "-----END AGE ENCRYPTED FILE-----"u8;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        Start();
        if (_restBytes > 0)
        {
            var more = Math.Min(LineBytes - _restBytes, bytes.Length);
            bytes[..more].CopyTo(_rest.AsSpan(_restBytes));
            _restBytes += more;
            bytes = bytes[more..];
            if (_restBytes < LineBytes) return;
            WriteLines(_rest);
            _restBytes = 0;
        }
        var whole = bytes.Length / LineBytes * LineBytes;
        WriteLines(bytes[..whole]);
        bytes[whole..].CopyTo(_rest);
        _restBytes = bytes.Length - whole;
    }

    /// <summary>Writes the last line and the end.</summary>
    public void Finish()
    {
        Start();
        if (_restBytes > 0)
        {
            Base64.EncodeToUtf8(_rest.AsSpan(0, _restBytes), _text, out _, out var written);
            _text[written++] = (byte)'\n';
            output.Write(_text.AsSpan(0, written));
        }
        output.Write(End);
        output.Write("\n"u8);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Flush() => output.Flush();

    private void Start()
    {
        if (_begun) return;
        _begun = true;
        output.Write(Begin);
        output.Write("\n"u8);
    }

    private void WriteLines(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var filled = 0;
            while (!bytes.IsEmpty && filled < _text.Length)
            {
                Base64.EncodeToUtf8(bytes[..LineBytes], _text.AsSpan(filled), out _, out var written);
                _text[filled + written] = (byte)'\n';
                filled += written + 1;
                bytes = bytes[LineBytes..];
            }
            output.Write(_text.AsSpan(0, filled));
        }
    }
}
