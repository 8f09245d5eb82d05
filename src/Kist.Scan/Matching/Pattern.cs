namespace Kist.Scan.Matching;

/// <summary>What a pattern found: the whole match, and the part of it that is the secret.</summary>
internal readonly record struct Match(int Start, int End, int SecretStart, int SecretEnd);

/// <summary>
/// A pattern that is found by one of its texts, the anchor, and then checked around it. Runs are possessive and never
/// given back, so that a check takes one step a byte, whatever the input; only a run before a text that could be part
/// of it stops at the text.
/// </summary>
internal sealed class Pattern
{
    private readonly Element[] _elements;
    private readonly int _anchor;
    private readonly int _secretFrom;
    private readonly int _secretTo;
    private readonly bool _isOpen;

    // Three or four bytes also stand by chance in the middle of longer text; a hyphen before them is no beginning.
    private readonly bool _isShort;

    internal Pattern(Element[] elements, int anchor, int secretFrom, int secretTo, bool isOpen)
    {
        (_elements, _anchor) = (elements, anchor);
        (_secretFrom, _secretTo, _isOpen) = (secretFrom, secretTo, isOpen);
        _isShort = elements[0] is { IsText: true } first && first.Texts[0].Length <= 4;
        foreach (var element in elements) IsDistinct |= element.IsText && AreDistinct(element.Texts);
    }

    /// <summary>How much it says: the bytes of its texts, and its parts.</summary>
    public int Weight => _elements.Sum(e => e.IsText ? e.Texts[0].Length : 1);

    /// <summary>Whether a text in it holds a mark that base64 has not, so that no blob contains it by chance.</summary>
    public bool IsDistinct { get; }

    /// <summary>The elements from the anchor on, by which content is searched.</summary>
    public ReadOnlySpan<Element> FromAnchor => _elements.AsSpan(_anchor);

    /// <summary>Whether it stands only where a word begins.</summary>
    public bool BeginsWord => _anchor == 0 && !_isOpen;

    /// <summary>Matches around the anchor that begins at <paramref name="at"/>.</summary>
    public bool TryMatch(ReadOnlySpan<byte> text, int at, out Match match)
    {
        match = default;
        if (BeginsWord && !IsFreeBefore(text, at)) return false;
        var (secretStart, secretEnd) = (-1, -1);
        var start = at;
        for (var i = _anchor - 1; i >= 0; i--)
        {
            if (i + 1 == _secretTo) secretEnd = start;
            var length = Backwards(_elements[i], text[..start]);
            if (length < 0) return false;
            start -= length;
            if (i == _secretFrom) secretStart = start;
        }
        var end = at;
        for (var i = _anchor; i < _elements.Length; i++)
        {
            if (i == _secretFrom) secretStart = end;
            var length = Forwards(i, text[end..]);
            if (length < 0) return false;
            end += length;
            if (i + 1 == _secretTo) secretEnd = end;
        }
        if (!_isOpen && !(IsFreeBefore(text, start) && IsFreeAfter(text, end))) return false;
        if (!IsDistinct && !_isOpen && IsInsideBlob(text, start, end)) return false;
        match = new Match(start, end, secretStart, secretEnd);
        return true;
    }

    /// <summary>Whether the whole of <paramref name="text"/> is one match.</summary>
    public bool IsWhole(ReadOnlySpan<byte> text)
    {
        var end = 0;
        for (var i = 0; i < _elements.Length; i++)
        {
            var length = Forwards(i, text[end..]);
            if (length < 0) return false;
            end += length;
        }
        return end == text.Length;
    }

    private int Forwards(int index, ReadOnlySpan<byte> rest)
    {
        var element = _elements[index];
        if (element.Set is not { } set) return element.MatchText(rest);
        if (rest.Length > element.Max) rest = rest[..element.Max];
        var run = set.RunLength(rest);
        if (run < element.Min) return -1;
        if (index + 1 < _elements.Length && _elements[index + 1] is { IsText: true } next
            && set.Contains(next.Texts[0][0]))
        {
            return StopAt(next, rest, run, element.Min);
        }
        return run;
    }

    // The part of a run before the first place at which the next text stands. Only the first: no second thoughts.
    private static int StopAt(Element next, ReadOnlySpan<byte> rest, int run, int min)
    {
        var first = next.Texts[0][0];
        for (var at = min; at <= run; at++)
        {
            if (at < run && rest[at] != first && !next.IgnoreCase && next.Texts.Length == 1) continue;
            if (at < rest.Length && next.MatchText(rest[at..]) > 0) return at;
        }
        return run;
    }

    private static int Backwards(Element element, ReadOnlySpan<byte> before)
    {
        if (element.Set is not { } set) return element.MatchTextBackwards(before);
        if (before.Length > element.Max) before = before[^element.Max..];
        var run = set.TailLength(before);
        return run < element.Min ? -1 : run;
    }

    // A letter before it may belong to an escape: the n of "\n" in a JSON string.
    private bool IsFreeBefore(ReadOnlySpan<byte> text, int start) =>
        start == 0 || !(ByteSet.Base62.Contains(text[start - 1])
            || (_isShort && text[start - 1] is (byte)'-' or (byte)'_'))
        || (start >= 2 && text[start - 2] == (byte)'\\' && text[start - 1] is (byte)'n' or (byte)'r' or (byte)'t')
        || (start >= 3 && text[start - 3] == (byte)'%');

    private bool IsFreeAfter(ReadOnlySpan<byte> text, int end)
    {
        if (end >= text.Length) return true;
        var next = text[end];
        if (_elements[^1].Set is { } set && set.Contains(next)) return false;
        return !ByteSet.Base62.Contains(next);
    }

    private static bool IsInsideBlob(ReadOnlySpan<byte> text, int start, int end)
    {
        var before = text[Math.Max(0, start - 24)..start];
        if (ByteSet.Base64.TailLength(before) >= 16) return true;
        return end < text.Length && text[end] is (byte)'+' or (byte)'/'
            && ByteSet.Base64.RunLength(text[end..Math.Min(text.Length, end + 24)]) >= 16;
    }

    private static bool AreDistinct(byte[][] texts)
    {
        foreach (var text in texts)
            if (text.Length < 3 || text.AsSpan().IndexOfAny("_-.:$"u8) < 0) return false;
        return true;
    }
}
