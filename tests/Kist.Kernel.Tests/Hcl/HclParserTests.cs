using Kist.Kernel.Hcl;
using Xunit;

namespace Kist.Kernel.Tests.Hcl;

public sealed class HclParserTests
{
    private static HclObject Parse(string text)
    {
        Assert.True(HclDocument.TryParse(text, HclLimits.Default, out var root, out var error), error?.ToString());
        return root;
    }

    private static HclError Refuse(string text, HclLimits? limits = null)
    {
        Assert.False(HclDocument.TryParse(text, limits ?? HclLimits.Default, out _, out var error));
        return error;
    }

    private static string Text(HclValue? value) => Assert.IsType<HclString>(value).Value;

    [Fact]
    public void AConfigurationFileIsReadWithItsBlocksAndLabels()
    {
        var root = Parse("""
            # a comment
            ui = true // another
            storage "sqlite" { path = "x" }
            /* and
               a third */
            listener "tcp" {
              address     = "127.0.0.1:8200",
              tls_disable = 1
            }
            listener "unix" {}
            max-size.total = -1.5e3
            """);
        Assert.True(Assert.IsType<HclBool>(root.Find("ui")).Value);
        var storage = Assert.Single(root.Blocks("storage", 1));
        Assert.Equal("sqlite", Assert.Single(storage.Labels));
        Assert.Equal("x", Text(storage.Body!.Find("path")));
        Assert.Equal(new HclPosition(3, 1), storage.Position with { Column = 1 });
        Assert.Equal(["tcp", "unix"], root.Blocks("listener", 1).Select(block => block.Labels[0]));
        var listener = root.Blocks("listener", 1).First().Body!;
        Assert.True(Assert.IsType<HclNumber>(listener.Find("tls_disable")).TryGetInt64(out var one));
        Assert.Equal(1, one);
        Assert.Equal("-1.5e3", Assert.IsType<HclNumber>(root.Find("max-size.total")).Text);
    }

    [Theory]
    [InlineData("""{"storage":{"sqlite":{"path":"x"}}}""")]
    [InlineData("""{"storage":[{"sqlite":[{"path":"x"}]}]}""")]
    [InlineData("""  {"storage":{"sqlite":[{"path":"x"}]}}""")]
    [InlineData("""storage = { sqlite = { path = "x" } }""")]
    [InlineData("""storage { "sqlite" { path = "x" } }""")]
    [InlineData("\uFEFFstorage sqlite { path = \"x\" }")]
    public void TheSameBlockCanBeWrittenInSeveralWays(string text)
    {
        var block = Assert.Single(Parse(text).Blocks("storage", 1));
        Assert.Equal("sqlite", Assert.Single(block.Labels));
        Assert.Equal("x", Text(block.Body!.Find("path")));
    }

    [Fact]
    public void EscapesInStringsAreResolved()
    {
        Assert.Equal("a\n\t\"\\é😀A", Text(Parse("""k = "a\n\t\"\\\u00e9\U0001F600\x41" """).Find("k")));
        Assert.Equal("{{identity.entity.id}}/${x}", Text(Parse("""k = "{{identity.entity.id}}/${x}" """).Find("k")));
    }

    [Fact]
    public void AHeredocKeepsItsLines()
    {
        Assert.Equal("one\n  two\n", Text(Parse("k = <<EOF\none\n  two\nEOF\n").Find("k")));
        Assert.Equal("one\n  two\n", Text(Parse("k = <<-EOF\n  one\n    two\n  EOF").Find("k")));
        Assert.Equal("one\n  two\n", Text(Parse("k = <<-EOF\none\n  two\n  EOF\nj = 1").Find("k")));
    }

    [Fact]
    public void ListsMayNestAndEndInAComma()
    {
        var list = Assert.IsType<HclList>(Parse("k = [1, \"a\", true, [2], { x = 3 },\n]").Find("k"));
        Assert.Equal(5, list.Items.Count);
        Assert.IsType<HclObject>(list.Items[4]);
        Assert.Empty(Assert.IsType<HclList>(Parse("k = []").Find("k")).Items);
    }

