namespace Kist.Kernel.Tokens;

/// <summary>
/// How lists of policy names are cleaned before they are kept: one rule for tokens, roles and logins.
/// </summary>
public static class PolicyNames
{
    /// <summary>
    /// Lower case, trimmed, sorted, once each. <c>root</c> stands alone. <c>default</c> is added when asked for and
    /// left out otherwise.
    /// </summary>
    public static IReadOnlyList<string> Clean(IEnumerable<string> names, bool addDefault)
    {
        var set = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var clean = name.Trim().ToLowerInvariant();
            if (clean.Length > 0) set.Add(clean);
        }
        if (set.Contains("root")) return ["root"];
        if (addDefault) set.Add("default");
        return [.. set];
    }
}
