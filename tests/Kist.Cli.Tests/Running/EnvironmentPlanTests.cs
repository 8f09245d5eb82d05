using System.Text;
using System.Text.Json;
using CsCheck;
using Kist.Cli.References;
using Kist.Cli.Running;

namespace Kist.Cli.Tests.Running;

public sealed class EnvironmentPlanTests
{
    [Theory]
    [InlineData("url", "", "URL")]
    [InlineData("db-url", "", "DB_URL")]
    [InlineData("a.b/c d", "", "A_B_C_D")]
    [InlineData("already_OK9", "", "ALREADY_OK9")]
    [InlineData("9lives", "", "_9LIVES")]
    [InlineData("9lives", "APP_", "APP_9LIVES")]
    [InlineData("größe", "", "GR__E")]
    [InlineData("key🔑", "", "KEY_")]
    [InlineData("url", "APP_", "APP_URL")]
    [InlineData("url", "app", "appURL")]
    public void A_fields_name_becomes_a_variables_name(string field, string prefix, string expected) =>
        Assert.Equal(expected, EnvironmentPlan.NameOf(field, prefix));

    [Fact]
    public void Every_field_name_becomes_a_valid_variable_name() => Gen.String.Where(static s => s.Length > 0).Sample(
        static field => EnvironmentPlan.IsName(EnvironmentPlan.NameOf(field, "")), seed: "0000KCd2gD01", iter: 2000);

    [Fact]
    public void A_mapping_names_one_field_and_the_prefix_stays_off_it()
    {
        using var plan = Plan("APP_", "url=DATABASE_URL");
        Assert.Null(plan.Add("prod/db", Json("""{"url":"u","user":"x"}""")));
        Assert.Equal(["DATABASE_URL=u", "APP_USER=x"], Assignments(plan));
        Assert.Null(plan.Unused());
    }

    [Fact]
    public void A_mapping_with_a_path_goes_before_one_without()
    {
        using var plan = Plan("", "url=FIRST", "prod/b#url=SECOND");
        Assert.Null(plan.Add("prod/a", Json("""{"url":"1"}""")));
        Assert.Null(plan.Add("prod/b", Json("""{"url":"2"}""")));
        Assert.Equal(["FIRST=1", "SECOND=2"], Assignments(plan));
    }

    [Fact]
    public void A_mapping_of_a_field_that_no_secret_has_is_an_error()
    {
        using var plan = Plan("", "nope=X");
        Assert.Null(plan.Add("prod/a", Json("""{"url":"1"}""")));
        Assert.Contains("nope", plan.Unused()!.Message);
    }

    [Theory]
    [InlineData("url")]
    [InlineData("=X")]
    [InlineData("url=")]
    [InlineData("url=9X")]
    [InlineData("url=A-B")]
    public void A_mapping_that_names_no_variable_is_an_error(string mapping) =>
        Assert.NotNull(EnvironmentPlan.ParseMappings([mapping], out _));

    [Fact]
    public void Two_fields_that_become_one_variable_are_an_error_that_names_both()
    {
        using var plan = Plan("");
        Assert.Null(plan.Add("prod/a", Json("""{"db-url":"secret-one"}""")));
        var problem = plan.Add("prod/b", Json("""{"db.url":"secret-two"}"""));
        Assert.Equal("db-url of prod/a and db.url of prod/b both become DB_URL", problem!.Message);
        Assert.DoesNotContain("secret", problem.Message + problem.Hint);
    }

    [Theory]
    [InlineData("path")]
    [InlineData("ld_preload")]
    [InlineData("LD-LIBRARY-PATH")]
    [InlineData("node_options")]
    [InlineData("bash_env")]
    public void A_field_must_not_become_a_variable_that_changes_what_programs_run(string field)
    {
        using var plan = Plan("");
        Assert.Contains("changes what programs run", plan.Add("prod/a", Json($$"""{"{{field}}":"x"}"""))!.Message);
    }

    [Fact]
    public void A_person_may_map_a_field_to_such_a_variable()
    {
        using var plan = Plan("", "search=PATH");
        Assert.Null(plan.Add("prod/a", Json("""{"search":"/opt/bin"}""")));
        Assert.Equal(["PATH=/opt/bin"], Assignments(plan));
    }

    [Fact]
    public void Values_that_are_not_text_are_their_JSON_text()
    {
        using var plan = Plan("");
        Assert.Null(plan.Add("p/a", Json("""{"n":5432,"t":true,"o":{"a":[1, 2]},"z":null,"s":"l\nö\"\u00e9"}""")));
        Assert.Equal(["N=5432", "T=true", """O={"a":[1, 2]}""", "Z=null", "S=l\nö\"é"], Assignments(plan));
    }

    [Fact]
    public void A_value_with_a_zero_byte_is_refused()
    {
        using var plan = Plan("");
        Assert.Contains("zero byte", plan.Add("p/a", Json("""{"n":"a\u0000b"}"""))!.Message);
    }

    [Theory]
    [InlineData("\"abcd\"", true)]
    [InlineData("\"abc\"", false)]
    [InlineData("\"5432\"", false)]
    [InlineData("\"true\"", false)]
    [InlineData("\"123456\"", true)]
    [InlineData("123456", true)]
    [InlineData("5432", false)]
    [InlineData("false", false)]
    [InlineData("null", false)]
    public void Values_that_every_output_holds_are_not_masked(string json, bool masked)
    {
        using var plan = Plan("");
        Assert.Null(plan.Add("p/a", Json($$"""{"v":{{json}}}""")));
        Assert.Equal(masked, plan.Variables[0].Masked);
    }

    private static EnvironmentPlan Plan(string prefix, params string[] mappings)
    {
        Assert.Null(EnvironmentPlan.ParseMappings(mappings, out var parsed));
        return new EnvironmentPlan(prefix, parsed);
    }

    private static IReadOnlyList<SecretField> Json(string text) =>
        SecretField.Of(JsonDocument.Parse(text).RootElement);

    private static IEnumerable<string> Assignments(EnvironmentPlan plan) =>
        plan.Variables.Select(static v => v.Name + "=" + Encoding.UTF8.GetString(v.Value.Span));
}
