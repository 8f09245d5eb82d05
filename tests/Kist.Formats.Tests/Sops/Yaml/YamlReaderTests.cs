using System.Text;
using Kist.Formats.Sops;

namespace Kist.Formats.Tests.Sops.Yaml;

/// <summary>What YAML means, by the rules of go-yaml v3: the tree shown as JSON, and what is said of what is no
/// YAML.</summary>
public sealed class YamlReaderTests
{
    private static string Json(string yaml)
    {
        var outcome = SopsTree.Load(Encoding.UTF8.GetBytes(yaml), SopsFormat.Yaml, "file");
        Assert.True(outcome.Try(out var tree, out var fault), fault?.ToString());
        using (tree)
            return Encoding.UTF8.GetString(tree.Write(SopsFormat.Json, new SopsStyle(JsonIndent: 0)).Bytes())
                .Replace("\n", "").Replace("\": ", "\":");
    }

    private static SopsFault Fault(string yaml)
    {
        var outcome = SopsTree.Load(Encoding.UTF8.GetBytes(yaml), SopsFormat.Yaml, "file");
        Assert.False(outcome.Try(out _, out var fault), "it was read");
        return fault;
    }

    [Theory]
    [InlineData("x *y: v", """{"x *y":"v"}""")]
    [InlineData("a:\n  c,#y *=.!: v", """{"a":{"c,#y *=.!":"v"}}""")]
    [InlineData("a: x *y", """{"a":"x *y"}""")]
    [InlineData("a: x !z |w %u @t `s", """{"a":"x !z |w %u @t `s"}""")]
    [InlineData("a &b *c >d: !e", """{"a \u0026b *c \u003ed":""}""")]
    [InlineData("a: b#c", """{"a":"b#c"}""")]
    [InlineData("a#b: c", """{"a#b":"c"}""")]
    [InlineData("a:b: c", """{"a:b":"c"}""")]
    [InlineData("::: c", """{"::":"c"}""")]
    [InlineData("a: http://x:80/?q=1,2", """{"a":"http://x:80/?q=1,2"}""")]
    [InlineData("a: -b", """{"a":"-b"}""")]
    [InlineData("a: ?b", """{"a":"?b"}""")]
    [InlineData("a: :b", """{"a":":b"}""")]
    [InlineData("-a: b", """{"-a":"b"}""")]
    [InlineData("?a: b", """{"?a":"b"}""")]
    [InlineData("a: x'y\"z", """{"a":"x'y\"z"}""")]
    [InlineData("a: [x'y, z\"w]", """{"a":["x'y","z\"w"]}""")]
    [InlineData("a: b, [c] {d}", """{"a":"b, [c] {d}"}""")]
    [InlineData("a b   :   c   d   ", """{"a b":"c   d"}""")]
    [InlineData("a: b\t\tc\t", """{"a":"b\t\tc"}""")]
    [InlineData("a:\tb", """{"a":"b"}""")]
    [InlineData("a: b\n  c\n\n  d", """{"a":"b c\nd"}""")]
    [InlineData("a: b\n  - c", """{"a":"b - c"}""")]
    [InlineData("a: b\r\n  c\r\nd: e\r\n", """{"a":"b c","d":"e"}""")]
    [InlineData("a: b\u2028  c", """{"a":"b\u2028c"}""")]
    [InlineData("a: b\u0085  c", """{"a":"b c"}""")]
    [InlineData("a: \u00a0b\u00a0", "{\"a\":\"\u00a0b\u00a0\"}")]
    [InlineData("\ufeffa: b", """{"a":"b"}""")]
    [InlineData("\u00e4\u00f6: \u00fc", """{"äö":"ü"}""")]
    [InlineData("a: {b:c, d: e}", """{"a":{"b:c":null,"d":"e"}}""")]
    [InlineData("a: {\"b\":c}", """{"a":{"b":"c"}}""")]
    [InlineData("a: [b: c, d]", """{"a":[{"b":"c"},"d"]}""")]
    [InlineData("a: [b\n  c,\n  d]", """{"a":["b c","d"]}""")]
    [InlineData("a: [b?c, d ?e]", """{"a":["b?c","d ?e"]}""")]
    [InlineData("a: {b, c: , d}", """{"a":{"b":null,"c":null,"d":null}}""")]
    [InlineData("a: [b,]", """{"a":["b"]}""")]
    [InlineData("a: []\nb: {}", """{"a":[],"b":{}}""")]
    [InlineData("a:\n- b\n-\n- - c\n  - d: e\n    f:\nh:", """{"a":["b",null,["c",{"d":"e","f":null}]],"h":null}""")]
    [InlineData("? a\n: b\n? c", """{"a":"b","c":null}""")]
    [InlineData("? |\n  a\n: - b", """{"a\n":["b"]}""")]
    [InlineData("a: ~\nb: null\nc: 'null'\nd: 0x1F\ne: ! 12", """{"a":null,"b":null,"c":"null","d":31,"e":12}""")]
    public void Plain_texts_and_what_they_are_in(string yaml, string json) => Assert.Equal(json, Json(yaml));

