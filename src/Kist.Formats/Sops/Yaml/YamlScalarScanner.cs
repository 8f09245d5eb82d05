using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Kist.Formats.Sops.Yaml;

/// <summary>Takes scalars out of a YAML text: what stands on one line without an escape is a piece of the text itself;
/// anything else is put together in memory that the arena zeroes.</summary>
internal sealed class YamlScalarScanner(YamlCursor cursor, SecretArena arena)
{
    private byte[] _built = [];
    private int _length;

    /// <summary>A scalar without quotes.</summary>
    /// <param name="indent">How far the lines after the first must be indented.</param>
    /// <param name="crossed">Whether the reading went on to another line behind it.</param>
    public YamlToken Plain(int indent, bool inFlow, out bool crossed)
    {
        var start = cursor.Mark;
        var end = start;
        var (gap, built) = (0, false);
        crossed = false;
        while (!cursor.IsDocumentMark && cursor.Here != '#')
        {
            var from = cursor.At;
            var to = PlainLine(inFlow);
            if (to > from)
            {
                if (crossed)
                {
                    if (!built) Begin(start.At, end.At);
                    built = true;
                    Fold(gap, from, escaped: false);
                    Add(from, to);
                    crossed = false;
                }
                end = new YamlMark(to, cursor.Line, to - cursor.LineStart);
            }
            if (cursor.BreakAt(cursor.At) == 0) break;
            (gap, crossed) = (cursor.At, true);
            if (!SkipGap(indent)) break;
            if (!inFlow && cursor.Column < indent) break;
        }
        return new YamlToken(YamlTokenKind.Scalar, start, end, YamlStyle.Plain,
            built ? Built() : cursor.Piece(start.At, end.At));
    }

    /// <summary>Goes over line ends and what indents the lines behind them; a tab where blanks must be is a
    /// fault.</summary>
    private bool SkipGap(int indent)
    {
        while (true)
        {
            if (cursor.SkipBreak()) continue;
            if (!cursor.IsBlank(cursor.At)) return true;
            if (cursor.Here == '\t' && cursor.Column < indent)
            {
                cursor.Fail(cursor.Mark, "a tab cannot indent; use blanks");
                return false;
            }
            cursor.At++;
        }
    }

    /// <summary>Goes to what ends a plain scalar on this line, or the line; gives where its last word ended.</summary>
    private int PlainLine(bool inFlow)
    {
        var end = cursor.At;
        while (true)
        {
            var from = cursor.At;
            PlainWord(inFlow);
            if (cursor.At > from) end = cursor.At;
            if (!cursor.IsBlank(cursor.At)) return end;
            cursor.SkipBlanks();
            if (cursor.Here is 0 or (byte)'#' || cursor.BreakAt(cursor.At) > 0) return end;
        }
    }

    private void PlainWord(bool inFlow)
    {
        var text = cursor.Text;
        var stops = inFlow ? s_flowStops : s_plainStops;
        while (true)
        {
            var at = cursor.At += text.AsSpan(cursor.At).IndexOfAny(stops);
            var goesOn = text[at] switch
            {
                (byte)':' or (byte)'?' => !cursor.IsGap(at + 1),
                0xC2 or 0xE2 => cursor.BreakAt(at) == 0,
                _ => false,
            };
            if (!goesOn) return;
            cursor.At++;
        }
    }

    /// <summary>A scalar in quotes.</summary>
    public YamlToken Quoted(byte quote)
    {
        var start = cursor.Mark;
        var text = cursor.Text;
        var from = ++cursor.At;
        var built = false;
        _length = 0;
        while (cursor.Fault is null)
        {
            if (cursor.IsDocumentMark)
            {
                cursor.Fail(start, "a text in quotes is not closed before the document ends");
                break;
            }
            var at = cursor.At += text.AsSpan(cursor.At).IndexOfAny(quote == '"' ? s_doubleStops : s_singleStops);
            if (text[at] == quote)
            {
                cursor.At++;
                if (quote == '"' || text[at + 1] != quote)
                {
                    if (built) Add(from, at);
                    return new YamlToken(YamlTokenKind.Scalar, start, cursor.Mark, YamlStyle.Quoted,
                        built ? Built() : cursor.Piece(from, at));
                }
                Add(from, cursor.At++);
            }
            else if (text[at] == '\\')
            {
                Add(from, at);
                if (cursor.BreakAt(at + 1) > 0)
                {
                    cursor.At++;
                    FoldHere(escaped: true);
                }
                else Escape();
            }
            else if (cursor.BreakAt(at) > 0)
            {
                while (at > from && cursor.IsBlank(at - 1)) at--;
                Add(from, at);
                FoldHere(escaped: false);
            }
            else if (cursor.AtEnd) cursor.Fail(start, "a text in quotes is not closed");
            else
            {
                cursor.At++;
                continue;
            }
            (built, from) = (true, cursor.At);
        }
        return default;
    }

