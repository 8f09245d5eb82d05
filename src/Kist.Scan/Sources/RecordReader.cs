namespace Kist.Scan.Sources;

/// <summary>Reads what git prints: records that end with one byte, a newline or a NUL.</summary>
internal sealed class RecordReader(Stream source, byte end)
{
    // Longer than any path that a system takes; a longer record is cut.
    private const int MaxRecord = 1 << 20;
    private byte[] _buffer = new byte[32 * 1024];
    private int _start, _length;

    /// <summary>The next record; null at the end.</summary>
    public byte[]? Next()
    {
        var looked = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + looked, _length - looked).IndexOf(end);
            if (at >= 0)
            {
                var record = _buffer.AsSpan(_start, looked + at).ToArray();
                Skip(looked + at + 1);
                return record;
            }
            looked = _length;
            if (_length >= MaxRecord || !Fill()) return Rest();
        }
    }

    /// <summary>Reads exactly so many bytes, which follow the last record.</summary>
    public void Read(Span<byte> content)
    {
        while (content.Length > 0)
        {
            if (_length == 0 && content.Length >= 4096)
            {
                // Nothing is kept here: the bytes can go where they belong.
                source.ReadExactly(content);
                return;
            }
            if (_length == 0 && !Fill()) throw new EndOfStreamException("git ended too early");
            var count = Math.Min(content.Length, _length);
            _buffer.AsSpan(_start, count).CopyTo(content);
            Skip(count);
            content = content[count..];
        }
    }

    /// <summary>The stream from here on: only for contents, whose end is known.</summary>
    public Stream AsStream() => new Remainder(this);

    private byte[]? Rest()
    {
        if (_length == 0) return null;
        var rest = _buffer.AsSpan(_start, _length).ToArray();
        _length = 0;
        return rest;
    }

    private void Skip(int count)
    {
        _start += count;
        _length -= count;
        if (_length == 0) _start = 0;
    }

    private bool Fill()
    {
        if (_start > 0 && _start + _length == _buffer.Length)
        {
            _buffer.AsSpan(_start, _length).CopyTo(_buffer);
            _start = 0;
        }
        if (_length == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = source.Read(_buffer, _start + _length, _buffer.Length - _start - _length);
        _length += read;
        return read > 0;
    }

    private sealed class Remainder(RecordReader reader) : ReadOnlyStream
    {
        public override int Read(Span<byte> buffer)
        {
            if (reader._length == 0 && !reader.Fill()) return 0;
            var count = Math.Min(buffer.Length, reader._length);
            reader.Read(buffer[..count]);
            return count;
        }
    }
}