    [Theory]
    [InlineData("'it''s'", "it's")]
    [InlineData("'a\n  b\n\n  c '", "a b\nc ")]
    [InlineData("'\\n'", "\\n")]
    [InlineData("\"a\\tb\\x41\\u00e9\\U0001F510\\e\\0\\/\\_\"", "a\tbAé\ud83d\udd10\u001b\0/\u00a0")]
    [InlineData("\"a\\\n    b\"", "ab")]
    [InlineData("\"a \\\n   \\ b\"", "a  b")]
    [InlineData("\"a  \n   b\"", "a b")]
    [InlineData("\"a\n\n\n b\"", "a\n\nb")]
    [InlineData("\"# : - [\"", "# : - [")]
    [InlineData("|\n  b\n   c\n\n  d\n", "b\n c\n\nd\n")]
    [InlineData("|-\n  b\n\n", "b")]
    [InlineData("|+\n  b\n\n", "b\n\n")]
    [InlineData("|2\n    b\n   c\n", "  b\n c\n")]
    [InlineData("|1-\n   b\n", "  b")]
    [InlineData("|-2\n   b\n", " b")]
    [InlineData("| # comment\n  b # none\n", "b # none\n")]
    [InlineData("|\n\n\n  b\n", "\n\nb\n")]
    [InlineData("|\n  b", "b")]
    [InlineData("|\n", "")]
    [InlineData("|\n\tb", null)]
    [InlineData(">\n  b\n  c\n\n  d\n", "b c\nd\n")]
    [InlineData(">\n  b\n   c\n  d\n", "b\n c\nd\n")]
    [InlineData(">-\n\n  b\n\n\n  c\n", "\nb\n\nc")]
    [InlineData(">+\n  b\n\n", "b\n\n")]
    [InlineData("|\r\n  b\r\n  c\r\n", "b\nc\n")]
    public void Quotes_and_blocks(string yaml, string? text)
    {
        var outcome = SopsTree.Load(Encoding.UTF8.GetBytes("a: " + yaml), SopsFormat.Yaml, "file");
        Assert.Equal(text is null, outcome.Value is null);
        if (text is null) return;
        Assert.Equal(text, Encoding.UTF8.GetString(outcome.Value!.Documents[0].Branch[^1].Value.Bytes.Span));
    }

    [Theory]
    [InlineData("a: &x {b: c}\nd: *x", """{"a":{"b":"c"},"d":{"b":"c"}}""")]
    [InlineData("&x a: b\n*x : c", null)]
    [InlineData("a: &x b\n*x : c", """{"a":"b","b":"c"}""")]
    [InlineData("a: !!str 1\nb: !!int \"2\"\nc: !x 3", """{"a":"1","b":2,"c":"3"}""")]
    [InlineData("%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 1", """{"a":"1"}""")]
    [InlineData("%YAML 1.2\n---\na: b", """{"a":"b"}""")]
    [InlineData("a: !<tag:yaml.org,2002:str> 1", """{"a":"1"}""")]
    [InlineData("--- \na: b\n...\n", """{"a":"b"}""")]
    public void Anchors_tags_and_directives(string yaml, string? json)
    {
        if (json is null) Assert.Contains("stands twice", Fault(yaml).Message);
        else Assert.Equal(json, Json(yaml));
    }

