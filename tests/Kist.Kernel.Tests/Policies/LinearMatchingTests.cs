using System.Text;
using CsCheck;
using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

/// <summary>G08 of the attack list: matching takes steps in proportion to the text, counted and not timed.</summary>
public sealed class LinearMatchingTests
{
    private const int Length = 100_000;

    // Texts in the manner of the classic attacks on backtracking matchers: long runs that nearly match.
    public static TheoryData<string, string> NearMisses => new()
    {
        { new string('a', 500) + "?", new string('a', Length) + "!" },
        { new string('a', 500) + "b", new string('a', Length) },
        { string.Concat(Enumerable.Repeat("ab", 300)) + "c", string.Concat(Enumerable.Repeat("ab", Length / 2)) },
        { "aaaaaaaaaaab", string.Concat(Enumerable.Repeat("aaaaaaaaaaac", Length / 12)) },
        { string.Concat(Enumerable.Repeat("aab", 200)) + "aaa", string.Concat(Enumerable.Repeat("aab", Length / 3)) },
        { "(a+)+$", new string('a', Length) + "(a+)+" },
        { "(a|aa)+", new string('a', Length) },
        { "(.*a){20}", new string('a', Length) },
        { "a*b*c*d", string.Concat(Enumerable.Repeat("a*b*c*", Length / 6)) },
        { new string('x', Length + 1), new string('x', Length) },
    };

    [Theory]
    [MemberData(nameof(NearMisses))]
    public void FindingTextTakesAtMostTwoStepsPerByte(string pattern, string text)
    {
        var glob = new ValueGlob($"*{pattern}*");
        Assert.False(glob.Contains(Encoding.UTF8.GetBytes(text), out var steps));
        Assert.True(steps <= 2 * text.Length, $"{steps} steps for {text.Length} bytes");
        Assert.True(glob.Contains(Encoding.UTF8.GetBytes(text + pattern), out _));
    }

    [Fact]
    public void FindingTextAgreesWithThePlatform()
    {
        Check.Sample(
            Gen.Select(Gen.String[Gen.Char["ab"], 0, 5], Gen.String[Gen.Char["ab"], 0, 20]),
            (pattern, text) => Assert.Equal(
                text.Contains(pattern, StringComparison.Ordinal),
                new ValueGlob($"*{pattern}*").Matches(Encoding.UTF8.GetBytes(text))),
            iter: 20_000);
    }

    // Only the one star at the end is special, so a path of stars has nothing to backtrack over.
    [Fact]
    public void AStarInsideAPathIsAnOrdinaryCharacter()
    {
        var stars = string.Concat(Enumerable.Repeat("a*", 1_000));
        var pattern = PathPattern.Parse(stars)!;
        Assert.True(pattern.IsGlob);
        Assert.True(pattern.Matches(stars + "rest"));
        Assert.False(pattern.Matches(new string('a', Length)));
    }

    // Each segment of a pattern is compared with one segment of the path: no choice, hence nothing to try again.
    [Fact]
    public void SegmentWildcardsMatchManySegmentsInOnePass()
    {
        var pattern = PathPattern.Parse(string.Concat(Enumerable.Repeat("+/", 5_000)) + "end*")!;
        var path = string.Concat(Enumerable.Repeat("a/", 5_000));
        Assert.True(pattern.Matches(path + "ending"));
        Assert.False(pattern.Matches(path + "en"));
        Assert.False(pattern.Matches(path));
        Assert.False(pattern.Matches("a/" + path + "end"));
    }
}
