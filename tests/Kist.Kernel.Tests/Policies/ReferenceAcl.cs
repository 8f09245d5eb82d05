using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Tests.Policies;

/// <summary>
/// The documented rules of policies written down as plainly as possible, to be compared with the real access list:
/// walk all rules, keep those that match, sort, take the best. No index, no spans, no sharing of code with the kernel.
/// </summary>
internal static class ReferenceAcl
{
    internal sealed record Rule(string Path, string[] Capabilities);

    private sealed record Candidate(
        int FirstWildcard, bool IsGlob, int Wildcards, string Body, HashSet<string> Granted);

    internal static bool IsAllowed(IReadOnlyList<Rule> rules, Operation operation, string path)
    {
        var granted = Find(rules, path, operation == Operation.List);
        return granted is not null
            && !granted.Contains("deny")
            && granted.Contains(operation.ToString().ToLowerInvariant());
    }

    internal static string[] CapabilitiesOf(IReadOnlyList<Rule> rules, string path)
    {
        var granted = Find(rules, path, isList: true) ?? [];
        return granted.Count == 0 || granted.Contains("deny") ? ["deny"] : [.. granted.Order(StringComparer.Ordinal)];
    }

    private static HashSet<string>? Find(IReadOnlyList<Rule> rules, string path, bool isList)
    {
        path = path.TrimStart('/');
        string[] spellings = isList && path.EndsWith('/') ? [path, path[..^1]] : [path];
        var merged = Merge(rules);
        foreach (var spelling in spellings)
            if (!IsPattern(spelling) && merged.TryGetValue(spelling, out var exact)) return exact;

        Candidate? best = null;
        foreach (var (text, granted) in merged)
        {
            if (!IsPattern(text) || !spellings.Any(spelling => Matches(text, spelling))) continue;
            var candidate = Describe(text, granted);
            if (best is null || Compare(candidate, best) > 0) best = candidate;
        }
        return best?.Granted;
    }

    private static Dictionary<string, HashSet<string>> Merge(IReadOnlyList<Rule> rules)
    {
        var merged = new Dictionary<string, HashSet<string>>();
        foreach (var rule in rules)
        {
            var path = rule.Path.StartsWith('/') ? rule.Path[1..] : rule.Path;
            if (!merged.TryGetValue(path, out var granted)) merged[path] = granted = [];
            granted.UnionWith(rule.Capabilities);
        }
        return merged;
    }

    private static bool HasPlus(string path) => path == "+" || path.StartsWith("+/") || path.Contains("/+");

    private static bool IsPattern(string path) => HasPlus(path) || path.EndsWith('*');

    private static bool Matches(string pattern, string path)
    {
        var isGlob = pattern.EndsWith('*');
        var body = isGlob ? pattern[..^1] : pattern;
        if (!HasPlus(pattern)) return path.StartsWith(body, StringComparison.Ordinal);
        var expected = body.Split('/');
        var actual = path.Split('/');
        if (actual.Length < expected.Length || !isGlob && actual.Length != expected.Length) return false;
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] == "+" || expected[i] == actual[i]) continue;
            var isLast = i == expected.Length - 1;
            if (!(isGlob && isLast && actual[i].StartsWith(expected[i], StringComparison.Ordinal))) return false;
        }
        return true;
    }

    private static Candidate Describe(string text, HashSet<string> granted)
    {
        var isGlob = text.EndsWith('*');
        var body = isGlob ? text[..^1] : text;
        var first = HasPlus(text) ? text.IndexOf('+') : body.Length;
        var wildcards = HasPlus(text) ? body.Split('/').Count(segment => segment == "+") : 0;
        return new Candidate(first, isGlob, wildcards, body, granted);
    }

    private static int Compare(Candidate a, Candidate b)
    {
        if (a.FirstWildcard != b.FirstWildcard) return a.FirstWildcard > b.FirstWildcard ? 1 : -1;
        if (a.IsGlob != b.IsGlob) return a.IsGlob ? -1 : 1;
        if (a.Wildcards != b.Wildcards) return a.Wildcards < b.Wildcards ? 1 : -1;
        if (a.Body.Length != b.Body.Length) return a.Body.Length > b.Body.Length ? 1 : -1;
        return string.CompareOrdinal(a.Body, b.Body);
    }
}
