using System.Text;
using CsCheck;
using Kist.Formats.Dotenv;
using Kist.Fuzz;
using Kist.Secrets;

namespace Kist.Formats.Tests.Dotenv;

/// <summary>The one dialect of <c>.env</c> files.</summary>
public sealed class DotenvFileTests
{
    [Theory]
    [InlineData("A=1", "1")]
    [InlineData("export A=1", "1")]
    [InlineData("  export \t A = 1  ", "1")]
    [InlineData("A: 1", "1")]
    [InlineData("A=", "")]
    [InlineData("A= # nothing", "")]
    [InlineData("A=#fff", "#fff")]
    [InlineData("A=a#b", "a#b")]
    [InlineData("A=a b  # c", "a b")]
    [InlineData("A=a\t#c", "a")]
    [InlineData("A=a=b==", "a=b==")]
    [InlineData("A=it's", "it's")]
    [InlineData("A=a\\nb", "a\\nb")]
    [InlineData("A=\\$X", "\\$X")]
    [InlineData("A=$X", "$X")]
    [InlineData("A='a\\nb'", "a\\nb")]
    [InlineData("A=' a # b ' # c", " a # b ")]
    [InlineData("A='it\\'s'", "it's")]
    [InlineData("A='C:\\dir\\'", "C:\\dir\\")]
    [InlineData("A='C:\\dir\\' # the folder", "C:\\dir\\")]
    [InlineData("A='a\"b'", "a\"b")]
    [InlineData("A='$X'", "$X")]
    [InlineData("A='a\nb'", "a\nb")]
    [InlineData("A='a\r\nb'\r\n", "a\nb")]
    [InlineData("A=`a'b\"c\\n`", "a'b\"c\\n")]
    [InlineData("A=\"a\\nb\\tc\\\\d\\\"e\\$f\"", "a\nb\tc\\d\"e$f")]
    [InlineData("A=\"C:\\dir\\x\"", "C:\\dir\\x")]
    [InlineData("A=\"a\nb\"", "a\nb")]
    [InlineData("A=\"a\r\nb\\\r\nc\"", "a\nb\\\nc")]
    [InlineData("A=\"a # b\"# c", "a # b")]
    [InlineData("A=\"\"", "")]
    [InlineData("A.b-c_1=x", "x", "A.b-c_1")]
    [InlineData("1A=x", "x", "1A")]
    [InlineData("export=x", "x", "export")]
    [InlineData("\uFEFFA=x", "x")]
    [InlineData("# c\n\n \t\nA=x", "x")]
    [InlineData("A=1\nA=x", "x")]
    [InlineData("A=ä€\u00a0", "ä€\u00a0")]
    public void A_value_is_what_dotenv_tools_read(string text, string value, string name = "A")
    {
        using var file = Parse(text);
        Assert.Equal(value, Text(file.Find(name)!));
        Assert.Single(file.Variables);
    }

    [Theory]
    [InlineData("A=$B-$C", "-outside")]
    [InlineData("B=1\nA=$B", "1")]
    [InlineData("A=$B\nB=1", "")]
    [InlineData("C=inside\nA=${C}", "inside")]
    [InlineData("A=\"<${C}>\"", "<outside>")]
    [InlineData("A='${C}'", "${C}")]
    [InlineData("A=`${C}`", "${C}")]
    [InlineData("A=\\$C", "$C")]
    [InlineData("A=\"\\$C\"", "$C")]
    [InlineData("A=${B:-x y}", "x y")]
    [InlineData("A=${B-${C}!}", "outside!")]
    [InlineData("B=\nA=${B:-x}${B-y}", "x")]
    [InlineData("A=${C:+set}${B:+unset}", "set")]
    [InlineData("A=\"${B:-\\n}\"", "\n")]
    [InlineData("A=$", "$")]
    [InlineData("A=$1 $$", "$1 $$")]
    public void Variables_are_expanded_when_asked_for(string text, string value)
    {
        Assert.True(DotenvFile.TryParse(Encoding.UTF8.GetBytes(text), ".env", out var file, out var fault,
            static name => name == "C" ? "outside" : null), fault?.Message);
        using (file) Assert.Equal(value, Text(file.Find("A")!));
    }

