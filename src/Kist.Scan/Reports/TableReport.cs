using System.Globalization;
using System.Text;
using Kist.Scan.Sources;

namespace Kist.Scan.Reports;

/// <summary>The report for people.</summary>
public static class TableReport
{
    private const int ShownUnread = 20;

    /// <summary>One finding: where, what, the line, who brought it when, what to do.</summary>
    public static string Entry(Report report, Hit hit, bool colour)
    {
        var finding = hit.Finding;
        var text = new StringBuilder();
        text.Append(Styled($"{Shown(hit.Path)}:{finding.StartLine}:{finding.StartColumn}", "1", colour)).Append("  ")
            .Append(Styled(Report.Word(finding.Severity), Colour(finding.Severity), colour)).Append("  ")
            .Append(Shown(Report.Title(hit))).Append(" (").Append(finding.Rule.Id).Append(")\n");
        Row(text, "line", report.Line(hit));
        if (finding.Confidence == Confidence.Certain) Row(text, "why", finding.Why);
        if (hit.Commit is { } commit)
            Row(text, "commit", $"{commit.Id[..Math.Min(12, commit.Id.Length)]} by {commit.Author} <{commit.Email}>, "
                + commit.Date.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        if (finding.Rule.Remedy.Length > 0) Row(text, "next", finding.Rule.Remedy);
        Row(text, "id", report.IdOf(hit));
        return text.Append('\n').ToString();
    }

    /// <summary>What was found and scanned, in two or three lines.</summary>
    public static string Summary(Report report)
    {
        var tally = report.Tally;
        var text = new StringBuilder();
        foreach (var unread in tally.Unread.Take(ShownUnread))
            text.Append("Could not be read: ").Append(Shown(unread.Path)).Append(": ").Append(Shown(unread.Reason))
                .Append('\n');
        if (tally.UnreadCount > ShownUnread)
            text.Append(CultureInfo.InvariantCulture, $"… and {tally.UnreadCount - ShownUnread} more\n");
        var found = report.Hits.Count + report.Beyond;
        text.Append(found == 0 ? "No secrets found" : Count(found, "secret") + " found");
        if (found > 0)
        {
            var each = report.Hits.GroupBy(hit => hit.Finding.Severity).OrderByDescending(group => group.Key)
                .Select(group => $"{group.Count()} {Report.Word(group.Key)}");
            text.Append(" (").AppendJoin(", ", each).Append(')');
        }
        if (report.Ignored > 0) text.Append(CultureInfo.InvariantCulture, $", {report.Ignored} ignored");
        text.Append(" in ").Append(Count(tally.Files, "file")).Append(", ").Append(Size(tally.Bytes));
        if (tally.Commits > 0) text.Append(", ").Append(Count(tally.Commits, "commit"));
        if (tally.PassedOver > 0)
            text.Append(CultureInfo.InvariantCulture, $"; {tally.PassedOver:N0} binary or vendored passed over");
        if (tally.UnreadCount > 0)
            text.Append(CultureInfo.InvariantCulture, $"; {tally.UnreadCount:N0} could not be read");
        return text.Append('\n').ToString();
    }

    /// <summary>
    /// A text that is safe on a terminal: what would drive it, or look like another line, is written out.
    /// </summary>
    public static string Shown(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f')
            && !text.AsSpan().ContainsAny("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"))
            return text;
        var clean = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            if (c == '\t') clean.Append(' ');
            else if (c == '\n') clean.Append("\\n");
            else if (c == '\r') clean.Append("\\r");
            else if (char.IsControl(c)) clean.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else if (char.GetUnicodeCategory(c) == UnicodeCategory.Format)
                clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else clean.Append(c);
        }
        return clean.ToString();
    }

    private static void Row(StringBuilder text, string name, string value) =>
        text.Append("    ").Append(name.PadRight(8)).Append(Shown(value.Trim())).Append('\n');

    private static string Count(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");

    private static string Size(long bytes) => bytes switch
    {
        < 10_000 => Count(bytes, "byte"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:N0} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N0} MB"),
    };

    private static string Styled(string text, string style, bool colour) => colour ? $"\e[{style}m{text}\e[0m" : text;

    private static string Colour(Severity severity) => severity switch
    {
        Severity.Critical => "1;31",
        Severity.High => "31",
        Severity.Medium => "33",
        _ => "36",
    };
}
