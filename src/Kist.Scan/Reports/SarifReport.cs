using System.Text.Json;
using Kist.Scan.Sources;

namespace Kist.Scan.Reports;

/// <summary>SARIF 2.1.0, as GitHub's code scanning takes it.</summary>
public static class SarifReport
{
    private const string Schema =
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

    /// <summary>Writes it.</summary>
    public static void Write(Report report, Stream to)
    {
        var rules = new List<Hit>();
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var hit in report.Hits)
            if (numbers.TryAdd(hit.Finding.Rule.Id, rules.Count)) rules.Add(hit);
        using (var json = new Utf8JsonWriter(to, new JsonWriterOptions { Indented = true, IndentSize = 1 }))
        {
            json.WriteStartObject();
            json.WriteString("$schema", Schema);
            json.WriteString("version", "2.1.0");
            json.WriteStartArray("runs");
            json.WriteStartObject();
            WriteTool(report, rules, json);
            WriteInvocation(report, json);
            json.WriteString("columnKind", "utf16CodeUnits");
            json.WriteStartArray("results");
            foreach (var hit in report.Hits) WriteResult(report, hit, numbers[hit.Finding.Rule.Id], json);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        to.WriteByte((byte)'\n');
    }

    private static void WriteTool(Report report, List<Hit> rules, Utf8JsonWriter json)
    {
        json.WriteStartObject("tool");
        json.WriteStartObject("driver");
        json.WriteString("name", "kist");
        json.WriteString("organization", "Kist");
        json.WriteString("semanticVersion", report.Version);
        json.WriteStartArray("rules");
        foreach (var hit in rules) WriteRule(hit, json);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteRule(Hit hit, Utf8JsonWriter json)
    {
        var rule = hit.Finding.Rule;
        json.WriteStartObject();
        json.WriteString("id", rule.Id);
        json.WriteString("name", rule.Id);
        WriteText("shortDescription", Report.Title(hit), json);
        WriteText("fullDescription", $"{Report.Title(hit)} ({rule.Provider})", json);
        var help = rule.Remedy.Length > 0 ? rule.Remedy
            : "Revoke it where it was issued, and keep the new one elsewhere.";
        json.WriteStartObject("help");
        json.WriteString("text", help);
        json.WriteString("markdown", help);
        json.WriteEndObject();
        json.WriteStartObject("defaultConfiguration");
        json.WriteString("level", Level(rule.Severity));
        json.WriteEndObject();
        json.WriteStartObject("properties");
        json.WriteString("precision", "high");
        json.WriteString("security-severity", Score(rule.Severity));
        json.WriteStartArray("tags");
        json.WriteStringValue("security");
        json.WriteStringValue("secret");
        foreach (var tag in rule.Tags) json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteInvocation(Report report, Utf8JsonWriter json)
    {
        json.WriteStartArray("invocations");
        json.WriteStartObject();
        json.WriteBoolean("executionSuccessful", report.Tally.UnreadCount == 0);
        json.WriteString("startTimeUtc", report.Began.UtcDateTime.ToString("O"));
        json.WriteString("endTimeUtc", report.Ended.UtcDateTime.ToString("O"));
        json.WriteStartArray("toolExecutionNotifications");
        foreach (var unread in report.Tally.Unread)
        {
            json.WriteStartObject();
            json.WriteString("level", "error");
            WriteText("message", $"{unread.Path} could not be read: {unread.Reason}", json);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteResult(Report report, Hit hit, int rule, Utf8JsonWriter json)
    {
        var finding = hit.Finding;
        json.WriteStartObject();
        json.WriteString("ruleId", finding.Rule.Id);
        json.WriteNumber("ruleIndex", rule);
        json.WriteString("level", Level(finding.Severity));
        var where = hit.Commit is { } commit ? $", brought by commit {commit.Id[..Math.Min(12, commit.Id.Length)]}"
            : "";
        WriteText("message", $"{Report.Title(hit)}: {report.Secret(hit)}{where}", json);
        json.WriteStartArray("locations");
        json.WriteStartObject();
        json.WriteStartObject("physicalLocation");
        json.WriteStartObject("artifactLocation");
        json.WriteString("uri", Report.Uri(hit.Path));
        json.WriteEndObject();
        json.WriteStartObject("region");
        json.WriteNumber("startLine", finding.StartLine);
        json.WriteNumber("startColumn", finding.StartColumn);
        json.WriteNumber("endLine", finding.EndLine);
        json.WriteNumber("endColumn", finding.EndColumn + 1); // SARIF's end is the column after
        WriteText("snippet", report.Line(hit), json);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("partialFingerprints");
        json.WriteString("kistValue/v1", report.IdOf(hit));
        if (hit.Commit is { } brought)
        {
            json.WriteString("commitSha", brought.Id);
            json.WriteString("author", brought.Author);
            json.WriteString("email", brought.Email);
            json.WriteString("date", JsonReport.Date(brought));
            json.WriteString("commitMessage", brought.Message);
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteText(string member, string text, Utf8JsonWriter json)
    {
        json.WriteStartObject(member);
        json.WriteString("text", text);
        json.WriteEndObject();
    }

    private static string Level(Severity severity) => severity switch
    {
        Severity.Critical or Severity.High => "error",
        Severity.Medium => "warning",
        _ => "note",
    };

    private static string Score(Severity severity) => severity switch
    {
        Severity.Critical => "9.5",
        Severity.High => "8.0",
        Severity.Medium => "5.5",
        Severity.Low => "2.0",
        _ => "0.1",
    };
}
