using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Kist.Formats.Sops.Stores;

/// <summary>
/// Reads one JSON value as Go's decoder does: keys may stand twice, what is no UTF-8 becomes U+FFFD, integers of 64
/// bits stay such. The first fault stops it.
/// </summary>
internal ref struct JsonReader(ReadOnlySpan<byte> bytes, SecretArena arena)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;
    private int _line = 1;
    private int _depth;
    private byte[] _scratch = new byte[256];

    /// <summary>What is wrong; null as long as nothing is.</summary>
    public SopsFault? Fault { get; private set; }

    /// <summary>Whether nothing but blanks is left.</summary>
    public bool AtEnd
    {
        get
        {
            SkipBlanks();
            return _at >= _bytes.Length;
        }
    }

    /// <summary>What the next value begins with; 0 at the end.</summary>
    public byte Peek()
    {
        SkipBlanks();
        return _at < _bytes.Length ? _bytes[_at] : (byte)0;
    }

    /// <summary>The next value; null with a fault.</summary>
    public SopsValue? Value()
    {
        switch (Peek())
        {
            case (byte)'{':
                return Object();
            case (byte)'[':
                return Array();
            case (byte)'"':
                var line = _line;
                var text = String(out var good);
                return good ? SopsValue.OfText(arena.Copy(text), line) : null;
            case (byte)'t' when Literal("true"u8):
                return SopsValue.OfBoolean(true, _line);
            case (byte)'f' when Literal("false"u8):
                return SopsValue.OfBoolean(false, _line);
            case (byte)'n' when Literal("null"u8):
                return SopsValue.Null;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                return Number();
            default:
                return Failed(_at >= _bytes.Length ? "the JSON ends too early" : "this is no JSON value");
        }
    }

    private SopsValue? Object()
    {
        if (++_depth > Crypto.TreeWalk.MaxDepth) return Failed("the JSON lies too deep in itself");
        var line = _line;
        _at++;
        var items = new List<SopsItem>();
        var next = Peek();
        while (next != '}')
        {
            if (next != '"') return Failed(_at >= _bytes.Length ? "the JSON ends too early" : "a key must be here");
            var key = String(out var good);
            if (!good) return null;
            var name = Encoding.UTF8.GetString(key);
            if (Peek() != ':') return Failed("a colon must be here");
            _at++;
            if (Value() is not { } value) return null;
            items.Add(new SopsItem(name, value));
            next = Peek();
            if (next == '}') break;
            if (next != ',') return Failed("a comma or a closing brace must be here");
            _at++;
            next = Peek();
            if (next == '}') return Failed("a key must be here: there is a comma too many");
        }
        _at++;
        _depth--;
        return SopsValue.OfBranch(items, line);
    }

    private SopsValue? Array()
    {
        if (++_depth > Crypto.TreeWalk.MaxDepth) return Failed("the JSON lies too deep in itself");
        var line = _line;
        _at++;
        var values = new List<SopsValue>();
        while (Peek() != ']')
        {
            if (Value() is not { } value) return null;
            values.Add(value);
            var next = Peek();
            if (next == ']') break;
            if (next != ',') return Failed("a comma or a closing bracket must be here");
            _at++;
            if (Peek() == ']') return Failed("a value must be here: there is a comma too many");
        }
        _at++;
        _depth--;
        return SopsValue.OfList(values, line);
    }

    /// <summary>The bytes of a string; valid until the next one is read.</summary>
    private ReadOnlySpan<byte> String(out bool good)
    {
        good = true;
        var begin = ++_at;
        var stop = _bytes[begin..].IndexOfAny(s_stops);
        if (stop >= 0 && _bytes[begin + stop] == '"')
        {
            var plain = _bytes.Slice(begin, stop);
            if (System.Text.Unicode.Utf8.IsValid(plain))
            {
                _at = begin + stop + 1;
                return plain;
            }
        }
        var length = 0;
        while (_at < _bytes.Length && _bytes[_at] != '"')
        {
            if (_scratch.Length < length + 8) Grow();
            var c = _bytes[_at];
            if (c == '\\')
            {
                if (!Escape(ref length)) break;
            }
            else if (c < 0x20) break;
            else if (c < 0x80)
            {
                _scratch[length++] = c;
                _at++;
            }
            else
            {
                Rune.DecodeFromUtf8(_bytes[_at..], out var rune, out var consumed);
                length += rune.EncodeToUtf8(_scratch.AsSpan(length));
                _at += consumed;
            }
        }
        if (_at < _bytes.Length && _bytes[_at] == '"')
        {
            _at++;
            return _scratch.AsSpan(0, length);
        }
        good = false;
        Failed(_at >= _bytes.Length ? "a string is not closed" : "a string has a letter or an escape that it may not");
        return default;
    }

    private bool Escape(ref int length)
    {
        if (_at + 1 >= _bytes.Length) return false;
        var simple = _bytes[_at + 1] switch
        {
            (byte)'"' => '"', (byte)'\\' => '\\', (byte)'/' => '/', (byte)'b' => '\b', (byte)'f' => '\f',
            (byte)'n' => '\n', (byte)'r' => '\r', (byte)'t' => '\t', _ => '\0',
        };
        if (simple != '\0')
        {
            _scratch[length++] = (byte)simple;
            _at += 2;
            return true;
        }
        if (!Unicode(_at, out var unit)) return false;
        _at += 6;
        var rune = Rune.ReplacementChar;
        if (char.IsHighSurrogate(unit) && Unicode(_at, out var low) && char.IsLowSurrogate(low))
        {
            rune = new Rune(unit, low);
            _at += 6;
        }
        else if (!char.IsSurrogate(unit)) rune = new Rune(unit);
        length += rune.EncodeToUtf8(_scratch.AsSpan(length));
        return true;
    }

    private readonly bool Unicode(int at, out char unit)
    {
        unit = '\0';
        if (at + 6 > _bytes.Length || _bytes[at] != '\\' || _bytes[at + 1] != 'u') return false;
        var code = 0;
        foreach (var c in _bytes.Slice(at + 2, 4))
        {
            if (!char.IsAsciiHexDigit((char)c)) return false;
            code = code * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        unit = (char)code;
        return true;
    }

    private SopsValue? Number()
    {
        var begin = _at;
        if (_bytes[_at] == '-') _at++;
        if (_at < _bytes.Length && _bytes[_at] == '0') _at++;
        else if (!Digits()) return Failed("this is no JSON number");
        var whole = true;
        if (_at < _bytes.Length && _bytes[_at] == '.')
        {
            whole = false;
            _at++;
            if (!Digits()) return Failed("this is no JSON number");
        }
        if (_at < _bytes.Length && (_bytes[_at] | 0x20) == 'e')
        {
            whole = false;
            _at++;
            if (_at < _bytes.Length && _bytes[_at] is (byte)'+' or (byte)'-') _at++;
            if (!Digits()) return Failed("this is no JSON number");
        }
        var text = _bytes[begin.._at];
        if (whole && GoNumber.TryInteger(text, out var integer)) return SopsValue.OfInteger(integer, _line);
        return GoNumber.TryFloat(text, out var number)
            ? SopsValue.OfFloat(number, _line) : Failed("a number is too large");
    }

    private bool Digits()
    {
        var begin = _at;
        while (_at < _bytes.Length && _bytes[_at] is >= (byte)'0' and <= (byte)'9') _at++;
        return _at > begin;
    }

    private bool Literal(ReadOnlySpan<byte> word)
    {
        if (!_bytes[_at..].StartsWith(word)) return false;
        _at += word.Length;
        return true;
    }

    private void SkipBlanks()
    {
        for (; _at < _bytes.Length && _bytes[_at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'; _at++)
            if (_bytes[_at] == '\n') _line++;
    }

    private void Grow()
    {
        var larger = new byte[_scratch.Length * 2];
        _scratch.CopyTo(larger, 0);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(_scratch);
        _scratch = larger;
    }

    private SopsValue? Failed(string message)
    {
        Fault ??= new SopsFault(SopsExit.Read, message) { Line = _line };
        return null;
    }

    private static readonly SearchValues<byte> s_stops = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Select(i => (byte)i), (byte)'"', (byte)'\\']);
}
