using Xunit;

namespace Kist.Native.Tests.Guide;

public sealed class OutputPatternTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("one", "one\n")]
    [InlineData("one", "one")]
    [InlineData("one|two", "one\ntwo  \n\n")]
    [InlineData("token  …", "token  kst.a.b\n")]
    [InlineData("a … c", "a b c\n")]
    [InlineData("…|last", "1\n2\nlast\n")]
    [InlineData("…|last", "last\n")]
    [InlineData("first|…", "first\n")]
    [InlineData("saved 2026-11-24 00:19:04 UTC, 3", "saved 2031-01-02 23:59:58 UTC, 3\n")]
    public void What_a_document_shows_is_recognised(string expected, string output) =>
        Assert.True(OutputPattern.Matches(Lines(expected), output));

    [Theory]
    [InlineData("", "something\n")]
    [InlineData("one", "")]
    [InlineData("one", "one\ntwo\n")]
    [InlineData("one", "One\n")]
    [InlineData("a.c", "abc\n")]
    [InlineData("a … c", "a b\nc\n")]
    [InlineData("…|last", "last\nmore\n")]
    [InlineData("saved 2026-11-24 00:19:04 UTC", "saved yesterday\n")]
    public void Anything_else_is_not(string expected, string output) =>
        Assert.False(OutputPattern.Matches(Lines(expected), output));

    [Fact]
    public void Commands_continue_and_their_output_ends_at_the_next_one()
    {
        var document = GuideDocument.Parse("a.md",
            ["Text", "```console", "$ cat <<END", "> in", "> END", "in", "", "$ true &", "```", "```hcl", "x", "```"]);

        var examples = GuideDocument.Examples(document.Fences[0]);

        Assert.Equal(["console", "hcl"], document.Fences.Select(f => f.Kind));
        Assert.Equal([(3, "cat <<END\nin\nEND", false), (8, "true &", true)],
            examples.Select(e => (e.Line, e.Command, e.RunsOn)));
        Assert.Equal(["in"], examples[0].Expected);
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.Split('|');
}