    private void FoldHere(bool escaped)
    {
        var gap = cursor.At;
        SkipGap(-1);
        Fold(gap, cursor.At, escaped);
    }

    /// <summary>The escape that begins with the backslash here.</summary>
    private void Escape()
    {
        var code = (int)cursor.Text[cursor.At + 1];
        var digits = code switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        var value = code switch
        {
            '0' => 0, 'a' => 7, 'b' => 8, 't' or '\t' => 9, 'n' => 10, 'v' => 11, 'f' => 12, 'r' => 13, 'e' => 0x1B,
            ' ' or '"' or '\'' or '\\' or '/' => code,
            'N' => 0x85, '_' => 0xA0, 'L' => 0x2028, 'P' => 0x2029,
            _ => -1,
        };
        if (digits > 0 && !Hexadecimal(cursor.At + 2, digits, out value))
        {
            cursor.Fail(cursor.Mark, $"behind \\{(char)code} must stand {digits} hexadecimal digits of a letter");
            return;
        }
        if (!Rune.TryCreate(value, out var rune))
        {
            cursor.Fail(cursor.Mark,
                "there is an escape that YAML does not know; a backslash itself is written \\\\ or in single quotes");
            return;
        }
        cursor.At += 2 + digits;
        Grow(4);
        _length += rune.EncodeToUtf8(_built.AsSpan(_length));
    }

