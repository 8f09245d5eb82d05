using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kist.Kernel.Hcl;

internal enum HclTokenKind
{
    End, Broken, Identifier, String, Number, Assign, Comma, OpenBrace, CloseBrace, OpenBracket, CloseBracket,
}

internal readonly record struct HclToken(HclTokenKind Kind, HclPosition Position, string Text = "");

/// <summary>
/// Cuts a document into tokens, one pass. After an error it yields <see cref="HclTokenKind.Broken"/> for ever.
/// </summary>
internal sealed class HclLexer(string text, HclTree tree)
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private int _at;
    private int _line = 1;
    private int _lineStart;

    private HclPosition Here => new(_line, _at - _lineStart + 1);

    private char Current => _at < text.Length ? text[_at] : '\0';

    internal HclToken Next()
    {
        if (tree.Error is not null || !SkipBlanks()) return new HclToken(HclTokenKind.Broken, Here);
        var start = Here;
        if (_at == text.Length) return new HclToken(HclTokenKind.End, start);
        var c = Current;
        if (char.IsLetter(c) || c == '_')
            return new HclToken(HclTokenKind.Identifier, start, TakeWhile(IsIdentifierPart));
        if (char.IsAsciiDigit(c) || c == '-') return Number(start);
        if (c == '"') return String(start);
        if (c == '<') return Heredoc(start);
        var kind = c switch
        {
            '=' => HclTokenKind.Assign,
            ',' => HclTokenKind.Comma,
            '{' => HclTokenKind.OpenBrace,
            '}' => HclTokenKind.CloseBrace,
            '[' => HclTokenKind.OpenBracket,
            ']' => HclTokenKind.CloseBracket,
            _ => HclTokenKind.Broken,
        };
        if (kind == HclTokenKind.Broken) return Broken("unexpected character", start);
        _at++;
        return new HclToken(kind, start);
    }

    private static bool IsIdentifierPart(char c) => char.IsLetterOrDigit(c) || c is '_' or '-' or '.';

    private string TakeWhile(Func<char, bool> belongs)
    {
        var from = _at;
        while (_at < text.Length && belongs(text[_at])) _at++;
        return text[from.._at];
    }

    private HclToken Broken(string message, HclPosition position)
    {
        tree.Fail(message, position);
        return new HclToken(HclTokenKind.Broken, position);
    }

    private void NewLine()
    {
        _line++;
        _lineStart = _at;
    }

    /// <summary>Skips blanks and the three kinds of comment; false at a comment that does not end.</summary>
    private bool SkipBlanks()
    {
        while (_at < text.Length)
        {
            var c = text[_at];
            if (c == '\n')
            {
                _at++;
                NewLine();
            }
            else if (c is ' ' or '\t' or '\r') _at++;
            else if (c == '#' || text.AsSpan(_at).StartsWith("//"))
            {
                var end = text.IndexOf('\n', _at);
                _at = end < 0 ? text.Length : end;
            }
            else if (text.AsSpan(_at).StartsWith("/*"))
            {
                if (!SkipBlockComment()) return false;
            }
            else return true;
        }
        return true;
    }

    private bool SkipBlockComment()
    {
        var start = Here;
        var end = text.IndexOf("*/", _at + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            tree.Fail("the comment does not end", start);
            return false;
        }
        for (; _at < end + 2; )
            if (text[_at++] == '\n') NewLine();
        return true;
    }

    private HclToken Number(HclPosition start)
    {
        var body = TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '+');
        return IsNumber(body) ? new HclToken(HclTokenKind.Number, start, body) : Broken("malformed number", start);
    }

    private static bool IsNumber(string body)
    {
        if (body.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return body.Length is > 2 and <= 18 && body.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0;
        var digits = body.AsSpan(body.StartsWith('-') ? 1 : 0);
        return digits.Length > 0
            && char.IsAsciiDigit(digits[0])
            && char.IsAsciiDigit(digits[^1])
            && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number);
    }

    private HclToken String(HclPosition start)
    {
        _at++;
        var value = new StringBuilder();
        while (true)
        {
            var from = _at;
            while (_at < text.Length && text[_at] is not ('"' or '\\' or '\n' or '\0')) _at++;
            value.Append(text, from, _at - from);
            if (Current == '"')
            {
                _at++;
                return new HclToken(HclTokenKind.String, start, value.ToString());
            }
            if (Current != '\\') return Broken("the string does not end on its line", start);
            var escape = Here;
            if (!Escape(value)) return Broken("unknown escape in a string", escape);
        }
    }

    private bool Escape(StringBuilder value)
    {
        _at++;
        var c = Current;
        if (c is 'u' or 'U' or 'x') return CodePoint(value, c switch { 'u' => 4, 'U' => 8, _ => 2 });
        var plain = "abfnrtv\\\"".IndexOf(c);
        if (plain < 0) return false;
        value.Append("\a\b\f\n\r\t\v\\\""[plain]);
        _at++;
        return true;
    }

    private bool CodePoint(StringBuilder value, int digits)
    {
        _at++;
        if (text.Length - _at < digits) return false;
        var hex = text.AsSpan(_at, digits);
        if (!uint.TryParse(hex, NumberStyles.AllowHexSpecifier, null, out var code)) return false;
        // \x names a byte; only ASCII bytes are characters by themselves.
        if (digits == 2 && code > 0x7f || !Rune.TryCreate(code, out var rune)) return false;
        value.Append(rune.ToString());
        _at += digits;
        return true;
    }

    /// <summary>
    /// <c>&lt;&lt;WORD</c> … <c>WORD</c>; with <c>&lt;&lt;-</c> the indentation of the closing word is taken off
    /// every line.
    /// </summary>
    private HclToken Heredoc(HclPosition start)
    {
        if (!text.AsSpan(_at).StartsWith("<<")) return Broken("unexpected character", start);
        _at += 2;
        var unindent = Current == '-';
        if (unindent) _at++;
        var word = TakeWhile(c => char.IsLetterOrDigit(c) || c == '_');
        if (Current == '\r') _at++;
        if (word.Length == 0 || Current != '\n') return Broken("malformed heredoc", start);
        _at++;
        NewLine();
        var lines = new List<string>();
        while (_at < text.Length)
        {
            var end = text.IndexOf('\n', _at);
            var line = end < 0 ? text[_at..] : text[_at..end];
            if (line.AsSpan().Trim(" \t\r").SequenceEqual(word))
            {
                _at += line.AsSpan().TrimEnd('\r').Length;
                var indent = unindent ? line[..line.IndexOf(word[0])] : "";
                return new HclToken(HclTokenKind.String, start, Join(lines, indent));
            }
            if (end < 0) break;
            lines.Add(line + "\n");
            _at = end + 1;
            NewLine();
        }
        return Broken("the heredoc does not end", start);
    }

    private static string Join(List<string> lines, string indent)
    {
        var everyLine = lines.TrueForAll(line => line.StartsWith(indent, StringComparison.Ordinal));
        return string.Concat(everyLine ? lines.Select(line => line[indent.Length..]) : lines);
    }
}