    [Fact]
    public void Documents_are_told_apart()
    {
        using var tree = SopsTree.Load("a: 1\n---\nb: 2\n...\n---\n# c\nd: 3\n"u8, SopsFormat.Yaml, "file").Value!;
        Assert.Equal(["a", "b", "", "d"], tree.Documents.SelectMany(d => d.Branch).Select(i => i.Key));
    }

    [Theory]
    [InlineData("a: b: c", "file:1:5: a value was already given for the key a; if the text contains ': ' put it")]
    [InlineData("x:\n  a: b\n  c: d\n    e: f", "file:4:6: [\"x\"]: a value was already given for the key c")]
    [InlineData("a: b\nc\nd: e", "file:2:1: a key with ': ' behind it must stand here (after the key a)")]
    [InlineData("a: - b", "file:1:4: an item of a list ('- ') cannot begin here")]
    [InlineData("a: [b, c", "file:1:9: [\"a\"]: the list in brackets that begins in line 1 is not closed: ] is")]
    [InlineData("a: [b}", "file:1:6: [\"a\"]: a comma or ] must stand here")]
    [InlineData("a: {b: c: d}", "file:1:9: [\"a\"]: a comma or } must stand here")]
    [InlineData("a: 'b", "file:1:4: a text in quotes is not closed")]
    [InlineData("a: 'b' c", "the whole of a text stands in one pair of quotes")]
    [InlineData("a: \"\\q\"", "file:1:5: there is an escape that YAML does not know")]
    [InlineData("a: \"\\ud800\"", "file:1:5: behind \\u must stand 4 hexadecimal digits of a letter")]
    [InlineData("a: @b", "file:1:4: a text cannot begin with @; put it in quotes")]
    [InlineData("a: %b", "a text cannot begin with %")]
    [InlineData("a:\n\tb: c", "file:2:1: a tab cannot indent; use blanks")]
    [InlineData("a: *b", "file:1:4: the anchor b is not there")]
    [InlineData("a: &b [*b]", "the anchor b contains itself")]
    [InlineData("a: *b.c", "behind * stands the name of an anchor")]
    [InlineData("a: !!x!y z\nb: !u!v w", "no %TAG says what !u! is short for")]
    [InlineData("a: 1\na: 2", "file:2:1: the key a stands twice in the same map")]
    [InlineData("x:\n  - y:\n      a: 1\n      a: 2", "file:4:7: [\"x\"][0][\"y\"]: the key a stands twice")]
    [InlineData("a: 1\n b: 2\n", "a value was already given for the key a")]
    [InlineData("  a: 1\n b: 2\n", "file:2:2: the document ended before this line")]
    [InlineData("a:\n    b: 1\n  c: 2\n",
        "file:3:3: a key of the map that begins in line 1 must stand here; the indentation")]
    [InlineData("a: |x\n  b", "behind | or > may stand")]
    [InlineData("%FOO\n---\na: b", "YAML knows the directives")]
    [InlineData("%YAML 2.0\n---\na: b", "this version of YAML is unknown")]
    [InlineData("a: 1\n...\nb: 2\n", "the document ended before this line")]
    [InlineData("a: \u0001", "there is a control character")]
    [InlineData("a: b\nc: \"d\n---\n", "file:2:4: a text in quotes is not closed before the document ends")]
    [InlineData("- a", "a YAML document must be a map at the top")]
    [InlineData(": a", "found a colon")]
    [InlineData("a: !!binary '?'", "a value of !!binary is not base64")]
    public void What_is_wrong_is_said_with_its_place(string yaml, string message)
    {
        var fault = Fault(yaml);
        var key = fault.Key is null ? "" : fault.Key + ": ";
        Assert.Contains(message, $"file:{fault.Line}:{fault.Column}: {key}{fault.Message}");
        Assert.StartsWith($"file:{fault.Line}: {key}{fault.Message}", fault.ToString());
        Assert.Equal(SopsExit.Read, fault.Exit);
    }

