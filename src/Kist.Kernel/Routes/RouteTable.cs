using System.Diagnostics.CodeAnalysis;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Routes;

/// <summary>
/// The routes of one engine, compiled once: patterns by their first literal, the more specific first. Matching reads
/// the path in place.
/// </summary>
public sealed class RouteTable
{
    private readonly Dictionary<string, RoutePattern[]> _byFirstLiteral;
    private readonly Dictionary<string, RoutePattern[]>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly RoutePattern[] _captureFirst;
    private readonly string[] _openFolders;

    /// <summary>Compiles <paramref name="routes"/>; two routes for the same pattern and operation are a
    /// defect.</summary>
    public RouteTable(IReadOnlyList<Route> routes)
    {
        Routes = routes;
        var patterns = routes.GroupBy(r => r.Pattern).Select(g => new RoutePattern(g.Key, [.. g]))
            .OrderBy(p => p.Rank, StringComparer.Ordinal).ToArray();
        _byFirstLiteral = patterns.Where(p => p.FirstLiteral is not null).GroupBy(p => p.FirstLiteral!)
            .ToDictionary(g => g.Key, g => g.ToArray());
        _lookup = _byFirstLiteral.GetAlternateLookup<ReadOnlySpan<char>>();
        _captureFirst = [.. patterns.Where(p => p.FirstLiteral is null)];
        _openFolders = [.. patterns.Where(p => p.Access is Access.Open).Select(p => p.Folder)
            .Where(f => f is { Length: > 0 }).OfType<string>()];
        Index = RoutePattern.IndexOf(routes);
    }

    /// <summary>Stands for the mount itself, which only describes itself.</summary>
    public RoutePattern Index { get; }

    /// <summary>The routes as the engine declared them.</summary>
    public IReadOnlyList<Route> Routes { get; }

    /// <summary>Finds the pattern for a path below the mount; false when the engine has none (404 "unsupported
    /// path").</summary>
    public bool TryMatch(ReadOnlySpan<char> path, [NotNullWhen(true)] out RoutePattern? pattern, out Captures captures)
    {
        var slash = path.IndexOf('/');
        if (_lookup.TryGetValue(slash < 0 ? path : path[..slash], out var candidates)
            && TryMatch(candidates, path, out pattern, out captures)) return true;
        return TryMatch(_captureFirst, path, out pattern, out captures);
    }

    /// <summary>
    /// Who may learn that the engine has no such path: anyone where all that does exist is open (<c>login/…</c>).
    /// </summary>
    public Access AccessTo(ReadOnlySpan<char> path)
    {
        foreach (var folder in _openFolders)
            if (path.StartsWith(folder)) return Access.Open;
        return Access.Token;
    }

    private static bool TryMatch(RoutePattern[] candidates, ReadOnlySpan<char> path,
        [NotNullWhen(true)] out RoutePattern? pattern, out Captures captures)
    {
        foreach (var candidate in candidates)
        {
            if (!candidate.TryMatch(path, out captures)) continue;
            pattern = candidate;
            return true;
        }
        pattern = null;
        captures = default;
        return false;
    }
}

/// <summary>The values of a pattern's captures, in the pattern's order: at most four.</summary>
public struct Captures
{
    private string? _a, _b, _c, _d;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The value of the capture at <paramref name="index"/>.</summary>
    public readonly string this[int index] => index switch { 0 => _a!, 1 => _b!, 2 => _c!, _ => _d! };

    internal void Add(string value)
    {
        switch (Count++)
        {
            case 0: _a = value; break;
            case 1: _b = value; break;
            case 2: _c = value; break;
            case 3: _d = value; break;
            default: throw new InvalidOperationException("a pattern has at most four captures");
        }
    }
}

/// <summary>One path pattern and its routes by operation.</summary>
public sealed class RoutePattern
{
    private readonly Segment[] _segments;
    private readonly bool _slashRequired;
    private readonly Route?[] _byOperation = new Route?[(int)Operation.Help + 1];

    internal RoutePattern(string pattern, Route[] routes)
    {
        Pattern = pattern;
        _slashRequired = pattern.EndsWith('/') && pattern.Length > 1;
        _segments = pattern.Length == 0 ? [] : [.. pattern.TrimEnd('/').Split('/').Select(Segment.Parse)];
        CaptureNames = [.. _segments.Where(s => s.Kind != SegmentKind.Literal).Select(s => s.Text)];
        foreach (var route in routes)
        {
            if (_byOperation[(int)route.Operation] is not null)
                throw new InvalidOperationException($"{route.Operation} {pattern} is declared twice");
            _byOperation[(int)route.Operation] = route;
        }
        Routes = routes;
        _byOperation[(int)Operation.Help] ??= RouteHelp.Of(this);
        Rank = string.Concat(_segments.Select(s => (char)('0' + (int)s.Kind))) + "~";
    }

