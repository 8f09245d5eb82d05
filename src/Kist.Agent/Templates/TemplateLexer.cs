using System.Globalization;
using System.Text;

namespace Kist.Agent.Templates;

/// <summary>
/// Cuts a template into words as Go's text/template does (pkg.go.dev/text/template): text, and between the delimiters
/// the words of an action. A hyphen beside a delimiter takes the white space off the text next to it.
/// </summary>
internal sealed class TemplateLexer(string source, string left, string right)
{
    private const string Blank = " \t\r\n";
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _counted;

    /// <summary>All words, the last one being <see cref="TokenKind.End"/>.</summary>
    public List<TemplateToken> Read()
    {
        var trim = false;
        while (true)
        {
            var open = source.IndexOf(left, _at, StringComparison.Ordinal);
            var end = open < 0 ? source.Length : open;
            var text = source.AsSpan(_at, end - _at);
            if (trim) text = text.TrimStart(Blank);
            var begin = end + left.Length;
            var trimsBefore = open >= 0 && begin + 1 < source.Length && source[begin] == '-'
                && Blank.Contains(source[begin + 1]);
            if (trimsBefore) text = text.TrimEnd(Blank);
            if (text.Length > 0) Add(TokenKind.Text, text.ToString(), _at);
            _at = end;
            if (open < 0) break;
            _at = begin + (trimsBefore ? 1 : 0);
            trim = Action(open);
        }
        Add(TokenKind.End, "", source.Length);
        return _tokens;
    }

    /// <summary>One action from behind its left delimiter; whether the text behind it is trimmed.</summary>
    private bool Action(int open)
    {
        var rest = source.AsSpan(_at).TrimStart(Blank);
        if (rest.StartsWith("/*")) return Comment(open);
        Add(TokenKind.Open, "", open);
        while (true)
        {
            if (AtClose(out var trims, out var length))
            {
                Add(TokenKind.Close, "", _at);
                _at += length;
                return trims;
            }
            if (_at >= source.Length) throw Wrong("the action is not closed", open);
            Next();
        }
    }

    private bool Comment(int open)
    {
        var end = source.IndexOf("*/", _at, StringComparison.Ordinal);
        if (end < 0) throw Wrong("the comment is not closed", open);
        _at = end + 2;
        while (_at < source.Length && Blank.Contains(source[_at])
            && !AtClose(out _, out _)) _at++;
        if (!AtClose(out var trims, out var length))
            throw Wrong("a comment ends right before the closing delimiter", open);
        _at += length;
        return trims;
    }

    private bool AtClose(out bool trims, out int length)
    {
        var rest = source.AsSpan(_at);
        (trims, length) = (false, right.Length);
        if (rest.StartsWith(right, StringComparison.Ordinal)) return true;
        var blanks = rest.Length - rest.TrimStart(Blank).Length;
        if (blanks == 0 || !rest[blanks..].StartsWith("-", StringComparison.Ordinal)
            || !rest[(blanks + 1)..].StartsWith(right, StringComparison.Ordinal)) return false;
        (trims, length) = (true, blanks + 1 + right.Length);
        return true;
    }

    private void Next()
    {
        var start = _at;
        var c = source[_at];
        if (Blank.Contains(c))
        {
            while (_at < source.Length && Blank.Contains(source[_at]) && !AtClose(out _, out _)) _at++;
            Add(TokenKind.Space, "", start);
        }
        else if (c is '"') Quoted();
        else if (c is '`') Raw();
        else if (c is '\'') Character();
        else if (c is '.' && !IsDigit(_at + 1)) Dotted();
        else if (c is '$')
        {
            _at++;
            Add(TokenKind.Variable, "$" + Name(), start);
        }
        else if (char.IsAsciiDigit(c) || c is '.' || (c is '+' or '-' && (IsDigit(_at + 1) || IsDotDigit(_at + 1))))
            Number();
        else if (IsNamePart(c)) Add(TokenKind.Word, Name(), start);
        else Sign(c);
    }

    private void Sign(char c)
    {
        var start = _at++;
        if (c is ':' && _at < source.Length && source[_at] == '=')
        {
            _at++;
            Add(TokenKind.Declare, ":=", start);
            return;
        }
        Add(c switch
        {
            '|' => TokenKind.Pipe,
            '=' => TokenKind.Assign,
            ',' => TokenKind.Comma,
            '(' => TokenKind.LeftParen,
            ')' => TokenKind.RightParen,
            _ => throw Wrong("there is a character that cannot stand in an action", start),
        }, c.ToString(), start);
    }

