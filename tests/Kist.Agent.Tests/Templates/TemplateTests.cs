using Kist.Agent.Templates;
using static Kist.Agent.Tests.Templates.Rendering;

namespace Kist.Agent.Tests.Templates;

/// <summary>The language: what Go's text/template writes for the same source (pkg.go.dev/text/template).</summary>
public sealed class TemplateTests
{
    [Theory]
    [InlineData("plain { text }", "plain { text }")]
    [InlineData("{{ with secret \"prod/data/db\" }}{{ .Data.data.url }}{{ end }}", "postgres://db")]
    [InlineData("{{ (secret \"prod/data/db\").Data.data.user }}", "app")]
    [InlineData("{{ with secret \"none\" }}x{{ else }}nothing{{ end }}", "nothing")]
    [InlineData("{{ with secret \"none\" }}x{{ else with secret \"old/api\" }}{{ .Data.key }}{{ end }}", "k-1")]
    [InlineData(
        "{{ with secret \"prod/data/db\" }}{{ .Data.data.port }} {{ .Data.metadata.version }}{{ end }}",
        "5432 3")]
    [InlineData("{{ with secret \"prod/data/db\" }}{{ .Data.data.gone }}{{ end }}", "<no value>")]
    [InlineData("{{ with $s := secret \"old/api\" }}{{ $s.Data.key }}{{ end }}", "k-1")]
    [InlineData("{{ range $k, $v := (secret \"old/api\").Data }}{{ $k }}={{ $v }};{{ end }}", "b64=aGVsbG8=;key=k-1;")]
    [InlineData("{{ range secrets \"prod/\" }}[{{ . }}]{{ else }}none{{ end }}", "[api][db]")]
    [InlineData("{{ range $i, $v := secrets \"prod\" }}{{ $i }}{{ $v }} {{ end }}", "0api 1db ")]
    [InlineData("{{ range loop 3 }}{{ . }}{{ end }}{{ range 2 }}{{ . }}{{ end }}", "01201")]
    [InlineData(
        "{{ range loop 9 }}{{ if eq . 3 }}{{ break }}{{ end }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ "
        + "end }}",
        "02")]
    [InlineData("a  {{- 1 -}}  b", "a1b")]
    [InlineData("a  {{- /* a comment */ -}}  b{{/* c */}}d", "abd")]
    [InlineData("{{ -1 }} {{- -1 }}", "-1-1")]
    [InlineData("{{ if and true 1 }}y{{ else }}n{{ end }}{{ if or false \"\" }}y{{ else if not 0 }}z{{ end }}", "yz")]
    [InlineData("{{ and 1 0 2 }} {{ or 0 \"a\" 2 }} {{ not 1 }}", "0 a false")]
    [InlineData("{{ if or true (fails) }}{{ end }}", "line 1: there is no function fails")]
    [InlineData("{{ or true (index \"a\" 9) }}", "true")]
    [InlineData("{{ $x := 1 }}{{ $x = 2 }}{{ if true }}{{ $x = 3 }}{{ $y := 4 }}{{ $y }}{{ end }}{{ $x }}", "43")]
    [InlineData(
        "{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" \"a\" }}{{ template \"t\" }}",
        "<a><<no value>>")]
    [InlineData("{{ block \"b\" \"v\" }}{{ . }}!{{ end }}", "v!")]
    [InlineData("{{ define \"t\" }}{{ . | toUpper }}{{ end }}{{ executeTemplate \"t\" \"a\" | base64Encode }}", "QQ==")]
    [InlineData(
        "{{ eq 1 2 1 }} {{ ne \"a\" \"b\" }} {{ lt 1 2 }} {{ ge 2.5 2 }} {{ le \"a\" \"b\" }}",
        "true true true true true")]
    [InlineData("{{ len \"häh\" }} {{ len (loop 4) }} {{ index (loop 5 8) 1 }} {{ slice \"abcd\" 1 3 }}", "4 4 6 bc")]
    [InlineData("{{ print 1 2 \"a\" \"b\" 3 }} {{ println 1 \"a\" }}", "1 2ab3 1 a\n")]
    [InlineData(
        "{{ printf \"%s-%d-%05d|%-4s|%4s|%q %v %t %x %.2f %%\" \"a\" 1 42 \"l\" \"r\" \"q\\\"\" 1.5 true 255 "
        + "3.14159 }}",
        "a-1-00042|l   |   r|\"q\\\"\" 1.5 true ff 3.14 %")]
    [InlineData(
        "{{ printf \"%d\" \"a\" }} {{ printf \"%s\" }} {{ printf \"a\" 1 }}",
        "%!d(string=a) %!s(MISSING) a%!(EXTRA int=1)")]
    [InlineData("{{ `raw \\n` }}{{ \"tab\\tx\" }}{{ 'a' }}", "raw \\ntab\tx97")]
    [InlineData("{{ 0x1F }} {{ 1_000 }} {{ 1.5e3 }} {{ 1e6 }} {{ 0.00001 }}", "31 1000 1500 1e+06 1e-05")]
    [InlineData("{{ print nil }}", "<nil>")]
    [InlineData(
        "{{ html \"<a href='x'>\" }} {{ urlquery \"a b&c\" }} {{ js \"it's\" }}",
        "&lt;a href=&#39;x&#39;&gt; a+b%26c it\\'s")]
    [InlineData(
        "{{ with secret \"prod/data/db\" }}{{ .Data.data.tags }} {{ .Data.data.nested }}{{ end }}",
        "[a b] map[x:1 y:true]")]
    [InlineData(
        "{{ scratch.Set \"a\" 1 }}{{ scratch.SetX \"a\" 2 }}{{ scratch.MapSet \"m\" \"k\" \"v\" }}{{ "
        + "scratch.Get \"a\" }}{{ scratch.MapValues \"m\" }}{{ scratch.Key \"z\" }}",
        "1[v]false")]
    [InlineData(
        "{{ 1 | subtract 3 }} {{ add 1 2.5 }} {{ divide 2 7 }} {{ modulo 4 7 }} {{ minimum 1 2 }} {{ maximum 1 "
        + "2 }}",
        "-2 3.5 3 3 1 2")]
    public void Writes_what_go_writes(string source, string expected) => Assert.Equal(expected, Render(source));