    [Fact]
    public void No_message_holds_a_value()
    {
        foreach (var yaml in (string[])["k: hunter2: x", "k: 'hunter2' hunter2", "k: \"hunter2",
            "k: hunter2\nhunter2\nb: c", "k: |\n  hunter2\n hunter2", "k: \"hunter2\\q\"", "k: *hunter2.", "- hunter2"])
            Assert.DoesNotContain("hunter2", Fault(yaml).ToString());
    }

    [Theory]
    [InlineData(1024, true)]
    [InlineData(1025, false)]
    public void A_key_has_at_most_1024_letters(int letters, bool good)
    {
        foreach (var letter in (string[])["x", "\u00e9", "\u20ac"])
        {
            var yaml = string.Concat(Enumerable.Repeat(letter, letters)) + ": v";
            Assert.Equal(good, SopsTree.Load(Encoding.UTF8.GetBytes(yaml), SopsFormat.Yaml, "file").Value is not null);
        }
    }

    [Fact]
    public void UTF_16_is_read()
    {
        foreach (var encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes("\u00e4: \ud83d\udd10")];
            using var tree = SopsTree.Load(bytes, SopsFormat.Yaml, "file").Value!;
            Assert.Equal("\ud83d\udd10", Encoding.UTF8.GetString(tree.Documents[0].Branch[0].Value.Bytes.Span));
            Assert.NotNull(SopsTree.Load(bytes.AsSpan(0, bytes.Length - 1), SopsFormat.Yaml, "file").Fault);
        }
    }

    /// <summary>What would take a minute if anything in it were not linear.</summary>
    [Fact]
    public void Long_texts_of_every_kind_are_no_trouble()
    {
        const int count = 200_000;
        string[] texts =
        [
            "a: [" + string.Concat(Enumerable.Repeat("x, ", count)) + "]",
            "a: {" + string.Concat(Enumerable.Range(0, count).Select(i => $"k{i}: v, ")) + "}",
            "a: \"" + string.Concat(Enumerable.Repeat("\\n\n ", count)) + "\"",
            "a: " + string.Concat(Enumerable.Repeat("x\n  ", count)),
            "a: |\n" + string.Concat(Enumerable.Repeat("  x\n\n", count)),
            "a: 1\n" + string.Concat(Enumerable.Repeat("# c\n", count)),
            "a:\n" + string.Concat(Enumerable.Repeat("- # c\n  - b\n", count)),
            string.Concat(Enumerable.Repeat("---\na: 1\n", count)),
            "a: " + string.Concat(Enumerable.Repeat("[\n", 900)) + string.Concat(Enumerable.Repeat("x, ", count))
                + string.Concat(Enumerable.Repeat("]\n", 900)),
            "a: '" + new string(' ', count) + "x" + new string('\n', count) + "'",
        ];
        foreach (var text in texts)
        {
            var outcome = SopsTree.Load(Encoding.UTF8.GetBytes(text), SopsFormat.Yaml, "file");
            Assert.True(outcome.Try(out var tree, out var fault), fault?.ToString());
            tree.Dispose();
        }
        var refused = string.Concat(Enumerable.Repeat("[", count));
        Assert.Contains("too deep", Fault("a: " + refused).Message);
        Assert.Contains("too deep", Fault("a: " + refused.Replace("[", "[\n")).Message);
        Assert.Contains("too deep", Fault(refused.Replace("[", "- ")).Message.Replace("a YAML document must be a map "
            + "at the top, not a list or a single value", "too deep"));
        Assert.Contains("too deep", Fault("? " + refused.Replace("[", "? ")).Message);
    }
}
