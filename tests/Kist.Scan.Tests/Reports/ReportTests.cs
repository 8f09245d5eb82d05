using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Kist.Scan.Reports;
using Kist.Scan.Sources;
using Kist.Scan.Tests.Sources;

namespace Kist.Scan.Tests.Reports;

public sealed class ReportTests
{
    public static TheoryData<string> Formats => ["json", "sarif", "junit", "gitlab", "csv", "table"];

    private static Report Make(Disclosure disclosure = Disclosure.Masked, string path = "src/a b.py")
    {
        var findings = new List<Finding>();
        var content = "x\n" + Sample.Line(1) + Sample.Line(2).TrimEnd() + " " + Sample.Line(3);
        new Scanner(new ScanSettings()).Scan(Encoding.UTF8.GetBytes(content), new PieceInfo { Path = path }, findings);
        Assert.Equal(3, findings.Count);
        var commit = new Commit(new string('a', 40), "Zoë", "zoe@example.com",
            DateTimeOffset.Parse("2024-02-03T04:05:06+01:00"), "a \"message\"");
        List<Hit> hits = [.. findings.Select(finding => new Hit(finding, path, commit))];
        var tally = new Tally();
        tally.AddFiles(7);
        tally.AddCommits(2);
        tally.CannotRead("broken\u001b[31m.zip", "damaged");
        return new Report(hits, hits)
        {
            Tally = tally, Version = "1.2.3", Disclosure = disclosure, IdOf = _ => "0123456789abcdef",
            Began = DateTimeOffset.UnixEpoch, Ended = DateTimeOffset.UnixEpoch.AddSeconds(1),
        };
    }

    private static string Written(Report report, string format)
    {
        var stream = new MemoryStream();
        switch (format)
        {
            case "json": JsonReport.Write(report, stream); break;
            case "sarif": SarifReport.Write(report, stream); break;
            case "junit": JunitReport.Write(report, stream); break;
            case "gitlab": GitlabReport.Write(report, stream); break;
            case "csv": CsvReport.Write(report, stream); break;
            default:
                foreach (var hit in report.Hits)
                    stream.Write(Encoding.UTF8.GetBytes(TableReport.Entry(report, hit, colour: true)));
                stream.Write(Encoding.UTF8.GetBytes(TableReport.Summary(report)));
                break;
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Secrets_are_shown_in_full_only_when_asked_for(string format)
    {
        foreach (var disclosure in (Disclosure[])[Disclosure.Masked, Disclosure.Nothing])
        {
            var text = Written(Make(disclosure), format);
            for (var i = 1; i <= 3; i++) Assert.DoesNotContain(Sample.Token(i), text);
        }
        Assert.Contains(Sample.Token(1), Written(Make(Disclosure.Everything), format));
    }

    [Fact]
    public void Json_has_the_members_of_gitleaks()
    {
        using var json = JsonDocument.Parse(Written(Make(), "json"));
        var first = json.RootElement[0];

        string[] members =
        [
            "RuleID", "Description", "StartLine", "EndLine", "StartColumn", "EndColumn", "Match", "Secret", "File",
            "SymlinkFile", "Commit", "Entropy", "Author", "Email", "Date", "Message", "Tags", "Fingerprint",
        ];
        Assert.Equal(members, first.EnumerateObject().Select(member => member.Name).Take(members.Length));
        Assert.Equal(("src/a b.py", 2), (first.GetProperty("File").GetString(),
            first.GetProperty("StartLine").GetInt32()));
        Assert.Equal("2024-02-03T03:05:06Z", first.GetProperty("Date").GetString());
        Assert.Equal($"{new string('a', 40)}:src/a b.py:{first.GetProperty("RuleID").GetString()}:2",
            first.GetProperty("Fingerprint").GetString());
    }

    [Fact]
    public void Sarif_is_what_github_takes()
    {
        using var json = JsonDocument.Parse(Written(Make(), "sarif"));
        var run = json.RootElement.GetProperty("runs")[0];

        Assert.Equal("2.1.0", json.RootElement.GetProperty("version").GetString());
        Assert.Equal("kist", run.GetProperty("tool").GetProperty("driver").GetProperty("name").GetString());
        var rules = run.GetProperty("tool").GetProperty("driver").GetProperty("rules");
        foreach (var result in run.GetProperty("results").EnumerateArray())
        {
            Assert.Equal(rules[result.GetProperty("ruleIndex").GetInt32()].GetProperty("id").GetString(),
                result.GetProperty("ruleId").GetString());
            var place = result.GetProperty("locations")[0].GetProperty("physicalLocation");
            Assert.Equal("src/a%20b.py", place.GetProperty("artifactLocation").GetProperty("uri").GetString());
            var region = place.GetProperty("region");
            Assert.True(region.GetProperty("endColumn").GetInt32() > region.GetProperty("startColumn").GetInt32());
        }
        Assert.False(run.GetProperty("invocations")[0].GetProperty("executionSuccessful").GetBoolean());
        Assert.InRange(double.Parse(rules[0].GetProperty("properties").GetProperty("security-severity").GetString()!,
            System.Globalization.CultureInfo.InvariantCulture), 0.1, 10.0);
    }

    [Fact]
    public void Junit_counts_failures_and_takes_any_name()
    {
        var suite = XDocument.Parse(Written(Make(path: "a\u0001\ud800<b>&\".py"), "junit")).Root!.Element("testsuite")!;

        Assert.Equal(("4", "3", "1"),
            (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("errors")!.Value));
        Assert.Equal(3, suite.Descendants("failure").Count());
    }

    [Fact]
    public void Gitlab_ids_are_stable_and_different()
    {
        string[] Ids()
        {
            using var json = JsonDocument.Parse(Written(Make(), "gitlab"));
            Assert.Equal("secret_detection", json.RootElement.GetProperty("scan").GetProperty("type").GetString());
            return [.. json.RootElement.GetProperty("vulnerabilities").EnumerateArray()
                .Select(one => one.GetProperty("id").GetString()!)];
        }

        Assert.Equal(Ids(), Ids());
        Assert.Equal(2, Ids().Distinct().Count()); // two secrets on one line share value name, line and path here
    }

    [Fact]
    public void The_table_names_line_commit_author_date_and_counts()
    {
        var text = Written(Make(), "table");

        Assert.Contains("src/a b.py:2:", text);
        Assert.Contains("aaaaaaaaaaaa by Zoë <zoe@example.com>, 2024-02-03", text);
        Assert.Contains("3 secrets found", text);
        Assert.Contains("in 7 files", text);
        Assert.Contains("2 commits", text);
        Assert.Contains("1 could not be read", text);
    }

    [Theory]
    [InlineData("a\nb", "a\\nb")]
    [InlineData("\u001b[31mred", "\\x1b[31mred")]
    [InlineData("\u009b31m", "\\x9b31m")]
    [InlineData("abc\u202etxt.exe", "abc\\u202etxt.exe")]
    public void Nothing_in_the_table_drives_the_terminal(string name, string shown) =>
        Assert.Equal(shown, TableReport.Shown(name));
}