    private RoutePattern(Route index) : this("", [index])
    {
    }

    internal static RoutePattern IndexOf(IReadOnlyList<Route> routes) => new(RouteHelp.Of(routes));

    /// <summary>The pattern's text.</summary>
    public string Pattern { get; }

    /// <summary>The routes on this pattern.</summary>
    public IReadOnlyList<Route> Routes { get; }

    /// <summary>
    /// Whether a path with a slash at its end is a folder to this pattern. If not, a LIST of it is of a path that does
    /// not exist, rather than an operation that does not.
    /// </summary>
    public bool TakesFolders => this[Operation.List] is not null || _segments is [.., { IsRest: true }];

    /// <summary>
    /// Who may learn that the path does not have an operation: on protected paths only callers with <c>sudo</c>, on
    /// open ones anyone.
    /// </summary>
    public Access Access => Routes.Any(r => r.Access is Access.Sudo) ? Access.Sudo
        : Routes.Any(r => r.Access is Access.Open) ? Access.Open : Access.Token;

    /// <summary>The literals in front of the first capture, each with its slash; null without a capture.</summary>
    internal string? Folder => CaptureNames.Count == 0 ? null
        : string.Concat(_segments.TakeWhile(s => s.Kind is SegmentKind.Literal).Select(s => s.Text + "/"));

    /// <summary>The names of the captures, in order.</summary>
    public IReadOnlyList<string> CaptureNames { get; }

    internal string? FirstLiteral => _segments is [{ Kind: SegmentKind.Literal }, ..] ? _segments[0].Text
        : _segments.Length == 0 ? "" : null;

    /// <summary>Sorts literals before captures before the rest, position by position; longer patterns first.</summary>
    internal string Rank { get; }

    /// <summary>The route for <paramref name="operation"/>. A create without a route of its own is an update.</summary>
    public Route? this[Operation operation] =>
        _byOperation[(int)operation] ?? (operation is Operation.Create ? _byOperation[(int)Operation.Update] : null);

    internal bool TryMatch(ReadOnlySpan<char> path, out Captures captures)
    {
        captures = default;
        var rest = path;
        for (var i = 0; i < _segments.Length; i++)
        {
            var segment = _segments[i];
            if (segment.IsRest) return TryMatchRest(segment, i, rest, ref captures);
            var slash = rest.IndexOf('/');
            var part = slash < 0 ? rest : rest[..slash];
            if (!segment.Accepts(part)) return false;
            if (segment.Kind is SegmentKind.Name) captures.Add(part.ToString());
            if (i == _segments.Length - 1) return slash < 0 ? !_slashRequired : slash == rest.Length - 1;
            if (slash < 0) return false;
            rest = rest[(slash + 1)..];
        }
        return rest.IsEmpty;
    }

    /// <summary>What is left goes to the capture, except the literal that may follow it.</summary>
    private bool TryMatchRest(Segment segment, int index, ReadOnlySpan<char> rest, ref Captures captures)
    {
        if (index < _segments.Length - 1)
        {
            var tail = _segments[^1].Text;
            if (rest.Length <= tail.Length || !rest.EndsWith(tail) || rest[^(tail.Length + 1)] != '/') return false;
            rest = rest[..^(tail.Length + 1)];
        }
        if (segment.Kind is SegmentKind.SomeRest && rest.IsEmpty) return false;
        captures.Add(rest.ToString());
        return true;
    }

    private enum SegmentKind { Literal, Name, SomeRest, Rest }

    private readonly record struct Segment(SegmentKind Kind, string Text)
    {
        public bool IsRest => Kind is SegmentKind.Rest or SegmentKind.SomeRest;

        public static Segment Parse(string text)
        {
            if (!text.StartsWith('{')) return new Segment(SegmentKind.Literal, text);
            var name = text[1..^1];
            if (name.EndsWith('+')) return new Segment(SegmentKind.SomeRest, name[..^1]);
            return name.EndsWith("...", StringComparison.Ordinal)
                ? new Segment(SegmentKind.Rest, name[..^3])
                : new Segment(SegmentKind.Name, name);
        }

        public bool Accepts(ReadOnlySpan<char> part) => Kind switch
        {
            SegmentKind.Literal => part.SequenceEqual(Text),
            SegmentKind.Name => IsName(part),
            _ => true,
        };

        /// <summary>The names that Vault's framework takes in a path: a word character at both ends, <c>-.@</c>
        /// between.</summary>
        private static bool IsName(ReadOnlySpan<char> part)
        {
            if (part.IsEmpty || !IsWord(part[0]) || !IsWord(part[^1])) return false;
            foreach (var c in part)
                if (!IsWord(c) && c is not ('-' or '.' or '@')) return false;
            return true;
        }

        private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
    }
}
