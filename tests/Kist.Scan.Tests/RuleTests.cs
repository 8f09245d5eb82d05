using System.Text;
using Kist.Scan.Rules;

namespace Kist.Scan.Tests;

public sealed class RuleTests
{
    private static readonly Scanner s_scanner = new(new ScanSettings());

    private static readonly (string File, string Text)[] s_places =
    [
        ("settings.env", "# note\nLOG_LEVEL=info\nVALUE=@@\nREGION=eu-north-1\n"),
        ("appsettings.json", "{\n  \"Logging\": { \"Level\": \"Info\" },\n  \"Value\": \"@@\",\n  \"Port\": 8080\n}\n"),
        ("config.yaml", "service:\n  name: billing\n  value: @@\n  timeout: 30s\n"),
        ("values.yml", "service:\n  value: '@@'\n"),
        ("client.ts", "const base = 'https://api.corp.internal';\nconst value = '@@';\n"),
        ("main.go", "func main() {\n\tvalue := `@@`\n}\n"),
        ("NOTES.md", "# Runbook\n\nTo call the service by hand:\n\n    @@\n\nThen restart the pod.\n"),
        ("app.log", "2026-03-01T10:00:01Z DEBUG value=@@ status=200\n"),
        ("App.config", "<configuration>\n    <add key=\"Value\" value=\"@@\" />\n</configuration>\n"),
        ("Dockerfile", "FROM debian:12\nENV VALUE=@@\nRUN apt-get update\n"),
        ("main.tf", "resource \"x\" \"y\" {\n  value = \"@@\"\n}\n"),
        ("data.json", "{\"config.ini\": \"LEVEL=info\\nVALUE=@@\\nBACKUP=true\"}\n"),
    ];

    private static readonly (string File, string Text)[] s_asItStands =
        [("notes.txt", "# note\n@@\nend\n"), ("windows.ini", "[a]\r\n@@\r\n")];

    public static TheoryData<string> Ids() => [.. BuiltIn.All.Where(r => r.Matches.Length > 0).Select(r => r.Rule.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void ARuleFindsWhatItIsFor(string id)
    {
        var rule = BuiltIn.All.Single(r => r.Rule.Id == id);
        var random = new Random(id.Sum(c => c));
        var missed = new List<string>();

        foreach (var template in rule.Matches)
        {
            var places = rule.Pattern is null || template.Any(c => c is '"' or ' ') ? s_asItStands : s_places;
            for (var round = 0; round < 3; round++)
                foreach (var (file, text) in places)
                {
                    var sample = Samples.Make(template, random);
                    if (!Finds(file, text.Replace("@@", sample, StringComparison.Ordinal), rule.Rule.Provider))
                        missed.Add($"{file}: {sample}");
                }
        }

        Assert.Empty(missed);
    }

    [Fact]
    public void EveryPatternShowsWhatItIsFor() =>
        Assert.Empty(BuiltIn.All.Where(r => r.Pattern is not null && r.Matches.Length == 0 && r.Check is null)
            .Select(r => r.Rule.Id));

    [Fact]
    public void NoTwoRulesShareAName() =>
        Assert.Empty(BuiltIn.All.GroupBy(r => r.Rule.Id).Where(g => g.Count() > 1).Select(g => g.Key));

    [Fact]
    public void EveryRuleSaysWhatToDo() =>
        Assert.Empty(BuiltIn.All.Where(r => r.Rule.Remedy.Length < 20
            || r.Rule.What.Length < 3).Select(r => r.Rule.Id));

    [Fact]
    public void ThereAreRulesForMoreThanTwoHundredAndThirtyKinds() => Assert.True(BuiltIn.All.Count >= 230);

    [Theory]
    [MemberData(nameof(Ids))]
    public void WhatSaysThatItIsNoneIsNone(string id)
    {
        var rule = BuiltIn.All.Single(r => r.Rule.Id == id);
        foreach (var template in rule.Matches)
        {
            if (!template.Contains('*', StringComparison.Ordinal)) continue;
            // Every drawn part becomes x, as in documentation.
            var text = System.Text.RegularExpressions.Regex.Replace(
                template, @"\{(\w+)\*(\d+)\}", m => new string('x', int.Parse(m.Groups[2].Value, null)));
            Assert.False(Finds("README.md", $"VALUE={text}\n", rule.Rule.Provider), text);
        }
    }

    private static bool Finds(string file, string text, string provider)
    {
        var findings = new List<Finding>();
        s_scanner.Scan(Encoding.UTF8.GetBytes(text), new PieceInfo { Path = file }, findings);
        return findings.Exists(f => f.Rule.Provider == provider || f.Rule.Provider == "generic");
    }
}
