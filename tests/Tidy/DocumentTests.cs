using Xunit;

namespace Kist.Tidy.Tests;

public sealed class DocumentTests
{
    private static readonly string[] s_required =
        ["README.md", "LICENSE", "build.sh", "start.sh", "test.sh", "bench.sh", ".ci/run", "docs/ARCHITECTURE.md"];

    [Fact]
    public void TheRootHoldsWhatANewcomerLooksFor() => Exceptions.Judge(
        "missing-file", s_required.Where(p => !Repository.Has(p)).Select(p => new Violation(p, "it is not there")));

    [Fact]
    public void DocumentsNameOnlyWhatExists() => Exceptions.Judge(
        "dead-path", DocumentRules.DeadPaths(Repository.Select("", ".md"), Repository.Has));

    [Fact]
    public void DecisionsHaveTheirThreeParts() => Exceptions.Judge(
        "half-decision", DocumentRules.HalfDecisions(Repository.Select("docs/decisions/", ".md")));

    [Fact]
    public void TheSolutionNamesEveryProject() => Exceptions.Judge("solution-gap", DocumentRules.SolutionGaps(
        Repository.Files.Single(f => f.Path == "Kist.slnx"),
        [.. Repository.Select("", ".csproj").Select(p => p.Path)]));

    [Fact]
    public void ScriptsCanBeRunAndStopAtTheFirstError()
    {
        var scripts = Repository.Files.Where(f => f.Text.StartsWith("#!", StringComparison.Ordinal)).ToList();

        Assert.Contains(scripts, s => s.Path == "test.sh");
        Exceptions.Judge("bad-script", scripts.Where(s => !IsExecutable(s.Path) || !IsStrict(s))
            .Select(s => new Violation(s.Path, "it must be executable and, in bash, 'set -euo pipefail'")));
    }

    [Theory]
    [InlineData("see `src/A/` and src/A/B.cs, then [x](docs/C.md).", 0)]
    [InlineData("src/<Name>/, src/*.cs, ../shared/tests/x, src/Kist.…", 0)]
    [InlineData("see `src/Gone/`", 1)]
    [InlineData("open docs/Gone.md.", 1)]
    public void DeadPathsAreFound(string text, int found) =>
        Assert.Equal(found, DocumentRules.DeadPaths(
            [new TextFile("x.md", text)], path => path is "src/A" or "src/A/B.cs" or "docs/C.md").Count());

    [Fact]
    public void AMissingPartOfADecisionIsFound() =>
        Assert.Equal("there is no heading 'Cost'", Assert.Single(DocumentRules.HalfDecisions(
            [new TextFile("docs/decisions/a.md", "# A\n## Choice\n## Alternatives\nCost\n")])).Detail);

    [Fact]
    public void AForgottenProjectIsFound() =>
        Assert.Equal(["src/B.csproj", "src/C.csproj"], DocumentRules.SolutionGaps(
            new TextFile("x.slnx", """<Project Path="src/A.csproj" /><Project Path="src/C.csproj" />"""),
            ["src/A.csproj", "src/B.csproj"]).Select(v => v.Where));

    private static bool IsExecutable(string path) =>
        !OperatingSystem.IsWindows()
        && File.GetUnixFileMode(Path.Combine(Repository.Root, path)).HasFlag(UnixFileMode.UserExecute);

    private static bool IsStrict(TextFile script) =>
        !script.Lines[0].Contains("bash") || script.Lines.Contains("set -euo pipefail");
}
