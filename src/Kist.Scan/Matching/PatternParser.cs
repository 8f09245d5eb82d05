using System.Text;

namespace Kist.Scan.Matching;

/// <summary>
/// Reads patterns. Parts are separated by spaces: <c>"ghp_"</c> (or in single quotes) is a text, <c>i"key"</c> one
/// in any case,
/// <c>"a"|"b"</c> one of several, <c>b62{36}</c>, <c>hex{32,64}</c>, <c>[A-Z2-7]{16}</c> runs of bytes from a set,
/// <c>uuid</c> what it says; a question mark makes a text optional; <c>@</c> before a text makes it the anchor, by
/// which content is searched (else the first one is); <c>&lt;</c> and <c>&gt;</c> stand around the secret (else it is
/// the whole); a last <c>open</c> allows letters on both sides.
/// </summary>
internal ref struct PatternParser
{
    private readonly List<Element> _elements = [];
    private ReadOnlySpan<char> _rest;
    private int _anchor = -1;
    private int _secretFrom;
    private int _secretTo = -1;
    private bool _isOpen;

    private PatternParser(ReadOnlySpan<char> text) => _rest = text.Trim();

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is none; the message says where.</exception>
    public static Pattern Parse(ReadOnlySpan<char> text)
    {
        var parser = new PatternParser(text);
        while (parser._rest.Length > 0) parser.Part();
        return parser.Finish();
    }

    private Pattern Finish()
    {
        if (_anchor < 0) _anchor = _elements.FindIndex(e => e.IsText);
        if (_anchor < 0) _anchor = 0;
        if (_secretTo < 0) _secretTo = _elements.Count;
        return new Pattern([.. _elements], _anchor, _secretFrom, _secretTo, _isOpen);
    }

    private void Part()
    {
        switch (_rest[0])
        {
            case '<': _secretFrom = _elements.Count; Skip(1); break;
            case '>': _secretTo = _elements.Count; Skip(1); break;
            case '@': _anchor = _elements.Count; Skip(1); break;
            case '"' or '\'': Texts(ignoreCase: false); break;
            case 'i' when _rest.StartsWith("i\""): Skip(1); Texts(ignoreCase: true); break;
            case '[': Bracket(); break;
            default: Named(); break;
        }
        _rest = _rest.TrimStart();
    }

    private void Texts(bool ignoreCase)
    {
        var texts = new List<byte[]> { Quoted() };
        while (_rest.StartsWith("|"))
        {
            Skip(1);
            texts.Add(Quoted());
        }
        var isOptional = _rest.StartsWith("?");
        if (isOptional) Skip(1);
        // Longest first.
        if (texts.Count > 1) texts.Sort(static (a, b) => b.Length.CompareTo(a.Length));
        _elements.Add(new Element([.. texts], ignoreCase, null, isOptional ? 0 : 1, 1));
    }

    private byte[] Quoted()
    {
        var end = _rest.Length > 1 && _rest[0] is '"' or '\'' ? _rest[1..].IndexOf(_rest[0]) : -1;
        if (end < 0) throw new FormatException($"a text has no end at '{_rest}'");
        var inner = _rest[1..(end + 1)].ToString();
        var text = Encoding.UTF8.GetBytes(inner.Replace("\\n", "\n", StringComparison.Ordinal));
        Skip(end + 2);
        return text;
    }

    private void Bracket()
    {
        var end = _rest.IndexOf(']');
        if (end < 0) throw new FormatException($"a set has no end at '{_rest}'");
        var set = ByteSet.Of(_rest[1..end]);
        Skip(end + 1);
        Count(set);
    }

    private void Named()
    {
        var length = 0;
        while (length < _rest.Length && char.IsAsciiLetterOrDigit(_rest[length])) length++;
        var name = _rest[..length];
        if (name is "open") _isOpen = true;
        else if (name is "uuid") Uuid();
        else if (ByteSet.Named(name) is { } set)
        {
            Skip(length);
            Count(set);
            return;
        }
        else throw new FormatException($"there is no set '{name}' at '{_rest}'");
        Skip(length);
    }

    private readonly void Uuid()
    {
        var set = ByteSet.Named("xdigit")!;
        foreach (var length in (ReadOnlySpan<int>)[8, 4, 4, 4, 12])
        {
            if (length != 8) _elements.Add(Element.Text("-"));
            _elements.Add(Element.Run(set, length, length));
        }
    }

    private void Count(ByteSet set)
    {
        var (min, max) = (1, 1);
        if (_rest.StartsWith("{"))
        {
            var end = _rest.IndexOf('}');
            var body = end < 0 ? throw new FormatException($"a count has no end at '{_rest}'") : _rest[1..end];
            var comma = body.IndexOf(',');
            min = Number(comma < 0 ? body : body[..comma]);
            max = comma < 0 ? min : comma + 1 == body.Length ? 4096 : Number(body[(comma + 1)..]);
            Skip(end + 1);
        }
        _elements.Add(Element.Run(set, min, max));
    }

    // int.Parse would load the machine's culture first.
    private static int Number(ReadOnlySpan<char> digits)
    {
        var number = 0;
        foreach (var digit in digits)
            number = char.IsAsciiDigit(digit) && number < 100_000 ? number * 10 + digit - '0'
                : throw new FormatException($"'{digits}' is no count");
        return number;
    }

    private void Skip(int count) => _rest = _rest[count..];
}
