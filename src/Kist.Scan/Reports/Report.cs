using System.Text;
using Kist.Scan.Sources;

namespace Kist.Scan.Reports;

/// <summary>How much of a secret a report shows.</summary>
public enum Disclosure
{
    /// <summary>A few characters, enough to find it.</summary>
    Masked,

    /// <summary>Nothing: the word REDACTED.</summary>
    Nothing,

    /// <summary>All of it; only when the user asks for it.</summary>
    Everything,
}

/// <summary>What a scan found, ready to be written in one of the formats.</summary>
public sealed class Report
{
    private readonly HashSet<(string, int, string?)> _shared = [];

    /// <param name="all">All findings, also those that are ignored: no line may show the secret of another one.</param>
    /// <param name="reported">Those to report, in order.</param>
    public Report(IReadOnlyList<Hit> all, IReadOnlyList<Hit> reported)
    {
        Hits = reported;
        var lines = new HashSet<(string, int, string?)>();
        foreach (var hit in all)
        {
            var last = Math.Min(hit.Finding.EndLine, hit.Finding.StartLine + 100);
            for (var line = hit.Finding.StartLine; line <= last; line++)
                if (!lines.Add((hit.Path, line, hit.Commit?.Id))) _shared.Add((hit.Path, line, hit.Commit?.Id));
        }
    }

    /// <summary>What is reported, by path and line.</summary>
    public IReadOnlyList<Hit> Hits { get; }

    /// <summary>What was scanned, and what could not be.</summary>
    public required Tally Tally { get; init; }

    /// <summary>How many findings there were beyond those that are kept.</summary>
    public long Beyond { get; init; }

    /// <summary>How many findings are ignored by a comment file, an allow-list or a baseline.</summary>
    public int Ignored { get; init; }

    /// <summary>How much of each secret is shown.</summary>
    public Disclosure Disclosure { get; init; }

    /// <summary>The version of kist.</summary>
    public required string Version { get; init; }

    /// <summary>When the scan began.</summary>
    public DateTimeOffset Began { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset Ended { get; init; }

    /// <summary>The name under which a finding can be allowed: a keyed hash of its value.</summary>
    public required Func<Hit, string> IdOf { get; init; }

    /// <summary>The secret as this report shows it.</summary>
    public string Secret(Hit hit) => Disclosure switch
    {
        Disclosure.Everything => Encoding.UTF8.GetString(hit.Finding.Secret.Span),
        Disclosure.Nothing => "REDACTED",
        _ => hit.Finding.Masked,
    };

    /// <summary>The line around the secret as this report shows it; the secret alone where two stand on one line.
    /// </summary>
    public string Line(Hit hit)
    {
        var finding = hit.Finding;
        if (_shared.Contains((hit.Path, finding.StartLine, hit.Commit?.Id)) || finding.Masked.Length == 0
            || !finding.MaskedLine.Contains(finding.Masked, StringComparison.Ordinal)) return Secret(hit);
        return Disclosure == Disclosure.Masked
            ? finding.MaskedLine : finding.MaskedLine.Replace(finding.Masked, Secret(hit));
    }

    /// <summary>As gitleaks names a finding: commit, file, rule, line.</summary>
    public static string GitleaksFingerprint(Hit hit) =>
        (hit.Commit is { } commit ? commit.Id + ":" : "") + $"{hit.Path}:{hit.Finding.Rule.Id}:{hit.Finding.StartLine}";

    /// <summary>What a finding is, in one line, without its value.</summary>
    public static string Title(Hit hit)
    {
        var rule = hit.Finding.Rule;
        var what = rule.What.Length > 0 ? rule.What : rule.Id;
        return rule.Provider.Length == 0 || what.Contains(rule.Provider, StringComparison.OrdinalIgnoreCase)
            ? what : $"{rule.Provider}: {what}";
    }

    /// <summary>The path as a URI reference, as SARIF wants it.</summary>
    public static string Uri(string path)
    {
        var parts = path.Split('/');
        for (var i = 0; i < parts.Length; i++) parts[i] = System.Uri.EscapeDataString(parts[i]);
        var joined = string.Join('/', parts);
        return path.StartsWith('/') ? "file://" + joined : joined;
    }

    /// <summary>The severity's word.</summary>
    public static string Word(Severity severity) => severity switch
    {
        Severity.Critical => "critical",
        Severity.High => "high",
        Severity.Medium => "medium",
        Severity.Low => "low",
        _ => "info",
    };
}