    [Theory]
    [InlineData("a\n{{ if true }}", "line 2: an action has no {{end}}")]
    [InlineData("{{ end }}", "line 1: this end ends nothing")]
    [InlineData("\n\n{{ $x }}", "line 3: the variable $x is not declared")]
    [InlineData("{{ foo }}", "line 1: there is no function foo")]
    [InlineData("{{ key \"a\" }}", "line 1: the function key asks Consul or Nomad, which the agent does not know")]
    [InlineData("{{ \"a }}", "line 1: the string is not closed")]
    [InlineData("a {{ 1", "line 1: the action is not closed")]
    [InlineData("{{ /* x }}", "line 1: the comment is not closed")]
    [InlineData("{{ \"a\" | 1 }}", "line 1: what stands behind | must be a function, not a value")]
    [InlineData("{{ break }}", "line 1: break stands outside of a range")]
    [InlineData("{{ template \"x\" }}", "line 1: there is no template called \"x\"")]
    [InlineData("{{ if true }}{{ else }}{{ else }}{{ end }}", "line 1: there is a second else")]
    [InlineData("{{ (1 }}", "line 1: a value or function is missing")]
    [InlineData("{{ toUpper }}", "line 1: toUpper takes 1 arguments, not 0")]
    [InlineData("{{ toUpper 1 }}", "line 1: toUpper: argument 1 must be a string, not a whole number")]
    [InlineData("{{ parseInt \"secret-text\" }}", "line 1: parseInt: the text is not a whole number")]
    [InlineData(
        "{{ define \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }}",
        "line 1: templates call each other without end")]
    [InlineData(
        "{{ define \"t\" }}{{ executeTemplate \"t\" }}{{ end }}{{ template \"t\" }}",
        "line 1: templates call each other without end")]
    [InlineData(
        "{{ range loop 1000000 }}{{ range loop 1000000 }}{{ end }}{{ end }}",
        "line 1: the template takes more steps than it may")]
    [InlineData("{{ secret \"prod/data/db\" \"novalue\" }}", "line 1: secret: argument 2 is not name=value")]
    [InlineData("{{ (secret \"none\").Data }}", "line 1: there is no value to take the field Data of")]
    [InlineData("{{ (secret \"old/api\").Datum }}", "line 1: the answer has no field Datum")]
    [InlineData("{{ mustEnv \"NONE\" }}", "line 1: the environment variable NONE is not set")]
    [InlineData("{{ lt 1 \"a\" }}", "line 1: lt cannot compare a whole number and a string")]
    public void Says_what_is_wrong_and_where(string source, string expected)
    {
        var said = Render(source);
        Assert.Equal(expected, said);
        Assert.DoesNotContain("secret-text", said);
    }

    [Fact]
    public void A_missing_key_is_a_fault_where_that_is_asked_for()
    {
        Assert.Equal("line 1: the map has no key \"gone\"",
            Render("{{ with secret \"old/api\" }}{{ .Data.gone }}{{ end }}", failsOnMissingKey: true));
        Assert.Equal("k-1", Render("{{ with secret \"old/api\" }}{{ .Data.key }}{{ end }}", failsOnMissingKey: true));
    }

    [Fact]
    public void Other_delimiters_leave_the_usual_ones_alone()
    {
        var (template, _) = Template.Parse("{{ a }} [[ toUpper \"x\" ]] [[- 1 -]] ", "[[", "]]");
        Assert.Equal("{{ a }} X1", template!.Render(Context()).Text);
    }

    [Fact]
    public void Parameters_of_one_query_have_one_order()
    {
        var asked = new List<SecretQuery>();
        var context = Context() with { Answer = query => { asked.Add(query); return null; } };
        Render(
            "{{ secret \"/pki/issue/a\" \"ttl=1h\" \"common_name=x\" }}"
            + "{{ secret \"pki/issue/a\" \"common_name=x\" \"ttl=1h\" }}", context);
        Assert.Equal(2, asked.Count);
        Assert.Equal(asked[0], asked[1]);
        Assert.Equal("pki/issue/a", asked[0].ToString());
    }

    [Fact]
    public void A_template_can_write_further_files()
    {
        var context = Context();
        Assert.Equal("", Render(
            "{{ \"key\" | writeToFile \"/etc/a.key\" \"app\" \"\" \"0400\" \"newline\" }}", context));
        var file = Assert.Single(context.Files);
        Assert.Equal(("/etc/a.key", "app", "key\n", UnixFileMode.UserRead, false),
            (file.Path, file.Owner, file.Content, file.Mode, file.Appends));
    }
}
