using System.Text;

namespace Kist.Scan.Matching;

/// <summary>What stands between a name and its value.</summary>
internal enum Separator
{
    /// <summary><c>=</c>, <c>:</c>, <c>=&gt;</c> and their kin.</summary>
    Sign,

    /// <summary>A comma or a bracket, as between arguments.</summary>
    Comma,

    /// <summary>The end of an opening tag.</summary>
    Tag,

    /// <summary>Only white space.</summary>
    Space,
}

/// <summary>A name and the value given to it, as ranges of bytes.</summary>
internal readonly record struct Assignment(
    int NameStart, int NameEnd, int ValueStart, int ValueEnd, bool IsQuoted, Separator Separator)
{
    private const int MaxName = 72;
    private const int MaxValue = 2048;
    private static readonly ByteSet s_name = ByteSet.Of("0-9A-Za-z_.$-");
    private static readonly ByteSet s_signs = ByteSet.Of("=:?+|.>~");
    private static readonly ByteSet s_valueEnds = ByteSet.Of(" \t\r\n\"'`<>()[]{},;|\\&");

    /// <summary>Reads the assignment to the name around <paramref name="at"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, int at, out Assignment assignment)
    {
        assignment = default;
        var start = at;
        while (start > 0 && at - start < MaxName && s_name.Contains(text[start - 1])) start--;
        var end = at;
        while (end < text.Length && end - at < MaxName && s_name.Contains(text[end])) end++;
        var next = end;
        while (next < text.Length && next < end + 3 && text[next] is (byte)'"' or (byte)'\'' or (byte)'`' or (byte)']'
            or (byte)'\\')
        {
            next++;
        }
        var isQuotedName = next > end;
        next = SkipBlanks(text, next);
        if (next >= text.Length) return false;
        if (!TrySeparator(text, ref next, isQuotedName, start, out var separator)) return false;
        return TryValue(text, next, separator, out var from, out var to, out var isQuoted)
            && Make(start, end, from, to, isQuoted, separator, out assignment);
    }

    private static bool Make(
        int start, int end, int from, int to, bool isQuoted, Separator separator, out Assignment assignment)
    {
        assignment = new Assignment(start, end, from, to, isQuoted, separator);
        return to > from;
    }

    private static bool TrySeparator(
        ReadOnlySpan<byte> text, ref int at, bool isQuotedName, int nameStart, out Separator separator)
    {
        separator = Separator.Sign;
        var rest = text[at..];
        if (rest[0] == (byte)'>')
        {
            separator = Separator.Tag;
            at++;
            return nameStart > 0 && text[nameStart - 1] is (byte)'<' or (byte)':';
        }
        var signs = s_signs.RunLength(rest[..Math.Min(rest.Length, 5)]);
        var run = rest[..signs];
        if (signs > 0 && (run.Contains((byte)'=') || run.Contains((byte)':')))
        {
            at += signs;
            if (run.StartsWith("=="u8)) return false;
            if (run.SequenceEqual(":"u8)) SkipType(text, ref at);
            return true;
        }
        if (rest[0] is (byte)',' or (byte)'(')
        {
            separator = Separator.Comma;
            // Arguments of a call, not the items of a list.
            if (rest[0] == (byte)',' && (nameStart < 2 || text[nameStart - 2] != (byte)'(')) return false;
            at = SkipBlanks(text, at + 1);
            return at < text.Length && text[at] is (byte)'"' or (byte)'\'' or (byte)'`';
        }
        if (TryValueWord(text, ref at)) return true;
        if (!isQuotedName && SkipType(text, ref at)) return true;
        separator = Separator.Space;
        return !isQuotedName && at > 0 && text[at - 1] is (byte)' ' or (byte)'\t';
    }

    // key="x" value="y"; name: X, then value: y on the next line; variable "x" { default = "y".
    private static bool TryValueWord(ReadOnlySpan<byte> text, ref int at)
    {
        var p = at;
        while (p < text.Length && p - at < 48 && text[p] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'
            or (byte)',' or (byte)'{' or (byte)'"')
        {
            p++;
        }
        var rest = text[p..];
        var word = StartsWith(rest, "value"u8) ? 5 : StartsWith(rest, "default"u8) ? 7
            : StartsWith(rest, "secret_value"u8) ? 12 : 0;
        if (word == 0) return false;
        p += word;
        while (p < text.Length && text[p] is (byte)'"' or (byte)' ') p++;
        if (p >= text.Length || text[p] is not ((byte)'=' or (byte)':')) return false;
        at = p + 1;
        return true;
    }

    // The type in `var x string = "y"` and `x: string = "y"`.
    private static bool SkipType(ReadOnlySpan<byte> text, ref int at)
    {
        var p = SkipBlanks(text, at);
        var word = p;
        while (p < text.Length && p - word < 24 && (ByteSet.Word.Contains(text[p]) || text[p] is (byte)'*' or (byte)'&'
            or (byte)'?' or (byte)'[' or (byte)']'))
        {
            p++;
        }
        if (p == word) return false;
        p = SkipBlanks(text, p);
        if (p + 1 >= text.Length || text[p] != (byte)'=' || text[p + 1] == (byte)'=') return false;
        at = p + 1;
        return true;
    }

    private static bool TryValue(
        ReadOnlySpan<byte> text, int at, Separator separator, out int from, out int to, out bool isQuoted)
    {
        at = SkipBlanks(text, at);
        if (separator is Separator.Tag || (separator is Separator.Sign && at > 0)) at = SkipLines(text, at);
        (from, to, isQuoted) = (at, at, false);
        if (at >= text.Length) return false;
        if (at + 1 < text.Length && text[at] is (byte)'b' or (byte)'r' or (byte)'f' or (byte)'u' or (byte)'@'
            or (byte)'L'
            or (byte)'$' && text[at + 1] is (byte)'"' or (byte)'\'')
        {
            at++;
        }
        var isEscaped = text[at] == (byte)'\\' && at + 1 < text.Length && text[at + 1] is (byte)'"' or (byte)'\'';
        if (isEscaped) at++;
        var quote = text[at];
        if (quote is (byte)'"' or (byte)'\'' or (byte)'`')
        {
            while (at < text.Length && text[at] == quote) at++;
            return TryQuoted(text, at, quote, isEscaped, out from, out to, out isQuoted);
        }
        from = at;
        to = at;
        while (to < text.Length && to - from < MaxValue && !s_valueEnds.Contains(text[to])) to++;
        while (to > from && text[to - 1] is (byte)'.' or (byte)':' or (byte)'!') to--;
        // What goes on with a bracket is a call or an index, not a value.
        return to >= text.Length || text[to] is not ((byte)'(' or (byte)'[');
    }

    private static bool TryQuoted(
        ReadOnlySpan<byte> text, int at, byte quote, bool isEscaped, out int from, out int to, out bool isQuoted)
    {
        (from, to, isQuoted) = (at, at, true);
        var rest = text[at..Math.Min(text.Length, at + MaxValue)];
        var end = 0;
        while (end < rest.Length && rest[end] != quote && rest[end] is not ((byte)'\n' or (byte)'\r'))
            end += rest[end] == (byte)'\\' && !isEscaped && end + 1 < rest.Length ? 2 : 1;
        if (end >= rest.Length || rest[end] != quote) return false;
        if (isEscaped && end > 0 && rest[end - 1] == (byte)'\\') end--;
        to = at + end;
        while (to > from && text[to - 1] == (byte)' ') to--;
        while (to > from && text[from] == (byte)' ') from++;
        return true;
    }

    private static int SkipBlanks(ReadOnlySpan<byte> text, int at)
    {
        for (var i = 0; i < 40 && at < text.Length && text[at] is (byte)' ' or (byte)'\t'; i++) at++;
        return at;
    }

    private static int SkipLines(ReadOnlySpan<byte> text, int at)
    {
        var lines = 0;
        for (var i = 0; i < 80 && at < text.Length
            && text[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'; i++)
            if (text[at++] == (byte)'\n' && ++lines > 2) return at;
        return at;
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) =>
        text.Length >= word.Length && Ascii.EqualsIgnoreCase(text[..word.Length], word);
}
