using static Kist.Agent.Tests.Templates.Rendering;

namespace Kist.Agent.Tests.Templates;

/// <summary>The functions: what consul-template's do.</summary>
public sealed class FunctionTests
{
    [Theory]
    [InlineData("{{ base64Encode \"hello\" }} {{ base64Decode \"aGVsbG8=\" }}", "aGVsbG8= hello")]
    [InlineData("{{ base64URLEncode \"??>\" }} {{ base64URLDecode \"Pz8-\" }}", "Pz8- ??>")]
    [InlineData("{{ sha256Hex \"\" }}", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(
        "{{ \"Jefe\" | hmacSHA256Hex \"what do ya want for nothing?\" }}",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    [InlineData("{{ md5sum \"\" }}", "d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("{{ toLower \"AB\" }}{{ toUpper \"ab\" }}{{ toTitle \"the end\" }}", "abABThe End")]
    [InlineData(
        "[{{ trimSpace \" a \" }}{{ \"xxbxx\" | trim \"x\" }}{{ \"ab\" | trimPrefix \"a\" }}{{ \"ab\" | "
        + "trimSuffix \"b\" }}]",
        "[abba]")]
    [InlineData("{{ \"a.b.c\" | replaceAll \".\" \"_\" }} {{ \"a,b\" | split \",\" | join \"-\" }}", "a_b_c a-b")]
    [InlineData("{{ range $k, $v := (\"a:1,b:2\" | splitToMap \",\" \":\") }}{{ $k }}{{ $v }}{{ end }}", "a1b2")]
    [InlineData("{{ \"a\\n\\nb\" | indent 2 }}", "  a\n\n  b")]
    [InlineData(
        "{{ \"foo.bar\" | regexMatch \"foo([.a-z]+)\" }} {{ \"foo.bar\" | regexReplaceAll \"foo([.a-z]+)\" "
        + "\"$1\" }}",
        "true .bar")]
    [InlineData(
        "{{ env \"HOME\" }}{{ env \"NONE\" }}{{ envOrDefault \"NONE\" \"d\" }}{{ mustEnv \"HOME\" }}",
        "/home/appd/home/app")]
    [InlineData("{{ file \"motd\" }}", "hello\n")]
    [InlineData(
        "{{ parseInt \"42\" }}{{ parseUint \"7\" }} {{ parseFloat \"1.5\" }} {{ parseBool \"true\" }}",
        "427 1.5 true")]
    [InlineData("{{ with parseJSON `{\"a\":{\"b\":[1,\"x\"]}}` }}{{ index .a.b 0 }}{{ index .a.b 1 }}{{ end }}", "1x")]
    [InlineData("{{ with parseYAML \"a:\\n  b: [1, x, true]\" }}{{ .a.b }}{{ end }}", "[1 x true]")]
    [InlineData("{{ parseYAML \"---\\n- 1 # one\\n- a: x\\n---\\nb: 2\" | toJSON }}", "[1,{\"a\":\"x\"}]")]
    [InlineData(
        "{{ parseYAML \"a: &x |\\n  l1\\n  l2\\nb: *x\" | toJSON }}",
        "{\"a\":\"l1\\nl2\\n\",\"b\":\"l1\\nl2\\n\"}")]
    [InlineData(
        "{{ with secret \"prod/data/db\" }}{{ .Data.data | toJSON }}{{ end }}",
        """{"empty":"","nested":{"x":"1","y":true},"password":"s\u003c\u0026\u003e3","port":5432"""
        + ""","tags":["a","b"],"url":"postgres://db","user":"app"}""")]
    [InlineData("{{ with secret \"prod/data/db\" }}{{ .Data.data.password | toUnescapedJSON }}{{ end }}", "\"s<&>3\"")]
    [InlineData(
        "{{ with secret \"old/api\" }}{{ .Data | toJSONPretty }}{{ end }}",
        "{\n  \"b64\": \"aGVsbG8=\",\n  \"key\": \"k-1\"\n}")]
    [InlineData(
        "{{ with secret \"prod/data/db\" }}{{ .Data.data | toYAML }}{{ end }}",
        "empty: \"\"\nnested:\n  x: \"1\"\n  \"y\": true\npassword: \"s<&>3\"\nport: 5432\ntags:\n  - a\n  - "
        + "b\nurl: \"postgres://db\"\nuser: app")]
    [InlineData("{{ with secret \"prod/data/db\" }}{{ .Data.data.nested | toTOML }}{{ end }}", "x = \"1\"\ny = true")]
    [InlineData(
        "{{ contains \"b\" (\"a,b\" | split \",\") }} {{ in \"abc\" \"b\" }} {{ containsAll (loop 2) (loop 3) "
        + "}} {{ containsNone (loop 2) (loop 5 9) }}",
        "true true true true")]
    [InlineData("{{ with explodeMap (parseJSON `{\"a/b\":\"1\",\"c\":\"2\"}`) }}{{ .a.b }}{{ .c }}{{ end }}", "12")]
    [InlineData("{{ parseJSON `{\"a\":\"1\"}` | mergeMap (parseJSON `{\"a\":\"2\",\"b\":\"3\"}`) }}", "map[a:1 b:3]")]
    [InlineData("{{ parseJSON `{\"a\":\"1\"}` | mergeMapWithOverride (parseJSON `{\"a\":\"2\"}`) }}", "map[a:2]")]
    [InlineData(
        "{{ \"\" | sprig_default \"d\" }}{{ sprig_quote \"a\" }}{{ \"a\\nb\" | sprig_nindent 2 }}",
        "d\"a\"\n  a\n  b")]
    [InlineData("{{ parseJSON `{\"big\":12345678,\"small\":0.5}` | toJSON }}", "{\"big\":12345678,\"small\":0.5}")]
    public void Do_what_consul_template_does(string source, string expected) => Assert.Equal(expected, Render(source));

    [Theory]
    [InlineData("base64Decode")]
    [InlineData("parseJSON")]
    [InlineData("parseFloat")]
    [InlineData("parseBool")]
    public void A_value_that_does_not_fit_is_not_repeated(string function)
    {
        var said = Render($"{{{{ {function} \"!hunter2{{\" }}}}");
        Assert.StartsWith("line 1: ", said);
        Assert.DoesNotContain("hunter2", said);
    }

    [Fact]
    public void A_time_has_go_s_layouts()
    {
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", Render("{{ timestamp }}"));
        Assert.Matches(
            @"^\d{4}/\d\d/\d\d [A-Z][a-z]{2} at \d\d:\d\d$", Render("{{ timestamp \"2006/01/02 Jan at 15:04\" }}"));
        Assert.Matches(@"^\d{10}$", Render("{{ timestamp \"unix\" }}"));
    }
}
