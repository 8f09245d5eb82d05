using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Scan.Sources;

namespace Kist.Scan.Reports;

/// <summary>GitLab's secret detection report (<c>gl-secret-detection-report.json</c>, schema 15).</summary>
public static class GitlabReport
{
    /// <summary>Writes it.</summary>
    public static void Write(Report report, Stream to)
    {
        using (var json = new Utf8JsonWriter(to, new JsonWriterOptions { Indented = true, IndentSize = 1 }))
        {
            json.WriteStartObject();
            json.WriteString("version", "15.2.1");
            json.WriteStartArray("vulnerabilities");
            foreach (var hit in report.Hits) Write(report, hit, json);
            json.WriteEndArray();
            json.WriteStartObject("scan");
            WriteTool("analyzer", report.Version, json);
            WriteTool("scanner", report.Version, json);
            json.WriteString("type", "secret_detection");
            json.WriteString("start_time", Time(report.Began));
            json.WriteString("end_time", Time(report.Ended));
            json.WriteString("status", report.Tally.UnreadCount == 0 ? "success" : "failure");
            json.WriteEndObject();
            json.WriteEndObject();
        }
        to.WriteByte((byte)'\n');
    }

    private static void Write(Report report, Hit hit, Utf8JsonWriter json)
    {
        var finding = hit.Finding;
        json.WriteStartObject();
        json.WriteString("id", Id(hit, report.IdOf(hit)));
        json.WriteString("category", "secret_detection");
        json.WriteString("name", Report.Title(hit));
        json.WriteString("description",
            $"{Report.Title(hit)}: {report.Secret(hit)} in {hit.Path}, line {finding.StartLine}");
        json.WriteString("severity", finding.Severity.ToString());
        json.WriteString("confidence", finding.Confidence is Confidence.Certain ? "Confirmed"
            : finding.Confidence.ToString());
        json.WriteString("solution", finding.Rule.Remedy);
        json.WriteString("raw_source_code_extract", report.Line(hit));
        json.WriteStartObject("scanner");
        json.WriteString("id", "kist");
        json.WriteString("name", "Kist");
        json.WriteEndObject();
        json.WriteStartObject("location");
        json.WriteString("file", hit.Path);
        json.WriteStartObject("commit");
        json.WriteString("sha", hit.Commit?.Id ?? "0000000");
        if (hit.Commit is { } commit)
        {
            json.WriteString("author", commit.Author);
            json.WriteString("date", JsonReport.Date(commit));
            json.WriteString("message", commit.Message);
        }
        json.WriteEndObject();
        json.WriteNumber("start_line", finding.StartLine);
        json.WriteNumber("end_line", finding.EndLine);
        json.WriteEndObject();
        json.WriteStartArray("identifiers");
        json.WriteStartObject();
        json.WriteString("type", "kist_rule_id");
        json.WriteString("name", $"Kist rule {finding.Rule.Id}");
        json.WriteString("value", finding.Rule.Id);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTool(string member, string version, Utf8JsonWriter json)
    {
        json.WriteStartObject(member);
        json.WriteString("id", "kist");
        json.WriteString("name", "Kist");
        json.WriteString("version", version);
        json.WriteStartObject("vendor");
        json.WriteString("name", "Kist");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // The same finding keeps its id from one pipeline to the next.
    private static string Id(Hit hit, string value)
    {
        var name = $"{hit.Path}\0{hit.Finding.Rule.Id}\0{value}\0{hit.Commit?.Id}\0{hit.Finding.StartLine}";
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        return new Guid(hash.AsSpan(0, 16), bigEndian: true).ToString();
    }

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
}
