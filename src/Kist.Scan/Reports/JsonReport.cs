using System.Globalization;
using System.Text.Json;

namespace Kist.Scan.Reports;

/// <summary>
/// A JSON array in the shape of gitleaks' report, with a few members more (<c>Severity</c>, <c>Confidence</c>,
/// <c>Id</c>, <c>Remedy</c>) at the end of each.
/// </summary>
public static class JsonReport
{
    /// <summary>Writes it.</summary>
    public static void Write(Report report, Stream to)
    {
        using (var json = new Utf8JsonWriter(to, new JsonWriterOptions { Indented = true, IndentSize = 1 }))
        {
            json.WriteStartArray();
            foreach (var hit in report.Hits) Write(report, hit, json);
            json.WriteEndArray();
        }
        to.WriteByte((byte)'\n');
    }

    private static void Write(Report report, Sources.Hit hit, Utf8JsonWriter json)
    {
        var finding = hit.Finding;
        json.WriteStartObject();
        json.WriteString("RuleID", finding.Rule.Id);
        json.WriteString("Description", Report.Title(hit));
        json.WriteNumber("StartLine", finding.StartLine);
        json.WriteNumber("EndLine", finding.EndLine);
        json.WriteNumber("StartColumn", finding.StartColumn);
        json.WriteNumber("EndColumn", finding.EndColumn);
        json.WriteString("Match", report.Line(hit));
        json.WriteString("Secret", report.Secret(hit));
        json.WriteString("File", hit.Path);
        json.WriteString("SymlinkFile", "");
        json.WriteString("Commit", hit.Commit?.Id ?? "");
        json.WriteNumber("Entropy", Math.Round(finding.Entropy, 4));
        json.WriteString("Author", hit.Commit?.Author ?? "");
        json.WriteString("Email", hit.Commit?.Email ?? "");
        json.WriteString("Date", Date(hit.Commit));
        json.WriteString("Message", hit.Commit?.Message ?? "");
        json.WriteStartArray("Tags");
        foreach (var tag in finding.Rule.Tags) json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteString("Fingerprint", Report.GitleaksFingerprint(hit));
        json.WriteString("Id", report.IdOf(hit));
        json.WriteString("Severity", Report.Word(finding.Severity));
        json.WriteString("Confidence", finding.Confidence.ToString().ToLowerInvariant());
        json.WriteString("Why", finding.Why);
        json.WriteString("Remedy", finding.Rule.Remedy);
        json.WriteEndObject();
    }

    /// <summary>UTC to the second, as gitleaks writes it; empty outside histories.</summary>
    internal static string Date(Commit? commit) => commit is null ? ""
        : commit.Date.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
