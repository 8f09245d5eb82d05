using System.Text;
using Kist.Scan.Matching;
using Kist.Scan.Rules;

namespace Kist.Scan.Gitleaks;

/// <summary>Runs the rules and allowlists of a gitleaks configuration over one text.</summary>
internal sealed class GitleaksPass(GitleaksConfig config, PieceInfo info)
{
    private const int MaxLine = 4096;

    /// <summary>Whether the configuration leaves this path out.</summary>
    public bool Skips() => config.Allowlists.Exists(list => list.AllowsPath(info.Path));

    /// <summary>Adds what the rules find, and takes out of all hits what the allowlists let pass.</summary>
    public List<Hit> Run(ReadOnlySpan<byte> text, List<Hit> hits)
    {
        // One character a byte, so that places in the string are places in the text.
        var content = Encoding.Latin1.GetString(text);
        foreach (var rule in config.Rules)
        {
            if (!rule.Applies(info.Path, content)) continue;
            var entry = new RuleEntry(rule.Shown, null, [], null, null, null, [], []);
            if (rule.IsPathOnly)
            {
                hits.Add(Made(entry, 0, 0, "its path is one that the rule names", null));
                continue;
            }
            foreach (var (secret, whole) in rule.Find(content))
            {
                var line = LineAround(content, secret.Index, secret.Length);
                var isAllowed = rule.Allowlists.Exists(list => list.Allows(info, secret.Value, whole.Value, line));
                hits.Add(Made(
                    entry, secret.Index, secret.Index + secret.Length, "it matches the configuration's expression",
                    isAllowed ? "the rule's allowlist lets it pass" : null));
            }
        }
        for (var i = 0; i < hits.Count; i++)
            if (hits[i].Against is null && IsAllowed(content, hits[i]))
                hits[i] = hits[i] with { Against = "the configuration's allowlist lets it pass" };
        return hits;
    }

    private static Hit Made(RuleEntry rule, int start, int end, string why, string? against) =>
        new(rule, start, end, rule.Rule.Severity, Confidence.High, why, against);

    private bool IsAllowed(string content, Hit hit)
    {
        var secret = content[hit.Start..hit.End];
        var line = LineAround(content, hit.Start, hit.End - hit.Start);
        return config.Allowlists.Exists(list =>
            list.Concerns(hit.Rule.Rule.Id) && list.Allows(info, secret, secret, line));
    }

    private static string LineAround(string content, int start, int length)
    {
        var from = start == 0 ? 0 : content.LastIndexOf('\n', start - 1) + 1;
        var to = content.IndexOf('\n', Math.Min(content.Length, start + length));
        if (to < 0) to = content.Length;
        from = Math.Max(from, start - MaxLine);
        return content[from..Math.Min(to, start + length + MaxLine)];
    }
}