    private void Dotted()
    {
        var start = _at++;
        if (_at < source.Length && IsNamePart(source[_at])) Add(TokenKind.Field, Name(), start);
        else Add(TokenKind.Dot, ".", start);
    }

    private void Quoted()
    {
        var start = _at;
        var text = new StringBuilder();
        for (_at++; ; )
        {
            if (_at >= source.Length || source[_at] == '\n') throw Wrong("the string is not closed", start);
            var c = source[_at];
            if (c == '"') break;
            if (c == '\\') text.Append(Escape(start));
            else
            {
                text.Append(c);
                _at++;
            }
        }
        _at++;
        Add(TokenKind.Quoted, text.ToString(), start);
    }

    private void Raw()
    {
        var end = source.IndexOf('`', _at + 1);
        if (end < 0) throw Wrong("the raw string is not closed", _at);
        Add(TokenKind.Quoted, source[(_at + 1)..end].Replace("\r", ""), _at);
        _at = end + 1;
    }

    private void Character()
    {
        var start = _at++;
        if (_at >= source.Length) throw Wrong("the character is not closed", start);
        string text;
        if (source[_at] == '\\') text = Escape(start);
        else
        {
            text = Rune.TryGetRuneAt(source, _at, out var rune) ? rune.ToString() : "\uFFFD";
            _at += text.Length;
        }
        if (_at >= source.Length || source[_at] != '\'') throw Wrong("the character is not closed", start);
        _at++;
        var code = Rune.GetRuneAt(text, 0).Value;
        Add(TokenKind.Number, code.ToString(CultureInfo.InvariantCulture), start);
    }

    // Go's escapes (go.dev/ref/spec, String literals); \x and octal ones name characters below 256 here.
    private string Escape(int start)
    {
        if (++_at >= source.Length) throw Wrong("the string is not closed", start);
        var c = source[_at++];
        var plain = "abfnrtv\\\"'".IndexOf(c);
        if (plain >= 0) return "\a\b\f\n\r\t\v\\\"'"[plain].ToString();
        var (digits, style) = c switch
        {
            'x' => (2, NumberStyles.AllowHexSpecifier),
            'u' => (4, NumberStyles.AllowHexSpecifier),
            'U' => (8, NumberStyles.AllowHexSpecifier),
            _ => throw Wrong("there is an unknown escape in a string", start),
        };
        if (source.Length - _at < digits
            || !uint.TryParse(source.AsSpan(_at, digits), style, CultureInfo.InvariantCulture, out var code)
            || !Rune.TryCreate(code, out var rune)) throw Wrong("there is a malformed escape in a string", start);
        _at += digits;
        return rune.ToString();
    }

    private void Number()
    {
        var start = _at++;
        while (_at < source.Length && (char.IsAsciiLetterOrDigit(source[_at]) || source[_at] is '.' or '_'
            || (source[_at] is '+' or '-' && source[_at - 1] is 'e' or 'E' or 'p' or 'P'))) _at++;
        Add(TokenKind.Number, source[start.._at].Replace("_", ""), start);
    }

    private string Name()
    {
        var start = _at;
        while (_at < source.Length && IsNamePart(source[_at])) _at++;
        return source[start.._at];
    }

    private static bool IsNamePart(char c) => c == '_' || char.IsLetterOrDigit(c);

    private bool IsDigit(int at) => at < source.Length && char.IsAsciiDigit(source[at]);

    private bool IsDotDigit(int at) => at < source.Length && source[at] == '.' && IsDigit(at + 1);

    private void Add(TokenKind kind, string text, int at) => _tokens.Add(new TemplateToken(kind, text, LineAt(at)));

    private TemplateFault Wrong(string what, int at) => new(what, LineAt(at));

    // Places only grow, but for an action that is not closed.
    private int LineAt(int at)
    {
        if (at < _counted) return 1 + source.AsSpan(0, at).Count('\n');
        _line += source.AsSpan(_counted, at - _counted).Count('\n');
        _counted = at;
        return _line;
    }
}
