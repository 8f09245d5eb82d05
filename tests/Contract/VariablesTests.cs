using System.Text.Json.Nodes;
using Xunit;

namespace Kist.Contract.Tests;

public sealed class VariablesTests
{
    [Theory]
    [InlineData("\"$t\"", "\"s.x+y\"")]
    [InlineData("\"a/$t/${t}b\"", "\"a/s.x+y/s.x+yb\"")]
    [InlineData("\"$n\"", "7")]                                       // alone it keeps its type
    [InlineData("\"v$n\"", "\"v7\"")]
    [InlineData("\"$unknown ${unknown} $\"", "\"$unknown ${unknown} $\"")]
    [InlineData("""{"$t":["$n",{"x":"${n}"}],"y":null}""", """{"s.x+y":[7,{"x":"7"}],"y":null}""")]
    [InlineData("""{"<repeat>":["ab",3]}""", "\"ababab\"")]
    [InlineData("12.50", "12.50")]
    public void RequestsGetTheValues(string request, string expected) =>
        Assert.Equal(expected, Sample().InRequest(JsonNode.Parse(request))!.ToJsonString(JsonText.Readable));

    [Theory]
    [InlineData("\"$n\"", "7")]
    [InlineData("\"<re:^$t$>\"", "\"<re:^s\\\\.x\\\\+y$>\"")]          // inside a pattern the value stands for itself
    [InlineData("""{"$t":"x ${t}"}""", """{"s.x+y":"x s.x+y"}""")]
    public void ExpectationsGetTheValues(string expectation, string expected) =>
        Assert.Equal(expected, Sample().InExpectation(JsonNode.Parse(expectation))!.ToJsonString(JsonText.Readable));

    [Theory]
    [InlineData("\"auth.keys.1\"", "\"b\"")]
    [InlineData("\"dotted\\\\.name.x\"", "3")]
    [InlineData("""{"path":"text","re":"id=(\\w+)"}""", "\"abc\"")]
    [InlineData("""{"xor":["encoded","$otp"]}""", "\"root\"")]
    public void SavesReadAField(string save, string expected)
    {
        var variables = Sample();
        variables.Set("otp", "\u0001\u0002\u0003\u0004");
        var body = JsonNode.Parse(
            """{"auth":{"keys":["a","b"]},"dotted.name":{"x":3},"text":"id=abc;","encoded":"c21scA"}""");

        Assert.Equal(expected, variables.Extract(body, JsonNode.Parse(save))!.ToJsonString());
    }

    [Theory]
    [InlineData("\"auth.nothing\"")]
    [InlineData("\"auth.keys.2\"")]
    [InlineData("\"auth.keys.x\"")]
    [InlineData("\"auth.keys.0.deeper\"")]
    public void ASaveOfWhatIsNotThereIsAnError(string save) =>
        Assert.Throws<FormatException>(() =>
            Sample().Extract(JsonNode.Parse("""{"auth":{"keys":["a","b"]}}"""), JsonNode.Parse(save)));

    private static Variables Sample()
    {
        var variables = new Variables();
        variables.Set("t", "s.x+y");
        variables.Set("n", 7);
        return variables;
    }
}