    private bool Hexadecimal(int at, int digits, out int value)
    {
        var whole = 0L;
        value = 0;
        for (var i = 0; i < digits; i++)
        {
            var c = (char)(at + i < cursor.Length ? cursor.Text[at + i] : 0);
            if (!char.IsAsciiHexDigit(c)) return false;
            whole = whole * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        value = (int)Math.Min(whole, int.MaxValue);
        return Rune.IsValid(value);
    }

    /// <summary>A scalar in lines of its own, behind <c>|</c> or <c>&gt;</c>.</summary>
    /// <param name="parent">How far what it is in is indented; -1 at the top.</param>
    public YamlToken Block(bool literal, int parent)
    {
        var start = cursor.Mark;
        if (!Header(out var keep, out var strip, out var increment)) return default;
        var indent = increment > 0 ? Math.Max(parent, 0) + increment : 0;
        _length = 0;
        var (gap, lineEnd, wasBlank) = (cursor.At, -1, false);
        var end = SkipEmpty(ref indent, parent);
        while (cursor.Fault is null && cursor.Column == indent && !cursor.AtEnd)
        {
            var blank = cursor.IsBlank(cursor.At);
            if (!literal && !wasBlank && !blank && lineEnd >= 0 && cursor.Text[lineEnd] != 0xE2)
            {
                if (AddBreaks(gap, cursor.At) == 0) Add((byte)' ');
            }
            else
            {
                if (lineEnd >= 0) AddBreak(lineEnd);
                AddBreaks(gap, cursor.At);
            }
            wasBlank = blank;
            var from = cursor.At;
            cursor.SkipLine();
            Add(from, cursor.At);
            lineEnd = cursor.At;
            if (!cursor.SkipBreak()) lineEnd = -1;
            gap = cursor.At;
            end = SkipEmpty(ref indent, parent);
        }
        if (!strip && lineEnd >= 0) AddBreak(lineEnd);
        if (keep) AddBreaks(gap, end.At);
        return new YamlToken(YamlTokenKind.Scalar, start, end, YamlStyle.Block, Built());
    }

    private bool Header(out bool keep, out bool strip, out int increment)
    {
        cursor.At++;
        (keep, strip, increment) = (false, false, 0);
        for (var i = 0; i < 2; i++)
        {
            var c = cursor.Here;
            if (c is (byte)'+' or (byte)'-' && !keep && !strip) (keep, strip) = (c == '+', c == '-');
            else if (c is >= (byte)'1' and <= (byte)'9' && increment == 0) increment = c - '0';
            else break;
            cursor.At++;
        }
        cursor.SkipBlanks();
        if (cursor.Here == '#') cursor.SkipLine();
        if (cursor.SkipBreak() || cursor.AtEnd) return true;
        cursor.Fail(cursor.Mark, "behind | or > may stand + or -, a digit from 1 to 9 and a comment; the text itself "
            + "begins on the next line");
        return false;
    }

    /// <summary>Goes over empty lines and the indentation of the next one, and finds out how far a block is indented
    /// where that is 0; gives where the last empty line ended.</summary>
    private YamlMark SkipEmpty(ref int indent, int parent)
    {
        var end = cursor.Mark;
        var widest = 0;
        while (true)
        {
            while ((indent == 0 || cursor.Column < indent) && cursor.Here == ' ') cursor.At++;
            widest = Math.Max(widest, cursor.Column);
            if (cursor.Here == '\t' && cursor.Column < indent)
            {
                cursor.Fail(cursor.Mark, "a tab cannot indent the text behind | or >; use blanks");
                break;
            }
            if (!cursor.SkipBreak()) break;
            end = cursor.Mark;
        }
        if (indent == 0) indent = Math.Max(Math.Max(widest, parent + 1), 1);
        return end;
    }

    /// <summary>What stands between two lines of a text: one line end is a blank, of more the first is
    /// nothing.</summary>
    /// <param name="escaped">The first line end is nothing in any case.</param>
    private void Fold(int from, int to, bool escaped)
    {
        var first = cursor.BreakAt(from);
        if (cursor.Text[from] == 0xE2 && !escaped) AddBreak(from);
        if (AddBreaks(from + first, to) == 0 && cursor.Text[from] != 0xE2 && !escaped) Add((byte)' ');
    }

    private int AddBreaks(int from, int to)
    {
        var count = 0;
        while (from < to)
        {
            var length = cursor.BreakAt(from);
            if (length > 0)
            {
                AddBreak(from);
                count++;
            }
            from += Math.Max(length, 1);
        }
        return count;
    }

    private void AddBreak(int at)
    {
        if (cursor.Text[at] == 0xE2) Add(at, at + 3);
        else Add((byte)'\n');
    }

    private void Begin(int from, int to)
    {
        _length = 0;
        Add(from, to);
    }

    private void Add(byte one)
    {
        Grow(1);
        _built[_length++] = one;
    }

    private void Add(int from, int to)
    {
        Grow(to - from);
        cursor.Text.AsSpan(from, to - from).CopyTo(_built.AsSpan(_length));
        _length += to - from;
    }

    private void Grow(int more)
    {
        if (_length + more <= _built.Length) return;
        // The smaller one stays with the arena, which zeroes it.
        var larger = arena.TakeArray(Math.Max(1 << 15, (_length + more) * 2));
        _built.AsSpan(0, _length).CopyTo(larger);
        _built = larger;
    }

    private ReadOnlyMemory<byte> Built() => arena.Copy(_built.AsSpan(0, _length));

    private static readonly SearchValues<byte> s_plainStops = SearchValues.Create(
        [0, (byte)' ', (byte)'\t', (byte)'\n', (byte)'\r', (byte)':', 0xC2, 0xE2]);

    private static readonly SearchValues<byte> s_flowStops = SearchValues.Create(
        [0, (byte)' ', (byte)'\t', (byte)'\n', (byte)'\r', (byte)':', (byte)'?', (byte)',', (byte)'[', (byte)']',
            (byte)'{', (byte)'}', 0xC2, 0xE2]);

    private static readonly SearchValues<byte> s_doubleStops = SearchValues.Create(
        [0, (byte)'\n', (byte)'\r', (byte)'"', (byte)'\\', 0xC2, 0xE2]);

    private static readonly SearchValues<byte> s_singleStops = SearchValues.Create(
        [0, (byte)'\n', (byte)'\r', (byte)'\'', 0xC2, 0xE2]);
}
