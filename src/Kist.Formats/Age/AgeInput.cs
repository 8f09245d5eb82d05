using System.Security.Cryptography;

namespace Kist.Formats.Age;

/// <summary>A stream that is first read by lines and then by blocks.</summary>
internal sealed class AgeInput(Stream source)
{
    private byte[] _buffer = new byte[4096];
    private int _begin;
    private int _end;
    private bool _ended;

    /// <summary>What is wrong with the armor that the bytes come from; null as long as nothing is.</summary>
    public string? Fault => (source as ArmorReader)?.Fault;

    /// <summary>The next <paramref name="count"/> bytes without taking them; fewer at the end of the stream.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        while (_end - _begin < count && Fill()) { }
        return _buffer.AsSpan(_begin, Math.Min(count, _end - _begin));
    }

    /// <summary>Drops bytes that were looked at.</summary>
    public void Skip(int count) => _begin += count;

    /// <summary>Takes the bytes up to the next newline.</summary>
    /// <param name="line">The line with its newline, valid until the next call; at the end of the stream or beyond
    /// <paramref name="limit"/> bytes what there is, without one.</param>
    public bool TryReadLine(int limit, out ReadOnlySpan<byte> line)
    {
        var seen = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_begin + seen, _end - _begin - seen).IndexOf((byte)'\n');
            if (at >= 0)
            {
                line = _buffer.AsSpan(_begin, seen + at + 1);
                _begin += line.Length;
                return line.Length <= limit;
            }
            seen = _end - _begin;
            if (seen > limit || !Fill()) break;
        }
        line = _buffer.AsSpan(_begin, seen);
        _begin = _end;
        return false;
    }

    /// <summary>Fills <paramref name="target"/>, unless the stream ends before; gives the number of bytes.</summary>
    public int ReadAll(Span<byte> target)
    {
        var filled = Math.Min(target.Length, _end - _begin);
        _buffer.AsSpan(_begin, filled).CopyTo(target);
        _begin += filled;
        while (filled < target.Length && !_ended)
        {
            var read = source.Read(target[filled..]);
            filled += read;
            _ended = read == 0;
        }
        return filled;
    }

    /// <summary>Zeroes what has been read, where it may have been a key.</summary>
    public void Clear() => CryptographicOperations.ZeroMemory(_buffer);

    private bool Fill()
    {
        if (_ended) return false;
        if (_begin > 0)
        {
            _buffer.AsSpan(_begin, _end - _begin).CopyTo(_buffer);
            (_begin, _end) = (0, _end - _begin);
        }
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = source.Read(_buffer.AsSpan(_end));
        _ended = read == 0;
        _end += read;
        return read > 0;
    }
}
