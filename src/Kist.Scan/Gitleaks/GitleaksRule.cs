using System.Text.RegularExpressions;

namespace Kist.Scan.Gitleaks;

/// <summary>A rule of a gitleaks configuration.</summary>
public sealed class GitleaksRule
{
    private readonly string _place;
    private string? _regexText, _pathText;
    private double? _entropy;
    private int? _secretGroup;
    private Regex? _regex, _path;

    internal GitleaksRule(TomlSection section)
    {
        _place = section.Place;
        Id = section.Text("id") ?? "";
        Description = section.Text("description") ?? "";
        _regexText = section.Text("regex");
        _pathText = section.Text("path");
        _entropy = section.Number("entropy");
        _secretGroup = (int?)section.Number("secretGroup");
        Keywords = [.. section.Texts("keywords").Select(k => k.ToLowerInvariant())];
        Tags = section.Texts("tags");
        foreach (var inner in section.Sections("allowlist")) Allowlists.Add(new GitleaksAllowlist(inner));
        foreach (var inner in section.Sections("allowlists")) Allowlists.Add(new GitleaksAllowlist(inner));
    }

    /// <summary>Its id.</summary>
    public string Id { get; }

    /// <summary>What it says about itself.</summary>
    public string Description { get; private set; }

    /// <summary>Lower-case words of which one must occur.</summary>
    public List<string> Keywords { get; }

    /// <summary>Its tags.</summary>
    public List<string> Tags { get; }

    /// <summary>What it lets pass.</summary>
    public List<GitleaksAllowlist> Allowlists { get; } = [];

    /// <summary>The rule as findings name it.</summary>
    internal Rule Shown => field ??= new Rule
    {
        Id = Id, Provider = "", What = Description.Length > 0 ? Description : Id, Tags = Tags,
        Remedy = "Replace the secret where it is used, and put a reference to a secret store in its place.",
    };

    /// <summary>Takes from a rule of the same id what this one leaves open.</summary>
    internal void Inherit(GitleaksRule other)
    {
        if (Description.Length == 0) Description = other.Description;
        (_regexText, _regex) = _regexText is null ? (other._regexText, other._regex) : (_regexText, _regex);
        (_pathText, _path) = _pathText is null ? (other._pathText, other._path) : (_pathText, _path);
        _entropy ??= other._entropy;
        _secretGroup ??= other._secretGroup;
        Keywords.AddRange(other.Keywords);
        Tags.AddRange(other.Tags);
        Allowlists.AddRange(other.Allowlists);
    }

    /// <summary>Compiles the expressions; what is wrong with the rule, or null.</summary>
    internal string? Finish()
    {
        if (Id.Length == 0) return $"{_place}: a rule has no id";
        foreach (var list in Allowlists)
            if (list.Finish() is { } wrong) return wrong;
        if (_regexText is { Length: > 0 } && (_regex = GoRegex.Compile(_regexText, out var problem)) is null)
            return $"{_place}: the expression of the rule {Id} is wrong: {problem}";
        if (_pathText is { Length: > 0 } && (_path = GoRegex.Compile(_pathText, out var second)) is null)
            return $"{_place}: the path of the rule {Id} is wrong: {second}";
        return null;
    }

    /// <summary>Whether it may find something in content of this path and these words.</summary>
    internal bool Applies(string path, string text)
    {
        if (_path is { } wanted && !wanted.IsMatch(path)) return false;
        if (_regex is null) return _path is not null;
        if (Keywords.Count == 0) return true;
        foreach (var keyword in Keywords)
            if (text.Contains(keyword, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    /// <summary>The secrets in a text: start and length of each, and of the match around it.</summary>
    internal IEnumerable<(Group Secret, System.Text.RegularExpressions.Match Whole)> Find(string text)
    {
        if (_regex is null) yield break;
        for (var match = _regex.Match(text); match.Success; match = match.NextMatch())
        {
            var secret = Secret(match);
            if (_entropy is { } least && Matching.Randomness.Entropy(System.Text.Encoding.Latin1.GetBytes(secret.Value))
                <= least)
            {
                continue;
            }
            if (secret.Length > 0) yield return (secret, match);
        }
    }

    /// <summary>Whether the path alone is the finding.</summary>
    internal bool IsPathOnly => _regex is null && _path is not null;

    // The group that the rule names; else the first that took part; else the whole.
    private Group Secret(System.Text.RegularExpressions.Match match)
    {
        if (_secretGroup is > 0 and var wanted) return match.Groups[wanted];
        for (var i = 1; i < match.Groups.Count; i++)
            if (match.Groups[i].Length > 0) return match.Groups[i];
        return match;
    }
}
