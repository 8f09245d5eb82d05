using System.Text;

namespace Kist.Kernel.Policies;

/// <summary>
/// The path of a rule: exact, with a trailing <c>*</c> (any rest), or with <c>+</c> segments (any one segment each).
/// A <c>*</c> elsewhere and a <c>+</c> inside a segment are ordinary characters.
/// </summary>
internal sealed class PathPattern : IComparable<PathPattern>
{
    private PathPattern(string text, string body, bool isGlob, bool hasWildcards)
    {
        Text = text;
        Body = body;
        IsGlob = isGlob;
        HasWildcards = hasWildcards;
        WildcardCount = hasWildcards ? body.Split('/').Count(segment => segment == "+") : 0;
        Head = hasWildcards ? body[..body.IndexOf('+')] : body;
    }

    /// <summary>The rule's path as written, without its leading slash.</summary>
    internal string Text { get; }

    /// <summary><see cref="Text"/> without the trailing star.</summary>
    internal string Body { get; }

    internal bool IsGlob { get; }

    /// <summary>True when <c>+</c> starts a segment: such a path is compared segment by segment.</summary>
    internal bool HasWildcards { get; }

    internal bool IsExact => !IsGlob && !HasWildcards;

    /// <summary>The literal text before the first wildcard or star. Every matching path starts with it.</summary>
    internal string Head { get; }

    private int WildcardCount { get; }

    /// <summary>
    /// Parses <paramref name="text"/>; null when a star follows a plus, which Vault forbids as ambiguous.
    /// </summary>
    internal static PathPattern? Parse(string text)
    {
        if (text.StartsWith('/')) text = text[1..];
        if (text.Contains("+*", StringComparison.Ordinal)) return null;
        var hasWildcards = text == "+"
            || text.StartsWith("+/", StringComparison.Ordinal)
            || text.Contains("/+", StringComparison.Ordinal);
        var isGlob = text.EndsWith('*');
        return new PathPattern(text, isGlob ? text[..^1] : text, isGlob, hasWildcards);
    }

    /// <summary>
    /// Whether the rule covers <paramref name="path"/>. Each step consumes one segment of both: no backtracking.
    /// </summary>
    internal bool Matches(ReadOnlySpan<char> path)
    {
        if (!HasWildcards) return IsGlob ? path.StartsWith(Body) : path.SequenceEqual(Body);
        ReadOnlySpan<char> pattern = Body;
        while (true)
        {
            var patternEnd = pattern.IndexOf('/');
            var pathEnd = path.IndexOf('/');
            var expected = patternEnd < 0 ? pattern : pattern[..patternEnd];
            var segment = pathEnd < 0 ? path : path[..pathEnd];
            var isLast = patternEnd < 0;
            if (isLast && IsGlob) return segment.StartsWith(expected);
            if (expected is not "+" && !segment.SequenceEqual(expected)) return false;
            if (isLast || pathEnd < 0) return isLast && pathEnd < 0;
            pattern = pattern[(patternEnd + 1)..];
            path = path[(pathEnd + 1)..];
        }
    }

    /// <summary>Whether some path below <paramref name="folder"/> (which ends with a slash) could match.</summary>
    internal bool ReachesBelow(ReadOnlySpan<char> folder)
    {
        ReadOnlySpan<char> pattern = Body;
        while (true)
        {
            var patternEnd = pattern.IndexOf('/');
            if (patternEnd < 0) return IsGlob && folder.StartsWith(pattern);
            var pathEnd = folder.IndexOf('/');
            if (pathEnd < 0) return true;
            var expected = pattern[..patternEnd];
            if (expected is not "+" && !folder[..pathEnd].SequenceEqual(expected)) return false;
            pattern = pattern[(patternEnd + 1)..];
            folder = folder[(pathEnd + 1)..];
        }
    }

    /// <summary>
    /// Vault's priority: a later first wildcard, then no star, then fewer wildcards, then longer, then the greater
    /// text.
    /// Greater means more specific. The first wildcard stands at the end of <see cref="Head"/>.
    /// </summary>
    public int CompareTo(PathPattern? other)
    {
        if (other is null) return 1;
        var order = Head.Length.CompareTo(other.Head.Length);
        if (order == 0) order = other.IsGlob.CompareTo(IsGlob);
        if (order == 0) order = other.WildcardCount.CompareTo(WildcardCount);
        if (order == 0) order = Encoding.UTF8.GetByteCount(Body).CompareTo(Encoding.UTF8.GetByteCount(other.Body));
        return order == 0 ? string.CompareOrdinal(Body, other.Body) : order;
    }
}