    [Theory]
    [InlineData("junk", 1, 5)]
    [InlineData("a = ", 1, 5)]
    [InlineData("a = 1\nb = }", 2, 5)]
    [InlineData("a {", 1, 4)]
    [InlineData("a {\n b = 1\n}}", 3, 2)]
    [InlineData("a b = 1", 1, 5)]
    [InlineData("a = \"x\ny\"", 1, 5)]
    [InlineData("a = \"\\q\"", 1, 6)]
    [InlineData("a = \"\\ud800\"", 1, 6)]
    [InlineData("a = [1 2]", 1, 8)]
    [InlineData("a = 5m", 1, 5)]
    [InlineData("a = 1e999", 1, 5)]
    [InlineData("a = -0x10", 1, 5)]
    [InlineData("a = 0x11112222333344445", 1, 5)]
    [InlineData("a = <<EOF\nx", 1, 5)]
    [InlineData("/* a", 1, 1)]
    [InlineData("a = 1\na = 2", 2, 1)]
    [InlineData("a = 1\na {}", 2, 1)]
    [InlineData("a {}\na = 1", 2, 1)]
    [InlineData("a = \0", 1, 5)]
    [InlineData(", a = 1", 1, 1)]
    [InlineData("{\"a\": 1,\n \"a\": 2}", 2, 2)]
    [InlineData("{\"a\": null}", 1, 7)]
    [InlineData("{\"a\": 1} x", 1, 10)]
    [InlineData("{\"a\": tru}", 1, 10)]
    public void AnErrorNamesItsPlace(string text, int line, int column)
    {
        Assert.Equal(new HclPosition(line, column), Refuse(text).Position);
    }

    [Theory]
    [InlineData("hunter2 = \"hunter2\" hunter2")]
    [InlineData("a = \"hunter2")]
    [InlineData("hunter2 = 1\nhunter2 = 2")]
    [InlineData("{\"hunter2\": hunter2}")]
    [InlineData("{\"hunter2\": 1, \"hunter2\": 2}")]
    [InlineData("a = hunter2")]
    public void AnErrorNeverQuotesTheDocument(string text)
    {
        Assert.DoesNotContain("hunter", Refuse(text).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TheLimitsHoldForTheValueJustOverEach()
    {
        var limits = new HclLimits(MaxBytes: 64, MaxDepth: 4, MaxNodes: 6);
        Assert.True(HclDocument.TryParse("#" + new string('x', 63), limits, out _, out _));
        Assert.Contains("larger", Refuse("#" + new string('x', 64), limits).Message, StringComparison.Ordinal);
        Assert.Contains("larger", Refuse("#" + new string('é', 32), limits).Message, StringComparison.Ordinal);
        Assert.True(HclDocument.TryParse("a = [[[1]]]", limits, out _, out _));
        Assert.Contains("deeper", Refuse("a = [[[[1]]]]", limits).Message, StringComparison.Ordinal);
        Assert.Contains("deeper", Refuse("a b c d e {}", limits).Message, StringComparison.Ordinal);
        Assert.Contains("deeper", Refuse("{\"a\":[[[[1]]]]}", limits).Message, StringComparison.Ordinal);
        Assert.True(HclDocument.TryParse("a = [1, 2, 3, 4]", limits, out _, out _));
        Assert.Contains("more than", Refuse("a = [1, 2, 3, 4, 5]", limits).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DeepNestingIsRefusedWithoutExhaustingTheStack()
    {
        foreach (var open in new[] { "[", "{ a = ", "a ", "{\"a\":", "[{\"a\":" })
        {
            var text = (open.Contains('"') ? "{\"k\":" : "k = ") + string.Concat(Enumerable.Repeat(open, 100_000));
            Refuse(text, HclLimits.Default);
        }
    }

    [Fact]
    public void AStringDoesNotPrintItself()
    {
        var root = Parse("storage postgresql { connection_url = \"hunter2\" }");
        var block = Assert.Single(root.Blocks("storage", 1));
        Assert.DoesNotContain("hunter2", $"{root} {block} {block.Body!.Members[0]}", StringComparison.Ordinal);
    }

    [Fact]
    public void TextThatIsNotUnicodeIsRefused()
    {
        Refuse("a = \"\ud800\"");
        Refuse("{\"a\": \"\\ud800\"}");
    }
}
