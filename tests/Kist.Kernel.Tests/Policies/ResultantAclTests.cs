using System.Text;
using System.Text.Json;
using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

public sealed class ResultantAclTests
{
    private static string Write(Acl acl)
    {
        using var sink = new MemoryStream();
        using (var writer = new Utf8JsonWriter(sink)) acl.WriteResultant(writer);
        return Encoding.UTF8.GetString(sink.ToArray());
    }

    [Fact]
    public void RootIsOneWord()
    {
        Assert.Equal("""{"root":true}""", Write(Acl.Root));
    }

    [Fact]
    public void MergedRulesAreWrittenByKindAndSorted()
    {
        var acl = Acl.Compile([
            PolicyDocument.Parse("""
                path "b" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "1h" }
                path "a" { capabilities = ["deny"] }
                path "g/*" { capabilities = ["list", "create"] }
                path "w/+/x" { capabilities = ["read"] }
                path "w/+/y*" { capabilities = [] }
                path "p" {
                  capabilities = ["update"]
                  allowed_parameters = { "n" = [1, -2.5, "t*", true, ["x"], { k = 1 }] }
                  denied_parameters = { "d" = [] }
                  required_parameters = ["r"]
                }
                """),
            PolicyDocument.Parse("""path "b" { capabilities = ["update"] }"""),
        ]);
        const string expected = """
            {"root":false,"exact_paths":{
            "a":{"capabilities":["deny"]},
            "b":{"capabilities":["read","update"],"min_wrapping_ttl":60,"max_wrapping_ttl":3600},
            "p":{"capabilities":["update"],"allowed_parameters":{"n":[1,-2.5,"t*",true,["x"],{"k":1}]},
            "denied_parameters":{"d":[]},"required_parameters":["r"]},
            "w/+/x":{"capabilities":["read"]}},
            "glob_paths":{"g/":{"capabilities":["create","list"]},"w/+/y":{"capabilities":["deny"]}}}
            """;
        Assert.Equal(expected.ReplaceLineEndings(""), Write(acl).Replace("\\u002B", "+", StringComparison.Ordinal));
    }
}
