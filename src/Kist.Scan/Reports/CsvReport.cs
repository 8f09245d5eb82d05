using System.Globalization;
using System.Text;

namespace Kist.Scan.Reports;

/// <summary>Comma-separated values with gitleaks' columns.</summary>
public static class CsvReport
{
    /// <summary>Writes it.</summary>
    public static void Write(Report report, Stream to)
    {
        using var text = new StreamWriter(to, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        text.WriteLine("RuleID,Commit,File,SymlinkFile,Secret,Match,StartLine,EndLine,StartColumn,EndColumn,Author,"
            + "Message,Date,Email,Fingerprint,Tags");
        foreach (var hit in report.Hits)
        {
            var finding = hit.Finding;
            string[] cells =
            [
                finding.Rule.Id, hit.Commit?.Id ?? "", hit.Path, "", report.Secret(hit), report.Line(hit),
                Number(finding.StartLine), Number(finding.EndLine), Number(finding.StartColumn),
                Number(finding.EndColumn), hit.Commit?.Author ?? "", hit.Commit?.Message ?? "",
                JsonReport.Date(hit.Commit), hit.Commit?.Email ?? "", Report.GitleaksFingerprint(hit),
                string.Join(' ', finding.Rule.Tags),
            ];
            text.WriteLine(string.Join(',', cells.Select(Quoted)));
        }
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    // A cell that a spreadsheet would take for a formula gets an apostrophe: paths and authors are anybody's.
    private static string Quoted(string cell)
    {
        if (cell is ['=' or '+' or '-' or '@' or '\t' or '\r', ..]) cell = "'" + cell;
        return cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"")}\"" : cell;
    }
}
