using System.Buffers;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Dotenv;

/// <summary>Reads a <c>.env</c> file once from its beginning to its end; the dialect is <see cref="DotenvFile"/>'s.
/// </summary>
internal ref struct DotenvParser
{
    /// <summary>Bytes that need no quotes: no tool gives any of them a meaning of its own.</summary>
    public static readonly SearchValues<byte> Bare = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+,=?&~"u8);

    private readonly ReadOnlySpan<byte> _content;
    private readonly string _file;
    private readonly DotenvExpansion? _expansion;
    private readonly List<DotenvEntry> _entries = [];
    private int _at;
    private int _line = 1;

    public DotenvParser(ReadOnlySpan<byte> content, string file, Func<string, string?>? expand)
    {
        _content = content;
        _file = file;
        _expansion = expand is null ? null : new DotenvExpansion(_entries, expand);
        if (content.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) _at = 3;
    }

    /// <summary>Letters, digits, <c>_</c>, <c>.</c> and <c>-</c>.</summary>
    public static bool IsNameByte(byte one) => char.IsAsciiLetterOrDigit((char)one) || one is (byte)'_' or (byte)'.'
        or (byte)'-';

    /// <summary>Reads everything; the entries so far also where it fails.</summary>
    public DotenvFault? Run(out IReadOnlyList<DotenvEntry> entries)
    {
        entries = _entries;
        while (_at < _content.Length)
        {
            var start = _at;
            SkipBlanks();
            if (_at == _content.Length) break;
            if (Take((byte)'#'))
            {
                SkipLine();
                NextLine();
            }
            else if (!NextLine() && ReadEntry(start) is { } fault) return fault;
        }
        return null;
    }

    private DotenvFault? ReadEntry(int start)
    {
        var line = _line;
        var name = ReadName();
        var exported = false;
        if (name == "export" && Peek() is (byte)' ' or (byte)'\t')
        {
            SkipBlanks();
            if (IsNameByte(Peek())) (exported, name) = (true, ReadName());
        }
        if (name.Length == 0) return Fault(line, null, "a line sets a variable, NAME=value, or begins with #");
        var blanks = _at;
        SkipBlanks();
        if (!Take((byte)'='))
        {
            if (blanks != _at || Peek() != (byte)':' || !IsBlankOrEnd(_at + 1))
                return Fault(line, IsAtLineEnd() ? name : null, "there is no = after the name");
            _at++;
        }
        SkipBlanks();
        using var value = new SecretWriter(64);
        var quote = Peek() switch
        {
            (byte)'\'' => DotenvQuote.Single,
            (byte)'"' => DotenvQuote.Double,
            (byte)'`' => DotenvQuote.Backtick,
            _ => DotenvQuote.None,
        };
        if ((quote == DotenvQuote.None ? ReadBare(value) : ReadQuoted(quote, value)) is { } reason)
            return Fault(line, name, reason);
        if (value.WrittenSpan.Contains((byte)0)) return Fault(line, name, "the value holds a zero byte");
        var end = _at;
        NextLine();
        _entries.Add(new DotenvEntry(name, SecretBuffer.Copy(value.WrittenSpan), line, quote, exported)
        {
            Text = start..end,
        });
        return null;
    }

    private string? ReadBare(SecretWriter value)
    {
        var start = _at;
        SkipLine();
        var text = _content[start.._at];
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != (byte)'#' || (i == 0 ? !IsBlank(_content[start - 1]) : !IsBlank(text[i - 1]))) continue;
            text = text[..i];
            break;
        }
        text = text.Trim(" \t"u8);
        if (_expansion is not null) return _expansion.Expand(text, value);
        value.Write(text);
        return null;
    }

    private string? ReadQuoted(DotenvQuote quote, SecretWriter value)
    {
        var mark = _content[_at++];
        var start = _at;
        while (true)
        {
            if (_at == _content.Length) return $"the quote {(char)mark} is not closed";
            var one = _content[_at];
            if (one == (byte)'\\' && _at + 1 < _content.Length && SkipsNext(quote, mark)) _at += 2;
            else if (one == mark) break;
            else if (!NextLine()) _at++;
        }
        var text = _content[start.._at++];
        if (!EndsLine()) return "more follows after the closing quote";
        SkipLine();
        if (quote != DotenvQuote.Double)
        {
            CopyText(text, quote == DotenvQuote.Single, value);
            return null;
        }
        if (_expansion is not null) return _expansion.ExpandEscaped(text, value);
        for (var i = 0; i < text.Length; i++) i += Unescape(text[i..], value);
        return null;
    }

    // In single quotes a backslash hides only a quote, and not the last one of the line: 'C:\dir\' is a folder.
    private bool SkipsNext(DotenvQuote quote, byte mark)
    {
        var next = _content[_at + 1];
        if (quote == DotenvQuote.Double) return next is not ((byte)'\r' or (byte)'\n');
        if (quote != DotenvQuote.Single || next != mark) return false;
        var later = this;
        later._at += 2;
        return !later.EndsLine();
    }

    private static void CopyText(ReadOnlySpan<byte> text, bool quotes, SecretWriter value)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var next = i + 1 < text.Length ? text[i + 1] : (byte)0;
            if ((quotes && text[i] == (byte)'\\' && next == (byte)'\'')
                || (text[i] == (byte)'\r' && next == (byte)'\n')) continue;
            value.Write(text.Slice(i, 1));
        }
    }

    /// <summary>Writes what the first byte or escape of a double-quoted text stands for; gives how many bytes beyond
    /// the first belong to it.</summary>
    public static int Unescape(ReadOnlySpan<byte> text, SecretWriter value)
    {
        if (text.StartsWith("\r\n"u8))
        {
            value.Write("\n"u8);
            return 1;
        }
        var next = text.Length > 1 ? text[1] : (byte)0;
        var meant = text[0] != (byte)'\\' ? (byte)0 : next switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'\\' or (byte)'"' or (byte)'\'' or (byte)'`' or (byte)'$' => next,
            _ => (byte)0,
        };
        value.Write(meant == 0 ? text[..1] : [meant]);
        return meant == 0 ? 0 : 1;
    }

    private string ReadName()
    {
        var start = _at;
        while (_at < _content.Length && IsNameByte(_content[_at])) _at++;
        return Encoding.ASCII.GetString(_content[start.._at]);
    }

    // Whether only blanks or a comment stand before the line's end.
    private readonly bool EndsLine()
    {
        var at = _at;
        while (at < _content.Length && IsBlank(_content[at])) at++;
        return at == _content.Length || _content[at] is (byte)'\r' or (byte)'\n' or (byte)'#';
    }

    private readonly bool IsAtLineEnd() => Peek() is (byte)'\r' or (byte)'\n' or 0 or (byte)'#';

    private readonly byte Peek() => _at < _content.Length ? _content[_at] : (byte)0;

    private bool Take(byte one)
    {
        if (Peek() != one || _at == _content.Length) return false;
        _at++;
        return true;
    }

    private void SkipBlanks()
    {
        while (_at < _content.Length && IsBlank(_content[_at])) _at++;
    }

    private void SkipLine()
    {
        while (_at < _content.Length && _content[_at] is not ((byte)'\r' or (byte)'\n')) _at++;
    }

    // Takes one line break, if there is one: LF, CR LF or a lone CR.
    private bool NextLine()
    {
        if (_at == _content.Length || _content[_at] is not ((byte)'\r' or (byte)'\n')) return false;
        if (_content[_at] == (byte)'\r' && _at + 1 < _content.Length && _content[_at + 1] == (byte)'\n') _at++;
        _at++;
        _line++;
        return true;
    }

    private readonly bool IsBlankOrEnd(int at) =>
        at >= _content.Length || IsBlank(_content[at]) || _content[at] is (byte)'\r' or (byte)'\n';

    private static bool IsBlank(byte one) => one is (byte)' ' or (byte)'\t';

    private readonly DotenvFault Fault(int line, string? name, string reason) => new(_file, line, name, reason);
}
