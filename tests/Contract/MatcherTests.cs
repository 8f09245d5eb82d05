using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Kist.Contract.Tests;

public sealed class MatcherTests
{
    [Theory]
    [InlineData("""{"a":1}""", """{"a":1,"b":2}""")]                 // further fields are fine
    [InlineData("""{"a":null}""", """{"a":null}""")]
    [InlineData("""[1,"x",true,null]""", """[1,"x",true,null]""")]
    [InlineData("1", "1.0")]
    [InlineData("100", "1e2")]
    [InlineData("\"<any>\"", "null")]
    [InlineData("\"<int>\"", "-7")]
    [InlineData("\"<number>\"", "1.5")]
    [InlineData("\"<string>\"", "\"\"")]
    [InlineData("\"<bool>\"", "false")]
    [InlineData("\"<list>\"", "[]")]
    [InlineData("\"<object>\"", "{}")]
    [InlineData("\"<uuid>\"", "\"0f8fad5b-d9cb-469f-a165-70867728950e\"")]
    [InlineData("\"<time>\"", "\"2024-02-29T23:59:59.123456789Z\"")]
    [InlineData("\"<time>\"", "\"2024-02-29T23:59:59+02:00\"")]
    [InlineData("\"<token>\"", "\"s.abcdefghijklmnopqrstuvwx\"")]
    [InlineData("\"<token>\"", "\"kst.abcdefghijklmnopqrstuvwx\"")]
    [InlineData("\"<base64>\"", "\"AAE=\"")]
    [InlineData("\"<re:^a.c$>\"", "\"abc\"")]
    [InlineData("\"<re:b>\"", "\"abc\"")]                             // searched, not anchored
    [InlineData("\"<len:2>\"", "\"ü🔑\"")]                            // code points
    [InlineData("\"<len:2>\"", "[1,2]")]
    [InlineData("\"<len:1>\"", """{"a":1}""")]
    [InlineData("\"<ttl:3600>\"", "3570")]
    [InlineData("\"<ttl:3600>\"", "3602")]
    [InlineData("\"<pem:CERTIFICATE>\"", "\"-----BEGIN CERTIFICATE-----\\nAA+/=\\n-----END CERTIFICATE-----\"")]
    [InlineData("\"<unknown>\"", "\"<unknown>\"")]                    // an ordinary string
    [InlineData("""{"<unordered>":[1,2]}""", "[2,1]")]
    [InlineData("""{"<unordered>":["<any>",1]}""", "[2,1]")]
    [InlineData("""{"<contains>":[3,1]}""", "[1,2,3]")]
    [InlineData("""{"<lacks>":["a"]}""", """{"b":1}""")]
    [InlineData("""{"<lacks>":["a",1]}""", """["b",2]""")]
    [InlineData("""{"<exact>":{"a":"<int>"}}""", """{"a":5}""")]
    [InlineData("""{"<oneof>":[null,{"a":1}]}""", """{"a":1,"b":2}""")]
    [InlineData("""{"<oneof>":[null,{"a":1}]}""", "null")]
    [InlineData("""{"<other>":[1]}""", """{"<other>":[1]}""")]
    public void TheseMatch(string expected, string got) => Assert.Empty(Differences(expected, got));

    [Theory]
    [InlineData("""{"a":null}""", "{}")]                              // null is not the same as absent
    [InlineData("""{"a":1}""", """{"a":null}""")]
    [InlineData("{}", "[]")]
    [InlineData("{}", "null")]
    [InlineData("[1]", "[1,2]")]
    [InlineData("[1,2]", "[2,1]")]
    [InlineData("1", "true")]
    [InlineData("true", "1")]
    [InlineData("0", "null")]
    [InlineData("1", "\"1\"")]
    [InlineData("\"a\"", "\"A\"")]
    [InlineData("null", "\"null\"")]
    [InlineData("\"<int>\"", "1.0")]
    [InlineData("\"<int>\"", "true")]
    [InlineData("\"<number>\"", "\"1\"")]
    [InlineData("\"<string>\"", "null")]
    [InlineData("\"<bool>\"", "0")]
    [InlineData("\"<uuid>\"", "\"0F8FAD5B-D9CB-469F-A165-70867728950E\"")]
    [InlineData("\"<time>\"", "\"2024-02-29 23:59:59Z\"")]
    [InlineData("\"<time>\"", "\"2024-02-29T23:59:59.1234567891Z\"")]
    [InlineData("\"<token>\"", "\"s.short\"")]
    [InlineData("\"<base64>\"", "\"\"")]
    [InlineData("\"<base64>\"", "\"AAE\"")]
    [InlineData("\"<base64>\"", "\"AA E=\"")]
    [InlineData("\"<re:^a.c$>\"", "\"xabc\"")]
    [InlineData("\"<re:1>\"", "1")]
    [InlineData("\"<len:2>\"", "22")]
    [InlineData("\"<ttl:3600>\"", "3569")]
    [InlineData("\"<ttl:3600>\"", "3603")]
    [InlineData("\"<ttl:3600>\"", "3600.0")]
    [InlineData("\"<pem:CERTIFICATE>\"", "\"-----BEGIN X509 CRL-----\\nAA==\\n-----END X509 CRL-----\"")]
    [InlineData("""{"<unordered>":[1,1]}""", "[1,2]")]
    [InlineData("""{"<unordered>":[1]}""", "[1,1]")]
    [InlineData("""{"<unordered>":[]}""", "{}")]
    [InlineData("""{"<unordered>":["<any>",1]}""", "[1,2]")]          // an item goes to the first that matches it
    [InlineData("""{"<contains>":[1,1]}""", "[1,2]")]
    [InlineData("""{"<lacks>":["a"]}""", """{"a":null}""")]
    [InlineData("""{"<lacks>":["a"]}""", "\"b\"")]
    [InlineData("""{"<exact>":{"a":1}}""", """{"a":1,"b":null}""")]
    [InlineData("""{"<oneof>":[1,2]}""", "3")]
    public void TheseDiffer(string expected, string got) => Assert.NotEmpty(Differences(expected, got));

    [Fact]
    public void ADifferenceNamesItsPath()
    {
        var found = Differences("""{"data":{"keys":["a",{"b":1}]}}""", """{"data":{"keys":["a",{"b":2}]}}""");

        Assert.Equal("data.keys[1].b: expected 1, got 2", Assert.Single(found).ToString());
    }

    private static List<Difference> Differences(string expected, string got) =>
        Matcher.Compare(JsonNode.Parse(expected), JsonText.Parse(Encoding.UTF8.GetBytes(got)));
}
