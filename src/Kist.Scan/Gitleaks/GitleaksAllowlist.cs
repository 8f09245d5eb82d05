using System.Text.RegularExpressions;

namespace Kist.Scan.Gitleaks;

/// <summary>What a configuration lets pass.</summary>
public sealed class GitleaksAllowlist
{
    private readonly List<string> _regexTexts, _pathTexts;
    private readonly List<string> _commits, _stopwords;
    private readonly List<Regex> _regexes = [], _paths = [];
    private readonly HashSet<string> _targets;
    private readonly string _place, _regexTarget;
    private readonly bool _needsAll;

    internal GitleaksAllowlist(TomlSection section)
    {
        _place = section.Place;
        _regexTexts = section.Texts("regexes");
        _pathTexts = section.Texts("paths");
        _commits = section.Texts("commits");
        _stopwords = section.Texts("stopwords");
        _targets = [.. section.Texts("targetRules")];
        _regexTarget = section.Text("regexTarget") ?? "secret";
        _needsAll = section.Text("condition") is { } condition
            && (condition.Equals("AND", StringComparison.OrdinalIgnoreCase) || condition == "&&");
    }

    /// <summary>Whether it speaks of the rule.</summary>
    internal bool Concerns(string rule) => _targets.Count == 0 || _targets.Contains(rule);

    /// <summary>Compiles the expressions; what is wrong with them, or null.</summary>
    internal string? Finish()
    {
        foreach (var (texts, compiled) in new[] { (_regexTexts, _regexes), (_pathTexts, _paths) })
        {
            foreach (var text in texts)
            {
                if (GoRegex.Compile(text, out var problem) is not { } regex)
                    return $"{_place}: the allowlist's expression '{text}' is wrong: {problem}";
                compiled.Add(regex);
            }
        }
        return null;
    }

    /// <summary>Whether nothing but the path decides, and this one passes.</summary>
    internal bool AllowsPath(string path) =>
        _targets.Count == 0 && _paths.Count > 0
        && (!_needsAll || (_regexes.Count == 0 && _stopwords.Count == 0 && _commits.Count == 0))
        && _paths.Exists(p => p.IsMatch(path));

    /// <summary>Whether a finding passes.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="match">The whole match.</param>
    /// <param name="line">The line (or lines) around it.</param>
    internal bool Allows(PieceInfo info, string secret, string match, string line)
    {
        var target = _regexTarget switch { "match" => match, "line" => line, _ => secret };
        ReadOnlySpan<bool?> answers =
        [
            _commits.Count == 0 ? null : info.Commit is { } commit
                && _commits.Exists(c => commit.Id.StartsWith(c, StringComparison.OrdinalIgnoreCase)),
            _paths.Count == 0 ? null : _paths.Exists(p => p.IsMatch(info.Path)),
            _regexes.Count == 0 ? null : _regexes.Exists(r => r.IsMatch(target)),
            _stopwords.Count == 0 ? null : _stopwords.Exists(
                s => secret.Contains(s, StringComparison.OrdinalIgnoreCase)),
        ];
        var (asked, yes) = (0, 0);
        foreach (var answer in answers)
        {
            if (answer is null) continue;
            asked++;
            if (answer.Value) yes++;
        }
        return asked > 0 && (_needsAll ? yes == asked : yes > 0);
    }
}
