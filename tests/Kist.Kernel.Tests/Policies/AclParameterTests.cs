using System.Text;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

public sealed class AclParameterTests
{
    private const string All = """capabilities = ["create", "read", "update", "patch", "delete", "list"]""";

    private static bool IsAllowed(string constraints, string json, Operation operation = Operation.Update)
    {
        var acl = Acl.Compile([PolicyDocument.Parse($$"""path "a" { {{All}} {{constraints}} }""")]);
        return acl.Check(operation, "a", new PolicyParameters(Encoding.UTF8.GetBytes(json))).Allowed;
    }

    [Theory]
    [InlineData("""{"foo":"x"}""", true)]
    [InlineData("""{"foo":"x","zip":"y"}""", true)]
    [InlineData("""{"foo":"x","other":"y"}""", false)]
    [InlineData("""{"FOO":"x"}""", true)]
    [InlineData("{}", true)]
    [InlineData("null", true)]
    [InlineData("", true)]
    [InlineData("[]", false)]
    [InlineData("""{"foo":""", false)]
    public void OnlyAllowedNamesMayBeSent(string json, bool allowed)
    {
        Assert.Equal(allowed, IsAllowed("""allowed_parameters = { "Foo" = [] "zip" = [] }""", json));
    }

    [Theory]
    [InlineData("\"one\"", true)]
    [InlineData("\"ONE\"", false)]
    [InlineData("\"o\\u006ee\"", true)]
    [InlineData("\"pre-x\"", true)]
    [InlineData("\"pre\"", false)]
    [InlineData("\"x-post\"", true)]
    [InlineData("\"a-mid-b\"", true)]
    [InlineData("\"mi-d\"", false)]
    [InlineData("5", true)]
    [InlineData("5.0", true)]
    [InlineData("50e-1", true)]
    [InlineData("6", false)]
    [InlineData("\"5\"", false)]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("\"true\"", false)]
    [InlineData("null", false)]
    [InlineData("""["one","pre-x",5]""", true)]
    [InlineData("""["one","two"]""", false)]
    [InlineData("""[["one"]]""", false)]
    [InlineData("[]", false)]
    [InlineData("\"one, pre-x\"", true)]
    [InlineData("\"one,two\"", false)]
    [InlineData("\"one,\"", false)]
    [InlineData("\"\"", false)]
    [InlineData("""["a",["b"]]""", true)]
    [InlineData("""["a",["b","c"]]""", false)]
    [InlineData("""{"k":"v","n":1}""", true)]
    [InlineData("""{"n":1,"k":"v"}""", true)]
    [InlineData("""{"k":"v"}""", false)]
    [InlineData("""{"k":"v","n":1,"m":2}""", false)]
    [InlineData("""{"k":"v","k":"v"}""", false)]
    [InlineData("""{"one":1}""", false)]
    public void AnAllowedValueIsComparedByWhatItSays(string value, bool allowed)
    {
        const string constraint = """
            allowed_parameters = {
              "p" = ["one", "pre-*", "*-post", "*-mid-*", 5, true, ["a", ["b"]], { k = "v", n = 1 }]
            }
            """;
        Assert.Equal(allowed, IsAllowed(constraint, $$"""{"p":{{value}}}"""));
    }

    // D09: spelling, type and shape are no way around a denied value.
    [Theory]
    [InlineData("""{"p":"root"}""", false)]
    [InlineData("""{"P":"root"}""", false)]
    [InlineData("""{"p":"r\u006fot"}""", false)]
    [InlineData("""{"p":["root"]}""", false)]
    [InlineData("""{"p":["a","root"]}""", false)]
    [InlineData("""{"p":[["a",["root"]]]}""", false)]
    [InlineData("""{"p":"a,root"}""", false)]
    [InlineData("""{"p":"a, root ,b"}""", false)]
    [InlineData("""{"p":["a,root"]}""", false)]
    [InlineData("""{"p":"a","p":"root"}""", false)]
    [InlineData("""{"p":"root","p":"a"}""", false)]
    [InlineData("""{"p":"a","P":"root"}""", false)]
    [InlineData("""{"p":7}""", false)]
    [InlineData("""{"p":"7"}""", false)]
    [InlineData("""{"p":7.0}""", false)]
    [InlineData("""{"p":"8"}""", false)]
    [InlineData("""{"p":8}""", false)]
    [InlineData("""{"p":true}""", false)]
    [InlineData("""{"p":"true"}""", false)]
    [InlineData("""{"any":1}""", false)]
    [InlineData("""{"ANY":null}""", false)]
    [InlineData("""{"p":"rooted"}""", true)]
    [InlineData("""{"p":["a","b"]}""", true)]
    [InlineData("""{"p":{"root":"a"}}""", true)]
    [InlineData("""{"q":"root"}""", true)]
    [InlineData("""{"p":9}""", true)]
    [InlineData("{}", true)]
    public void ADeniedValueIsDeniedInEveryShape(string json, bool allowed)
    {
        Assert.Equal(allowed, IsAllowed("""denied_parameters = { "p" = ["root", 7, "8", true] "Any" = [] }""", json));
    }

    [Fact]
    public void TextThatIsNotUtf8IsRefused()
    {
        var policy = PolicyDocument.Parse($$"""path "a" { {{All}} allowed_parameters = { "p" = ["x*"] } }""");
        var acl = Acl.Compile([policy]);
        byte[] json = [.. "{\"p\":\"x"u8, 0xff, .. "\"}"u8];
        Assert.False(acl.Check(Operation.Update, "a", new PolicyParameters(json)).Allowed);
    }

    [Fact]
    public void AStarDeniesEveryParameter()
    {
        Assert.False(IsAllowed("""denied_parameters = { "*" = [] }""", """{"x":1}"""));
        Assert.True(IsAllowed("""denied_parameters = { "*" = [] }""", "{}"));
    }

    [Fact]
    public void AStarAllowsOtherNamesButKeepsTheListedValues()
    {
        const string constraint = """allowed_parameters = { "p" = ["one"] "*" = [] }""";
        Assert.True(IsAllowed(constraint, """{"p":"one","q":"x"}"""));
        Assert.False(IsAllowed(constraint, """{"p":"two"}"""));
        Assert.True(IsAllowed("""allowed_parameters = { "*" = [] }""", """{"p":"two"}"""));
    }

    [Theory]
    [InlineData("""{"foo":1,"bar":null}""", true)]
    [InlineData("""{"foo":1}""", false)]
    [InlineData("""{"foo":1,"BAR":1}""", false)]
    [InlineData("{}", false)]
    [InlineData("", false)]
    public void RequiredParametersMustBeThere(string json, bool allowed)
    {
        Assert.Equal(allowed, IsAllowed("""required_parameters = ["foo", "Bar"]""", json));
    }

    [Theory]
    [InlineData(Operation.Create, false)]
    [InlineData(Operation.Update, false)]
    [InlineData(Operation.Patch, false)]
    [InlineData(Operation.Read, false)]
    [InlineData(Operation.Delete, true)]
    [InlineData(Operation.List, true)]
    public void OperationsWithParametersAreConstrained(Operation operation, bool allowed)
    {
        Assert.Equal(allowed, IsAllowed("""denied_parameters = { "p" = [] }""", """{"p":1}""", operation));
    }

    [Theory]
    [InlineData("""{"p":"one"}""", true)]
    [InlineData("""{"p":"two"}""", true)]
    [InlineData("""{"p":"three"}""", false)]
    [InlineData("""{"q":"anything"}""", true)]
    [InlineData("""{"r":"x"}""", false)]
    [InlineData("""{"p":"one","bad":"v"}""", false)]
    public void ConstraintsOfSeveralPoliciesAddUp(string json, bool allowed)
    {
        var acl = Acl.Compile(new[]
        {
            """allowed_parameters = { "p" = ["one"] "q" = ["x"] "bad" = [] }""",
            """allowed_parameters = { "p" = ["two"] "q" = [] }""",
            """denied_parameters = { "bad" = ["v"] }""",
            "",
        }.Select(constraint => PolicyDocument.Parse($$"""path "a" { {{All}} {{constraint}} }""")));
        var parameters = new PolicyParameters(Encoding.UTF8.GetBytes(json));
        Assert.Equal(allowed, acl.Check(Operation.Update, "a", parameters).Allowed);
    }

    [Fact]
    public void ConstraintsCanBeWrittenAsBlocksAndInJson()
    {
        Assert.False(IsAllowed("""denied_parameters { "p" = ["x"] }""", """{"p":"x"}"""));
        var acl = Acl.Compile([PolicyDocument.Parse(
            """
            {"path":{"a":{"capabilities":["update"],"denied_parameters":{"p":["x"]},"required_parameters":["p"]}}}
            """)]);
        Assert.False(acl.Check(Operation.Update, "a", new PolicyParameters("{\"p\":\"x\"}"u8.ToArray())).Allowed);
        Assert.True(acl.Check(Operation.Update, "a", new PolicyParameters("{\"p\":\"y\"}"u8.ToArray())).Allowed);
    }
}
