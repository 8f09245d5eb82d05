using System.Buffers;
using System.Buffers.Text;

namespace Kist.Formats.Age;

/// <summary>
/// Reads ASCII armor, strictly: lines of 64 letters but the last, canonical base64, nothing around it but blanks.
/// A damaged armor gives the bytes before the damage and then ends; <see cref="Fault"/> says so, and whoever reads
/// must ask.
/// </summary>
internal sealed class ArmorReader(AgeInput input) : Stream
{
    /// <summary>How many blanks may stand before the armor and behind it, as in age.</summary>
    public const int MaxBlanks = 1024;

    private const int LineLetters = 64;
    private readonly byte[] _line = new byte[ArmorWriter.LineBytes];
    private int _begin;
    private int _end;
    private bool _begun;
    private bool _ended;

    /// <summary>What is wrong with the armor; null as long as nothing is.</summary>
    public string? Fault { get; private set; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var filled = 0;
        while (filled < buffer.Length)
        {
            if (_begin == _end && !TryDecodeLine()) break;
            var taken = Math.Min(_end - _begin, buffer.Length - filled);
            _line.AsSpan(_begin, taken).CopyTo(buffer[filled..]);
            _begin += taken;
            filled += taken;
        }
        return filled;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Flush() { }

    private bool TryDecodeLine()
    {
        if (_ended || Fault is not null) return false;
        if (!_begun)
        {
            if (!SkipBlanks()) return Damaged("there are more than 1024 blanks before the armor");
            if (!TryLine(out var first) || !first.SequenceEqual(ArmorWriter.Begin))
                return Damaged("the armor does not begin with its line of BEGIN AGE ENCRYPTED FILE");
            _begun = true;
        }
        if (!TryLine(out var line)) return Damaged("the armor has an empty line, or no end");
        if (line.SequenceEqual(ArmorWriter.End)) return Finish();
        if (line.Length > LineLetters) return Damaged("a line of the armor has more than 64 characters");
        if (!TryDecode(line)) return Damaged("a line of the armor is not canonical base64");
        if (_end == ArmorWriter.LineBytes) return true;
        if (!TryLine(out var last) || !last.SequenceEqual(ArmorWriter.End))
            return Damaged("a short line of the armor is not the last before its END AGE ENCRYPTED FILE");
        Finish();
        return Fault is null;
    }

    private bool TryDecode(ReadOnlySpan<byte> line)
    {
        (_begin, _end) = (0, 0);
        if (line.Length % 4 != 0) return false;
        // Blanks are passed over by the decoder, and bits that mean nothing: so the text is made again and compared.
        Span<byte> again = stackalloc byte[LineLetters];
        if (Base64.DecodeFromUtf8(line, _line, out _, out var written) != OperationStatus.Done) return false;
        if (written < ArmorWriter.LineBytes)
        {
            Base64.EncodeToUtf8(_line.AsSpan(0, written), again, out _, out var length);
            if (!again[..length].SequenceEqual(line)) return false;
        }
        _end = written;
        return true;
    }

    private bool Finish()
    {
        _ended = true;
        var rest = input.Peek(MaxBlanks + 1);
        if (rest.ContainsAnyExcept(Blanks)) return Damaged("something follows the armor");
        return rest.Length > MaxBlanks && Damaged("there are more than 1024 blanks behind the armor");
    }

    private bool SkipBlanks()
    {
        var start = input.Peek(MaxBlanks + 1);
        var blanks = start.IndexOfAnyExcept(Blanks);
        if (blanks < 0) return start.Length <= MaxBlanks;
        // A line of blanks may come before, but the first line begins where it should.
        var line = blanks == 0 ? 0 : start[..blanks].LastIndexOf((byte)'\n') + 1;
        if (line == blanks) input.Skip(blanks);
        return true;
    }

    private bool TryLine(out ReadOnlySpan<byte> line)
    {
        if (input.TryReadLine(LineLetters + 64, out line)) line = line[..^1];
        if (line.EndsWith("\r"u8)) line = line[..^1];
        return !line.IsEmpty; // the last newline may be missing
    }

    private bool Damaged(string what)
    {
        Fault = what;
        (_begin, _end) = (0, 0);
        return false;
    }

    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n"u8);
}
