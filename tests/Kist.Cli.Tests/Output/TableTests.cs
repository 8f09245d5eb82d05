using System.Text;
using System.Text.Json;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli.Tests.Output;

public sealed class TableTests
{
    [Fact]
    public void Columns_are_as_wide_as_their_longest_cell_in_characters()
    {
        using var table = new Table("A", "LONG", "C");
        table.Cell("ä").Cell("x").Cell("1").Cell("bbb").Cell("yyyyyy").Cell("2");
        Assert.Equal("A    LONG    C\nä    x       1\nbbb  yyyyyy  2\n", Text(table));
    }

    [Theory]
    [InlineData("日本")]
    [InlineData("🔑🔑")]
    [InlineData("abcd")]
    [InlineData("a\u0308bcd")]
    public void Columns_are_as_wide_as_terminals_show_them(string name)
    {
        using var table = new Table("K", "V");
        table.Cell(name).Cell("1");
        Assert.Equal($"K     V\n{name}  1\n", Text(table));
    }

    [Fact]
    public void A_value_cannot_drive_the_terminal()
    {
        using var table = new Table("K", "V");
        table.Cell("k").Cell("\e]0;title\a\u007f\r");
        Assert.Equal("K  V\nk  \\x1b]0;title\\x07\\x7f\\x0d\n", Text(table));
    }

    [Fact]
    public void A_value_cannot_drive_the_terminal_with_C1_controls()
    {
        using var table = new Table("K", "V");
        table.Cell("k").Cell("a\u009b31mb");
        Assert.Equal("K  V\nk  a\\u009b31mb\n", Text(table));
    }

    [Fact]
    public void Lines_of_a_cell_stay_in_its_column()
    {
        using var table = new Table("K", "V", "W");
        table.Cell("k").Cell("one\ntwo\n").Cell("w");
        Assert.Equal("K  V    W\nk  one  w\n   two  \n", Text(table));
    }

    [Theory]
    [InlineData("\"a\\nb\"", "a\nb")]
    [InlineData("[\"a\",\"b\"]", "a, b")]
    [InlineData("[1,\"b\"]", "[1,\"b\"]")]
    [InlineData("null", "")]
    [InlineData("{\"a\":1}", "{\"a\":1}")]
    [InlineData("true", "true")]
    [InlineData("12345678901234567890.10", "12345678901234567890.10")]
    public void JSON_values_are_shown_plainly(string json, string expected)
    {
        using var text = new SecretWriter();
        JsonText.WritePlain(JsonDocument.Parse(json).RootElement, text);
        Assert.Equal(expected, Encoding.UTF8.GetString(text.WrittenSpan));
    }

    [Theory]
    [InlineData(0, "never")]
    [InlineData(59, "59s")]
    [InlineData(60, "1m")]
    [InlineData(3661, "1h 1m")]
    [InlineData(2764800, "32d")]
    public void Durations_have_their_two_largest_units(long seconds, string expected) =>
        Assert.Equal(expected, Times.Duration(seconds));

    private static string Text(Table table)
    {
        using var text = new SecretWriter();
        table.Render(text, colour: false);
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }
}
