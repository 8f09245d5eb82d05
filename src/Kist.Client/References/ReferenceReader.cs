using System.Globalization;
using System.Text;

namespace Kist.Client.References;

/// <summary>Reads one reference that begins at a place of a text.</summary>
internal sealed class ReferenceReader
{
    private const int MostCharacters = 8192;
    private const string Plain = "-._~";
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly string _text;
    private readonly bool _isBraced;
    private readonly bool _isFirst;
    private readonly int _limit;
    private int _at;
    private string? _field;
    private long? _version;
    private string? _default;

    public ReferenceReader(string text, int begin)
    {
        _text = text;
        _isBraced = text[begin] == '{';
        _isFirst = begin == 0;
        _at = begin + KistReference.Scheme.Length + (_isBraced ? 1 : 0);
        _limit = text.Length;
        End = begin;
        if (!_isBraced) return;
        _limit = text.IndexOf('}', begin);
        if (_limit < 0) Fail(begin, "the brace is not closed");
    }

    /// <summary>Where what follows the reference begins.</summary>
    public int End { get; private set; }

    public ReferenceFault? Fault { get; private set; }

    /// <summary>The reference, or null with a <see cref="Fault"/>.</summary>
    public KistReference? Read()
    {
        var begin = _at;
        if (Fault is not null || Part(slashes: true) is not { } path || !IsPath(path, begin)) return null;
        while (_at < _limit && Fault is null && _text[_at] is '#' or '?' or '&')
        {
            var mark = _text[_at++];
            if (mark == '#') ReadField();
            else if (mark == '?' || _version is not null || _default is not null) ReadParameter();
            else
            {
                _at--;
                break;
            }
        }
        if (Fault is not null) return null;
        if (_isBraced && _at != _limit) Fail(_at, "this cannot stand in a reference; write it percent-encoded");
        End = _isBraced ? _limit + 1 : _at;
        if (End - begin > MostCharacters) Fail(begin, $"it is longer than {MostCharacters} characters");
        return Fault is null ? new KistReference(path, _field, _version, _default) : null;
    }

    /// <summary>Writes a path or a name so that it can be read again.</summary>
    public static void Encode(string name, bool slashes, StringBuilder target)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in name.EnumerateRunes())
        {
            if (IsName(rune, slashes))
            {
                target.Append(rune.ToString());
                continue;
            }
            foreach (var b in bytes[..rune.EncodeToUtf8(bytes)])
                target.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }
    }

    private static bool IsName(Rune rune, bool slashes) => Rune.IsLetterOrDigit(rune)
        || (slashes && rune.Value == '/') || (rune.IsAscii && Plain.Contains((char)rune.Value));

    private void ReadField()
    {
        var begin = _at;
        if (_field is not null) Fail(begin - 1, "a second # stands here; write one in a name as %23");
        else if (Part() is { } field)
        {
            _field = field;
            if (field.Length == 0) Fail(begin, "the name of a field is missing behind the #");
        }
    }

    private void ReadParameter()
    {
        var begin = _at;
        if (StartsWith("version="))
        {
            if (_version is not null) Fail(begin, "the version is given twice");
            else if (Part() is not { } number) return;
            else if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
                || version == 0)
                Fail(begin + "version=".Length, "a version is a number from 1");
            else _version = version;
        }
        else if (StartsWith("default="))
        {
            if (_default is not null) Fail(begin, "the default is given twice");
            else _default = Default();
        }
        else Fail(begin, "only version= and default= may stand behind the ?");
    }

    private bool StartsWith(string name)
    {
        if (string.CompareOrdinal(_text, _at, name, 0, name.Length) != 0) return false;
        _at += name.Length;
        return true;
    }

    /// <summary>With room to itself it may hold anything but the marks of a reference.</summary>
    private string? Default()
    {
        if (!_isBraced && !_isFirst) return Part();
        var begin = _at;
        while (_at < _limit && _text[_at] != '&' && (_text[_at] != '#' || _field is not null)) _at++;
        var nested = _text.IndexOf(KistReference.Scheme, begin, _at - begin, StringComparison.Ordinal);
        if (nested >= 0)
            Fail(nested, "a default cannot hold a reference; put the first one in braces: {kist://…} kist://…");
        return Fault is null ? Decode(begin, _at) : null;
    }

    /// <summary>
    /// The longest name from here, decoded; null with a fault. Only a path has slashes: behind the field in a URL one
    /// belongs to the URL.
    /// </summary>
    private string? Part(bool slashes = false)
    {
        var begin = _at;
        while (_at < _limit)
        {
            if (_text[_at] == '%') _at++;
            else if (!Rune.TryGetRuneAt(_text, _at, out var rune) || !IsName(rune, slashes)) break;
            else _at += rune.Utf16SequenceLength;
        }
        return Decode(begin, _at);
    }

    private string? Decode(int begin, int end)
    {
        if (_text.IndexOf('%', begin, end - begin) < 0) return _text[begin..end];
        var bytes = new List<byte>();
        for (var i = begin; i < end; i++)
        {
            if (_text[i] != '%')
            {
                var run = _text.IndexOf('%', i, end - i) is >= 0 and var next ? next : end;
                bytes.AddRange(Encoding.UTF8.GetBytes(_text[i..run]));
                i = run - 1;
            }
            else if (i + 2 < end && byte.TryParse(
                _text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
            {
                bytes.Add(b);
                i += 2;
            }
            else return Fail(i, "two hexadecimal digits must follow a %; write the sign itself as %25");
        }
        try
        {
            return s_strict.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            return Fail(begin, "what is percent-encoded is not UTF-8");
        }
    }

    private bool IsPath(string path, int begin)
    {
        var reason = path.Length == 0 ? "the path is missing: kist://MOUNT/PATH#FIELD"
            : path.Any(char.IsControl) ? "a path holds no control characters"
            : path.Split('/').Any(s => s is "" or "." or "..") ? "a path has no empty part, and neither . nor .."
            : !path.Contains('/') ? "a path has at least two parts: kist://MOUNT/PATH#FIELD"
            : null;
        if (reason is not null) Fail(begin, reason);
        return reason is null;
    }

    private string? Fail(int position, string reason)
    {
        Fault ??= new ReferenceFault(position, reason);
        return null;
    }
}
