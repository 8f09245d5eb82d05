using System.Text;
using Kist.Scan.Gitleaks;

namespace Kist.Scan.Tests;

public sealed class GitleaksConfigTests
{
    private const string Secret = "zq81kd93mf02";

    [Fact]
    public void ARuleFindsItsGroup()
    {
        var finding = Assert.Single(Scan("""
            title = "ours"
            [[rules]]
            id = "acme"
            description = "ACME key"
            regex = '''(?i)acme[_-]key\s*=\s*"(?P<value>[a-z0-9]{12})"'''
            keywords = ["acme"]
            tags = ["key", "acme"]
            entropy = 2.5
            """, $"x\nACME_KEY = \"{Secret}\"\n"));

        Assert.Equal(("acme", 2, 13, Secret), (finding.Rule.Id, finding.StartLine, finding.StartColumn,
            Encoding.UTF8.GetString(finding.Secret.Span)));
        Assert.Equal(["key", "acme"], finding.Rule.Tags);
    }

    [Theory]
    [InlineData("entropy = 5.5")]
    [InlineData("path = '''\\.py$'''")]
    [InlineData("keywords = [\"elsewhere\"]")]
    [InlineData("[rules.allowlist]\nregexes = ['''^zq''']")]
    [InlineData("[[rules.allowlists]]\nstopwords = [\"d93\"]")]
    [InlineData("[[rules.allowlists]]\nregexTarget = \"line\"\nregexes = ['''acme''']")]
    [InlineData("[[rules.allowlists]]\ncondition = \"AND\"\npaths = ['''app''']\nstopwords = [\"zq\"]")]
    [InlineData("[allowlist]\npaths = ['''app\\.txt''']")]
    [InlineData("[[allowlists]]\ntargetRules = [\"acme\"]\nregexes = ['''zq.*''']")]
    [InlineData("allowlist = { stopwords = [\"zq81\"] }")]
    public void ARuleIsHeldBackBy(string condition) => Assert.Empty(Scan(
        $"[[rules]]\nid = \"acme\"\nregex = '''acme=([a-z0-9]+)'''\n{condition}\n", $"acme={Secret}\n"));

    [Theory]
    [InlineData("[[rules.allowlists]]\ncondition = \"AND\"\npaths = ['''app''']\nstopwords = [\"nothing\"]")]
    [InlineData("[[allowlists]]\ntargetRules = [\"other\"]\nregexes = ['''zq.*''']")]
    [InlineData("[rules.allowlist]\ncommits = [\"abcdef\"]")]
    [InlineData("entropy = 2.0\nsecretGroup = 1\npath = '''app\\.txt$'''")]
    public void ARuleIsNotHeldBackBy(string condition) => Assert.Single(Scan(
        $"[[rules]]\nid = \"acme\"\nregex = '''acme=([a-z0-9]+)'''\n{condition}\n", $"acme={Secret}\n"));

    [Fact]
    public void OwnRulesGiveWayUnlessTheDefaultIsExtended()
    {
        var text = Samples.Make("TOKEN=ghp_{b62*36}\n", new Random(1));

        Assert.Empty(Scan("[[rules]]\nid = \"x\"\nregex = '''nothing'''\n", text));
        Assert.Single(Scan("[extend]\nuseDefault = true\n", text));
        Assert.Empty(Scan("[extend]\nuseDefault = true\ndisabledRules = [\"github-pat\", \"generic-secret\"]\n", text));
    }

    [Fact]
    public void AnExtendedFileIsReadAndOverridden()
    {
        const string Base = """
            [[rules]]
            id = "a"
            regex = '''aaa([0-9]+)'''
            [[rules]]
            id = "b"
            regex = '''bbb([0-9]+)'''
            """;
        var config = GitleaksConfig.Read(
            """
            [extend]
            path = "base.toml"
            disabledRules = ["b"]
            [[rules]]
            id = "a"
            regex = '''AAA([0-9]+)'''
            """,
            "own.toml", path => path == "base.toml" ? Base : null);

        Assert.Null(config.Problem);
        Assert.Equal(["a"], Find(config, "aaa1234 AAA5678 bbb1234\n").Select(f => f.Rule.Id));
    }

    [Theory]
    [InlineData("[[rules]\n", "c.toml:1: this is not TOML")]
    [InlineData("[[rules]]\nregex = '''a'''\n", "c.toml:1: a rule has no id")]
    [InlineData("[[rules]]\nid = 1\n", "c.toml:1: id is no text")]
    [InlineData("[extend]\npath = \"gone\"\n", "c.toml: extend.path names gone, which cannot be read")]
    public void AMistakeIsNamedWithItsLine(string text, string problem) =>
        Assert.Equal(problem, GitleaksConfig.Read(text, "c.toml", _ => null).Problem);

    [Fact]
    public void AWrongExpressionIsNamed() => Assert.StartsWith(
        "c.toml:1: the expression of the rule x is wrong:",
        GitleaksConfig.Read("[[rules]]\nid = \"x\"\nregex = '''('''\n", "c.toml", _ => null).Problem,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(@"^[[:alnum:]_]+$", "ab_1", true)]
    [InlineData(@"[^[:space:]]{3}", "a c", false)]
    [InlineData(@"(?P<x>a)\x{62}\pL", "abc", true)]
    [InlineData(@"end$", "the end\n", false)]
    [InlineData(@"(?m)end$", "the end\n", true)]
    [InlineData(@"[]a]+", "]", true)]
    public void ExpressionsAreReadAsGoReadsThem(string pattern, string text, bool matches)
    {
        var regex = GoRegex.Compile(pattern, out var problem);

        Assert.Null(problem);
        Assert.Equal(matches, regex!.IsMatch(text));
    }

    private static List<Finding> Scan(string configuration, string text)
    {
        var config = GitleaksConfig.Read(configuration, "c.toml", _ => null);
        Assert.Null(config.Problem);
        return Find(config, text);
    }

    private static List<Finding> Find(GitleaksConfig config, string text)
    {
        var findings = new List<Finding>();
        new Scanner(new ScanSettings { Gitleaks = config }).Scan(
            Encoding.UTF8.GetBytes(text), new PieceInfo { Path = "src/app.txt" }, findings);
        return findings;
    }
}
