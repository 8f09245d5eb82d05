namespace Kist.Kernel.Policies;

/// <summary>A pattern and what it allows.</summary>
internal sealed record PatternRule(PathPattern Pattern, Permissions Permissions);

/// <summary>
/// Finds the most specific pattern for a path. Patterns are grouped by their literal head; heads are sorted and each
/// knows the longest other head that begins it. Every head of a matching pattern begins the path, so all of them lie on
/// the one chain that starts at the path's place in the order, longest first. The length of the head is also the first
/// criterion of priority: the first match on the chain is the answer.
/// </summary>
internal sealed class PatternIndex
{
    private readonly string[] _heads;
    private readonly int[] _parents;
    private readonly PatternRule[][] _rules;

    private PatternIndex(string[] heads, int[] parents, PatternRule[][] rules)
    {
        _heads = heads;
        _parents = parents;
        _rules = rules;
    }

    internal static PatternIndex Empty { get; } = Build([]);

    internal IEnumerable<PatternRule> Rules => _rules.SelectMany(rules => rules);

    internal static PatternIndex Build(IEnumerable<PatternRule> all)
    {
        var groups = all.GroupBy(rule => rule.Pattern.Head, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .ToArray();
        var heads = Array.ConvertAll(groups, group => group.Key);
        var rules = Array.ConvertAll(groups, group => group.OrderByDescending(rule => rule.Pattern).ToArray());
        var parents = new int[heads.Length];
        for (var i = 0; i < heads.Length; i++)
        {
            // A head that begins this one begins everything in between, so it is the neighbour or an ancestor of it.
            var parent = i - 1;
            while (parent >= 0 && !heads[i].StartsWith(heads[parent], StringComparison.Ordinal))
                parent = parents[parent];
            parents[i] = parent;
        }
        return new PatternIndex(heads, parents, rules);
    }

    /// <summary>
    /// The permissions of the most specific pattern that covers <paramref name="path"/> or its shorter <paramref
    /// name="twin"/>.
    /// </summary>
    internal Permissions? Find(ReadOnlySpan<char> path, ReadOnlySpan<char> twin)
    {
        var at = LastNotAfter(path);
        if (at < 0) return null;
        var common = path.CommonPrefixLength(_heads[at]);
        for (; at >= 0; at = _parents[at])
        {
            if (_heads[at].Length > common) continue;
            foreach (var rule in _rules[at])
                if (rule.Pattern.Matches(path) || twin.Length != path.Length && rule.Pattern.Matches(twin))
                    return rule.Permissions;
        }
        return null;
    }

    private int LastNotAfter(ReadOnlySpan<char> path)
    {
        int low = 0, high = _heads.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (_heads[middle].AsSpan().SequenceCompareTo(path) <= 0) low = middle + 1;
            else high = middle - 1;
        }
        return high;
    }
}
