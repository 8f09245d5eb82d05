using Microsoft.CodeAnalysis;
using Xunit;

namespace Kist.Analyzers.Tests;

public sealed class RuleTests
{
    public static TheoryData<string> Leaks() => [.. Corpus.Lines("leaks.txt")];

    public static TheoryData<string> Clean() => [.. Corpus.Lines("clean.txt")];

    [Theory]
    [MemberData(nameof(Leaks))]
    public async Task EachLeakIsFlaggedByItsRulesAndNoOther(string line) => Assert.Equal(
        line.Split(' ')[0].Split(','), (await Corpus.Leaks)[line].Select(d => d.Id).Distinct().Order());

    [Theory]
    [MemberData(nameof(Clean))]
    public async Task NothingCleanIsFlagged(string line) => Assert.Empty((await Corpus.Clean)[line]);

    [Fact]
    public void TheCorpusHasSixtyOfEach()
    {
        Assert.InRange(Corpus.Lines("leaks.txt").Count(), 60, int.MaxValue);
        Assert.InRange(Corpus.Lines("clean.txt").Count(), 60, int.MaxValue);
        Assert.Equal(7, Corpus.Lines("leaks.txt").Select(l => l[..7]).Distinct().Count());
    }

    [Fact]
    public async Task NoMessageHoldsTheValue()
    {
        foreach (var found in (await Corpus.Leaks).SelectMany(f => f).Where(d => d.Id == "KIST004"))
        {
            var (text, span) = (found.Location.SourceTree!.ToString(), found.Location.SourceSpan);
            Assert.DoesNotContain(text[span.Start..span.End].Trim('$', '"'), found.GetMessage());
        }
    }

    [Theory]
    [InlineData("KIST001")]
    [InlineData("KIST002")]
    [InlineData("KIST003")]
    [InlineData("KIST004")]
    [InlineData("KIST005")]
    [InlineData("KIST006")]
    [InlineData("KIST007")]
    public void EachRuleHasAPage(string id)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Kist.slnx"))) folder = folder.Parent;
        var page = File.ReadAllText(Path.Combine(folder.FullName, "docs", "rules", id + ".md"));
        foreach (var part in new[] { "## What it flags", "## Why", "## What to do" }) Assert.Contains(part, page);
    }
}
