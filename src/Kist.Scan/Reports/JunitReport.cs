using System.Globalization;
using System.Text;
using System.Xml;

namespace Kist.Scan.Reports;

/// <summary>JUnit's XML: each finding and each unread thing is a failed test; a clean scan is one that
/// passed.</summary>
public static class JunitReport
{
    /// <summary>Writes it.</summary>
    public static void Write(Report report, Stream to)
    {
        var settings = new XmlWriterSettings
        {
            Indent = true, Encoding = new UTF8Encoding(false), CloseOutput = false, NewLineChars = "\n",
        };
        using var xml = XmlWriter.Create(to, settings);
        var unread = report.Tally.Unread;
        var clean = report.Hits.Count == 0 && unread.Count == 0;
        var seconds = (report.Ended - report.Began).TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
        xml.WriteStartElement("testsuites");
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", "kist scan");
        xml.WriteAttributeString("tests", Number(clean ? 1 : report.Hits.Count + unread.Count));
        xml.WriteAttributeString("failures", Number(report.Hits.Count));
        xml.WriteAttributeString("errors", Number(unread.Count));
        xml.WriteAttributeString("time", seconds);
        if (clean) Case(xml, "no secrets", "kist.scan", null);
        foreach (var hit in report.Hits)
        {
            Case(xml, $"{Report.Title(hit)} in {hit.Path}:{hit.Finding.StartLine}", hit.Path, () =>
            {
                var commit = hit.Commit is { } brought ? $" (commit {brought.Id}, {brought.Author}, "
                    + $"{JsonReport.Date(brought)})" : "";
                xml.WriteStartElement("failure");
                xml.WriteAttributeString("message", Clean($"{hit.Finding.Rule.Id}: {Report.Title(hit)}"));
                xml.WriteAttributeString("type", Report.Word(hit.Finding.Severity));
                xml.WriteString(Clean($"{report.Line(hit)}{commit}\n{hit.Finding.Rule.Remedy}"));
                xml.WriteEndElement();
            });
        }
        foreach (var one in unread)
        {
            Case(xml, $"{one.Path} could not be read", one.Path, () =>
            {
                xml.WriteStartElement("error");
                xml.WriteAttributeString("message", Clean(one.Reason));
                xml.WriteEndElement();
            });
        }
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void Case(XmlWriter xml, string name, string group, Action? body)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", Clean(group));
        xml.WriteAttributeString("name", Clean(name));
        body?.Invoke();
        xml.WriteEndElement();
    }

    // XML has no way to write most control characters, and names of files may hold them.
    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.Value is 9 or 10 or 13 or (>= 32 and not (0xFFFE or 0xFFFF)) ? rune
                : Rune.ReplacementChar);
        return clean.ToString();
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
