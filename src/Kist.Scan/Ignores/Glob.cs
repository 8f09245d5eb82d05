namespace Kist.Scan.Ignores;

/// <summary>
/// Path patterns as <c>.gitignore</c> has them: <c>*</c> and <c>?</c> within a name, <c>**</c> across folders. A
/// pattern
/// without a slash matches a name at any depth; one that matches a folder matches all that is in it.
/// </summary>
public static class Glob
{
    /// <summary>Whether the pattern matches a path (slashes, relative).</summary>
    public static bool Matches(string pattern, string path)
    {
        var rooted = pattern.TrimEnd('/').Contains('/');
        var plain = pattern.Trim('/');
        if (plain.Length == 0) return false;
        if (MatchesFolders(plain, path)) return true;
        if (rooted) return false;
        for (var at = path.IndexOf('/'); at >= 0; at = path.IndexOf('/', at + 1))
            if (MatchesFolders(plain, path[(at + 1)..])) return true;
        return false;
    }

    // The path itself, or a folder that it lies in.
    private static bool MatchesFolders(string pattern, string path)
    {
        if (IsMatch(pattern, path)) return true;
        for (var at = path.IndexOf('/'); at >= 0; at = path.IndexOf('/', at + 1))
            if (IsMatch(pattern, path.AsSpan(0, at))) return true;
        return false;
    }

    // One place to come back to for "*" and one for "**": time is bounded by the product of the lengths.
    private static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> path)
    {
        int p = 0, s = 0, star = -1, starAt = 0, deep = -1, deepAt = 0;
        while (s < path.Length)
        {
            if (pattern[p..].StartsWith("**"))
            {
                deep = p += 2;
                if (p < pattern.Length && pattern[p] == '/') deep = ++p; // "a/**/b" is also "a/b"
                (deepAt, star) = (s, -1);
            }
            else if (p < pattern.Length && pattern[p] == '*') (star, starAt) = (++p, s);
            else if (p < pattern.Length && (pattern[p] == path[s] || (pattern[p] == '?' && path[s] != '/')))
                (p, s) = (p + 1, s + 1);
            else if (star >= 0 && path[starAt] != '/') (p, s) = (star, ++starAt);
            else if (deep >= 0) (p, s, star) = (deep, ++deepAt, -1);
            else return false;
        }
        return pattern[p..].TrimStart('*').Length == 0;
    }
}