    [Theory]
    [InlineData("A=1\nsesame", ".env, line 2, sesame: there is no = after the name")]
    [InlineData("A=1\n=sesame", ".env, line 2: a line sets a variable")]
    [InlineData("A=1\n\nB='sesame\nC=2\n", ".env, line 3, B: the quote ' is not closed")]
    [InlineData("B=\"sesame", ".env, line 1, B: the quote \" is not closed")]
    [InlineData("B=\"x\ny\" sesame", ".env, line 1, B: more follows after the closing quote")]
    [InlineData("two words=sesame", ".env, line 1: there is no = after the name")]
    [InlineData("http://sesame", ".env, line 1: there is no = after the name")]
    [InlineData("A=a\0b", ".env, line 1, A: the value holds a zero byte")]
    [InlineData("A=${sesame", ".env, line 1, A: a reference is ${NAME}, and has an end")]
    [InlineData("A=${B:?sesame}", ".env, line 1, A: B is not set, and must be")]
    [InlineData("A=${B/sesame}", ".env, line 1, A: ${B…} knows")]
    public void What_cannot_be_read_is_named_by_file_line_and_variable_but_never_by_value(string text, string message)
    {
        Assert.False(DotenvFile.TryParse(Encoding.UTF8.GetBytes(text), ".env", out _, out var fault, static _ => null));
        Assert.StartsWith(message, fault.Message);
        if (!message.Contains("sesame")) Assert.DoesNotContain("sesame", fault.Message);
    }

    [Fact]
    public void Expansion_has_an_end()
    {
        var text = new StringBuilder("A0=0123456789\n");
        for (var i = 1; i < 40; i++) text.Append($"A{i}=$A{i - 1}$A{i - 1}$A{i - 1}\n");
        Assert.False(DotenvFile.TryParse(Encoding.UTF8.GetBytes(text.ToString()), ".env", out _, out var fault,
            static _ => null));
        Assert.Contains("grows beyond 1 MiB", fault.Message);
    }

    [Fact]
    public void Entries_know_their_lines_and_what_was_set_twice()
    {
        using var file = Parse("# c\nA=\"1\n2\"\r\nexport B=x # y\r\nA='3'");
        Assert.Equal([("A", 2), ("B", 4), ("A", 5)], file.Entries.Select(e => (e.Name, e.Line)));
        Assert.Equal([new DotenvDuplicate("A", 5, 2)], file.Duplicates);
        Assert.Equal([false, true, false], file.Entries.Select(e => e.Exported));
        Assert.Equal([DotenvQuote.Double, DotenvQuote.None, DotenvQuote.Single], file.Entries.Select(e => e.Quote));
        Assert.Equal("3", Text(file.Find("A")!));
        Assert.Equal(["B", "A"], file.Variables.Select(e => e.Name));
        Assert.DoesNotContain("3", file.Entries[2].ToString());
    }

    [Fact]
    public void An_entry_knows_where_its_text_lies()
    {
        const string Text = "# c\r\n A=\"1\n2\"  # c\r\nB=x";
        using var file = Parse(Text);
        Assert.Equal([" A=\"1\n2\"  # c", "B=x"], file.Entries.Select(e => Text[e.Text]));
    }

    [Fact]
    public void What_was_written_is_read_again() =>
        Gen.Byte.Array[0, 40].Where(b => !b.Contains((byte)0)).Sample(value =>
    {
        using var text = new SecretWriter();
        Assert.True(DotenvFile.TryWrite("BEFORE", "1"u8, text));
        Assert.True(DotenvFile.TryWrite("NAME", value, text));
        Assert.True(DotenvFile.TryWrite("AFTER", "2"u8, text));
        Assert.True(DotenvFile.TryParse(text.WrittenSpan, "f", out var file, out var fault, static _ => "x"),
            fault?.Message);
        using (file)
        {
            Assert.Equal(value, file.Find("NAME")!.Value.Span.ToArray());
            Assert.Equal(3, file.Entries.Count);
        }
    });

    [Fact]
    public void Quotes_dollars_and_backslashes_survive_writing() =>
        Gen.String[Gen.Char["'\"`\\$#{}= \n\rnab\t:!"], 0, 12].Sample(value =>
        {
            using var text = new SecretWriter();
            DotenvFile.TryWrite("NAME", Encoding.UTF8.GetBytes(value), text);
            Assert.True(DotenvFile.TryParse(text.WrittenSpan, "f", out var file, out _));
            using (file) Assert.Equal(value, Text(file.Find("NAME")!));
        });

    [Theory]
    [InlineData("dotenv")]
    [InlineData("dotenv-expanded")]
    public void Any_text_is_read_or_refused(string target) =>
        Gen.String[Gen.Char["A=B'\"`\\${}:-+?# \n\r\t\0export"], 0, 40].Sample(text =>
            Targets.All[target](Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void A_name_that_is_none_and_a_zero_byte_are_not_written()
    {
        using var text = new SecretWriter();
        Assert.False(DotenvFile.TryWrite("A B", "1"u8, text));
        Assert.False(DotenvFile.TryWrite("A\nB", "1"u8, text));
        Assert.False(DotenvFile.TryWrite("", "1"u8, text));
        Assert.False(DotenvFile.TryWrite("A", "a\0"u8, text));
        Assert.Equal(0, text.WrittenCount);
    }

    private static DotenvFile Parse(string text)
    {
        Assert.True(DotenvFile.TryParse(Encoding.UTF8.GetBytes(text), ".env", out var file, out var fault),
            fault?.Message);
        return file;
    }

    private static string Text(DotenvEntry entry) => Encoding.UTF8.GetString(entry.Value.Span);
}
