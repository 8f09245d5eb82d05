using System.Text;

namespace Kist.Scan.Matching;

/// <summary>Turns hits into findings: the best of those that overlap, with lines, masks and allow comments.</summary>
internal sealed class Report(Scanner scanner, PieceInfo info, TextForm form)
{
    private const int MaxLine = 512;
    private const int MaxComment = 4096;

    /// <summary>Adds the findings among the hits.</summary>
    public void Add(ReadOnlySpan<byte> text, List<Hit> hits, List<Finding> findings)
    {
        hits.RemoveAll(h => h.Against is not null || h.Confidence < scanner.Settings.MinimumConfidence);
        if (hits.Count == 0) return;
        var (line, lineStart, seen) = (0, 0, 0);
        foreach (var hit in Best(hits))
        {
            var passed = text[seen..hit.Start];
            line += passed.Count((byte)'\n');
            if (passed.LastIndexOf((byte)'\n') is >= 0 and var last) lineStart = seen + last + 1;
            seen = hit.Start;
            var finding = Make(text, hit, line, lineStart);
            if (!scanner.Settings.HonorsAllowComments || !IsAllowed(text, hit)) findings.Add(finding);
        }
    }

    /// <summary>Says what the hits mean.</summary>
    public IReadOnlyList<Judgement> Explain(ReadOnlySpan<byte> text, List<Hit> hits)
    {
        var kept = Best([.. hits.Where(h => h.Against is null
            && h.Confidence >= scanner.Settings.MinimumConfidence)]).ToHashSet();
        var judgements = new List<Judgement>();
        foreach (var hit in hits.OrderBy(h => h.Start).ThenBy(h => h.End))
        {
            var before = text[..hit.Start];
            var line = before.Count((byte)'\n');
            var isAllowed = IsAllowed(text, hit);
            judgements.Add(new Judgement(
                hit.Rule.Rule, info.FirstLine + line, Column(before.Length - before.LastIndexOf((byte)'\n') - 1,
                    line), Mask.Of(text[hit.Start..hit.End]),
                kept.Contains(hit) && !isAllowed, Reason(hit, kept.Contains(hit), isAllowed)));
        }
        return judgements;
    }

    private string Reason(Hit hit, bool isKept, bool isAllowed)
    {
        if (hit.Against is { } against) return $"{hit.Why}, but {against}";
        if (hit.Confidence < scanner.Settings.MinimumConfidence) return $"{hit.Why}, but that is too little to be sure";
        if (isKept && isAllowed) return $"{hit.Why}, but a comment allows it";
        return isKept ? hit.Why : $"{hit.Why}, but another rule says more about the same place";
    }

    // Of hits that overlap, the surest; of those, the one whose rule knows a provider; of those, the longest.
    private static IEnumerable<Hit> Best(List<Hit> hits)
    {
        var ranked = hits.OrderByDescending(h => h.Confidence).ThenBy(h => h.Rule.Finder == "assignment")
            .ThenBy(h => h.Rule.Rule.Provider == "generic").ThenByDescending(h => h.Rule.Pattern?.Weight ?? 0)
            .ThenByDescending(h => h.End - h.Start);
        var kept = new List<Hit>();
        foreach (var hit in ranked)
            if (kept.Count > 2000 || !kept.Exists(k => k.Start < hit.End && hit.Start < k.End)) kept.Add(hit);
        return kept.OrderBy(h => h.Start);
    }

    private Finding Make(ReadOnlySpan<byte> text, Hit hit, int line, int lineStart)
    {
        var secret = text[hit.Start..hit.End];
        var lines = secret.Count((byte)'\n');
        var endColumn = lines == 0
            ? Column(hit.Start - lineStart, line) + secret.Length - 1
            : secret.Length - 1 - secret.LastIndexOf((byte)'\n');
        var start = form.ToContent(hit.Start);
        return new Finding
        {
            Rule = hit.Rule.Rule, Origin = info, Severity = hit.Severity, Confidence = hit.Confidence,
            StartLine = info.FirstLine + line, EndLine = info.FirstLine + line + lines,
            StartColumn = Column(hit.Start - lineStart, line), EndColumn = endColumn, Offset = start,
            Length = form.ToContent(hit.End) - start, Secret = secret.ToArray(), Masked = Mask.Of(secret),
            MaskedLine = MaskedLine(text, hit), Entropy = Randomness.Entropy(secret), Why = hit.Why,
        };
    }

    private int Column(int behindStart, int line) => behindStart + (line == 0 ? info.FirstColumn : 1);

    private static string MaskedLine(ReadOnlySpan<byte> text, Hit hit)
    {
        var from = Math.Max(0, hit.Start - (MaxLine / 2));
        from += text[from..hit.Start].LastIndexOf((byte)'\n') + 1;
        var rest = text[hit.End..Math.Min(text.Length, hit.End + MaxLine / 4)];
        var to = rest.IndexOf((byte)'\n');
        var after = to < 0 ? rest : rest[..to];
        return Encoding.UTF8.GetString(text[from..hit.Start]) + Mask.Of(text[hit.Start..hit.End])
            + Encoding.UTF8.GetString(after).TrimEnd('\r');
    }

    // The line of the secret's first byte, or of its last.
    private static bool IsAllowed(ReadOnlySpan<byte> text, Hit hit)
    {
        var from = Math.Max(0, hit.Start - MaxComment);
        from += text[from..hit.Start].LastIndexOf((byte)'\n') + 1;
        var rest = text[hit.End..Math.Min(text.Length, hit.End + MaxComment)];
        var to = rest.IndexOf((byte)'\n');
        var line = text[from..(hit.End + (to < 0 ? rest.Length : to))];
        var mark = line.IndexOf(":allow"u8);
        return mark > 0 && (line[..mark].EndsWith("kist"u8) || line[..mark].EndsWith("gitleaks"u8));
    }
}
