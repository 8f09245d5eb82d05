using Kist.Scan.Gitleaks;
using Kist.Scan.Known;
using Kist.Scan.Matching;
using Kist.Scan.Rules;

namespace Kist.Scan;

/// <summary>Finds secrets in bytes. Made once, used from any number of threads.</summary>
public sealed class Scanner
{
    /// <summary>How much two neighbouring pieces of one long content must overlap, in bytes.</summary>
    public const int Overlap = 16 * 1024;

    private readonly RuleIndex _index;

    /// <summary>A scanner with the built-in rules.</summary>
    public Scanner(ScanSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Settings = settings;
        _index = new RuleIndex([.. BuiltIn.All.Where(r => IsWanted(r.Rule))]);
    }

    /// <summary>What the scanner looks for.</summary>
    public ScanSettings Settings { get; }

    /// <summary>The rules that it applies.</summary>
    public IReadOnlyList<Rule> Rules => [.. _index.Rules.Select(r => r.Rule)];

    /// <summary>
    /// Adds what <paramref name="content"/> holds to <paramref name="findings"/>, in the order of the content.
    /// Content is text in UTF-8 or UTF-16 (with a byte order mark, or plainly so); binary content yields nothing.
    /// Content longer than a few MiB comes in pieces that overlap by <see cref="Overlap"/> bytes, each beginning
    /// at a line where there is one; what two pieces both hold is found twice, at the same line and column.
    /// </summary>
    public void Scan(ReadOnlySpan<byte> content, PieceInfo info, List<Finding> findings)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(findings);
        if (content.Length < 6 || !TextForm.TryRead(content, out var form)) return;
        var text = form.Text is { } utf8 ? utf8 : content;
        if (Hits(text, info, isExplaining: false) is { } hits) new Report(this, info, form).Add(text, hits, findings);
    }

    /// <summary>
    /// Adds the places of all secrets in a text, UTF-8 or close to it, to <paramref name="ranges"/>: those of
    /// <see cref="Scan"/>, unordered and with those that overlap, whatever comments allow. For masking, where nobody
    /// asks what was found.
    /// </summary>
    public void Locate(ReadOnlySpan<byte> text, PieceInfo info, List<Range> ranges)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(ranges);
        if (text.Length < 6 || Hits(text, info, isExplaining: false) is not { } hits) return;
        foreach (var hit in hits)
            if (hit.Against is null && hit.Confidence >= Settings.MinimumConfidence) ranges.Add(hit.Start..hit.End);
    }

    /// <summary>
    /// Every judgement about <paramref name="content"/>: what is a finding and why, and what was looked at and is none,
    /// and why not.
    /// </summary>
    public IReadOnlyList<Judgement> Explain(ReadOnlySpan<byte> content, PieceInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        if (content.Length < 6 || !TextForm.TryRead(content, out var form)) return [];
        var text = form.Text is { } utf8 ? utf8 : content;
        return Hits(text, info, isExplaining: true) is { } hits ? new Report(this, info, form).Explain(text, hits) : [];
    }

    private List<Hit>? Hits(ReadOnlySpan<byte> text, PieceInfo info, bool isExplaining)
    {
        var gitleaks = Settings.Gitleaks is { } config ? new GitleaksPass(config, info) : null;
        if (gitleaks is not null && gitleaks.Skips()) return null;
        var pass = new Pass(text, info.Path, _index) { IsExplaining = isExplaining };
        pass.Run();
        var hits = gitleaks is null ? pass.Hits : gitleaks.Run(text, pass.Hits ?? []);
        if (Settings.Known.Count == 0 || !_index.Finders.TryGetValue("known-value", out var rule)) return hits;
        foreach (var known in Settings.Known)
            foreach (var (start, value) in known.Find(text))
            {
                var form = value.Form switch
                {
                    SpellingForm.Raw => "",
                    SpellingForm.Url => ", as URL encoding",
                    SpellingForm.Json => ", as JSON",
                    var other => $", as {other.ToString().ToLowerInvariant()}",
                };
                (hits ??= []).Add(new Hit(
                    rule, start, start + value.Length, rule.Rule.Severity, Confidence.Certain,
                    $"it is the value of {value.Secret}{form}", null));
            }
        return hits;
    }

    private bool IsWanted(Rule rule) =>
        Settings.Gitleaks is not { UsesDefault: false }
        && Settings.Gitleaks?.DisabledRules.Contains(rule.Id) != true
        && !Settings.DisabledRules.Contains(rule.Id)
        && (Settings.OnlyRules.Count == 0 || Settings.OnlyRules.Contains(rule.Id));
}
