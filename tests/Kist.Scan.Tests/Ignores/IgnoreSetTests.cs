using Kist.Scan.Ignores;
using Kist.Scan.Sources;
using Kist.Scan.Tests.Sources;

namespace Kist.Scan.Tests.Ignores;

public sealed class IgnoreSetTests
{
    private static readonly DateOnly s_today = new(2026, 11, 26);

    private static List<Hit> Hits(Folder folder)
    {
        var hits = new Hits();
        new TreeSource(folder.Context(hits), asGit: true).Scan(folder.Root);
        return hits.Sorted();
    }

    private static IgnoreSet Load(Folder folder, params string[] baselines) =>
        IgnoreSet.Load(folder.Root, baselines, null, s_today, rule => rule != "generic-api-key");

    private static string[] Left(Folder folder, IgnoreSet ignores) =>
        [.. Hits(folder).Where(hit => ignores.Reason(hit) is null).Select(hit => ignores.FromTop(hit))];

    [Fact]
    public void A_value_is_allowed_wherever_it_moves_and_no_other_on_its_line()
    {
        using var folder = new Folder();
        folder.Write("a.txt", Sample.Line(1));
        var keyed = new Fingerprints(new byte[24]);
        var hit = Hits(folder)[0];
        folder.Write(".kist/scan.toml", AllowFile.WrittenHead(keyed.Key)
            + AllowFile.Written(keyed.Of(hit.Finding.Secret.Span), hit.Finding.Rule.Id, "a.txt", "test", null));
        folder.Write("a.txt", "new line\n" + Sample.Line(1));
        Assert.Empty(Left(folder, Load(folder)));

        folder.Write("a.txt", Sample.Line(2));
        Assert.Equal(["a.txt"], Left(folder, Load(folder)));
        Assert.DoesNotContain(Sample.Token(1), File.ReadAllText(folder[".kist/scan.toml"]));
    }

    [Fact]
    public void An_entry_that_ended_allows_nothing_and_is_named()
    {
        using var folder = new Folder();
        folder.Write("a.txt", Sample.Line(1));
        var text = "[[allow]]\npath = \"*.txt\"\nreason = \"soon gone\"\nexpires = 2026-11-26\n";
        folder.Write(".kist/scan.toml", text);
        Assert.Empty(Left(folder, Load(folder)));

        folder.Write(".kist/scan.toml", text.Replace("11-26", "11-25"));
        var ignores = Load(folder);
        Assert.Equal(["a.txt"], Left(folder, ignores));
        Assert.Contains("ended on 2026-11-25", Assert.Single(ignores.Remarks(everything: true)));
    }

    [Fact]
    public void Entries_that_nothing_needed_are_named()
    {
        using var folder = new Folder();
        folder.Write("a.txt", Sample.Line(1));
        folder.Write(".kist/scan.toml", """
            [[allow]]
            path = "a.txt"
            reason = "needed"
            [[allow]]
            path = "b.txt"
            reason = "not needed"
            """);
        folder.Write(".gitleaksignore", "# comment\na.txt:no-such-rule:1\nb.txt:no-such-rule:1\n");
        var ignores = IgnoreSet.Load(folder.Root, [], null, s_today, _ => false);
        Assert.Empty(Left(folder, ignores));

        Assert.Equal(2, ignores.Remarks(everything: true).Count());
        Assert.Empty(ignores.Remarks(everything: false));
    }

    [Theory]
    [InlineData("[[allow]]\npath = \"a\"\n", "line 1: an entry needs a reason")]
    [InlineData("\n[[allow]]\nreason = \"a\"\n", "line 2: an entry needs a path or a value")]
    [InlineData("[[allow]]\npath = \"a\"\nreason = \"b\"\nexpires = \"soon\"\n", "line 4: expires is a day")]
    [InlineData("[[allow]]\npaht = \"a\"\n", "line 2: an entry has no paht")]
    [InlineData("kye = 1\n", "line 1: there is no setting kye")]
    [InlineData("[allow]\n", "line 1: there is no [allow]")]
    [InlineData("a = = b\n", "line 1: this is not TOML")]
    public void Mistakes_are_named_with_their_line(string text, string problem) =>
        Assert.Contains(problem, AllowFile.Parse(text, ".kist/scan.toml").Problem);

    [Fact]
    public void A_rule_can_be_allowed_for_a_path_alone()
    {
        using var folder = new Folder();
        folder.Write("a/x.txt", Sample.Line(1));
        folder.Write("b/x.txt", Sample.Line(1));
        var rule = Hits(folder)[0].Finding.Rule.Id;
        folder.Write(".kist/scan.toml",
            $"[[allow]]\npath = \"a/**\"\nrule = \"{rule}\"\nreason = \"r\"\n"
            + "[[allow]]\npath = \"b\"\nrule = \"other\"\nreason = \"r\"\n");

        Assert.Equal(["b/x.txt"], Left(folder, Load(folder)));
    }

    [Fact]
    public void A_baseline_knows_values_at_paths_and_survives_a_union_merge()
    {
        using var folder = new Folder();
        folder.Write("a.txt", Sample.Line(1));
        folder.Write("new\nline.txt", Sample.Line(2));
        var ignores = Load(folder);
        var baseline = new Baseline();
        foreach (var hit in Hits(folder)) baseline.Add(ignores.IdOf(hit), hit.Finding.Rule.Id, ignores.FromTop(hit));
        var lines = baseline.Written().TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal(lines[1..].Order(StringComparer.Ordinal), lines[1..]);
        folder.Write(Baseline.Name, string.Join('\n', lines.Reverse().Concat(lines)) + "\n");
        Assert.Empty(Left(folder, Load(folder)));

        folder.Write("a.txt", "moved\n" + Sample.Line(1));
        folder.Write("copy.txt", Sample.Line(1));
        Assert.Equal(["copy.txt"], Left(folder, Load(folder)));
    }

    [Fact]
    public void Gitleaks_ignore_files_and_baselines_are_taken()
    {
        using var folder = new Folder();
        folder.Write("a.txt", Sample.Line(1));
        folder.Write("b.txt", Sample.Line(2));
        folder.Write("c.txt", Sample.Line(3));
        var rule = Hits(folder)[0].Finding.Rule.Id;
        folder.Write(".gitleaksignore", $"a.txt:{rule}:1\nb.txt:generic-api-key:2\nnonsense\n");
        var token = Sample.Token(3);
        folder.Write("report.json", $$"""
            [{"RuleID":"github-pat","StartLine":9,"File":"c.txt","Secret":"{{token}}","Commit":""}]
            """);

        Assert.Equal(["b.txt", "c.txt", "report.json"], Left(folder, Load(folder)));
        Assert.Equal(["b.txt", "report.json"], Left(folder, Load(folder, folder["report.json"])));
        folder.Write("report.json", """[{"StartLine":1,"File":"c.txt","Secret":"REDACTED"}]""");
        Assert.Equal(["b.txt"], Left(folder, Load(folder, folder["report.json"])));
        folder.Write("report.json", """{"what":"ever"}""");
        Assert.NotNull(Load(folder, folder["report.json"]).Problem);
    }
}
