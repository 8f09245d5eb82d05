using Kist.Agent.Rendering;

namespace Kist.Agent.Tests.Rendering;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("A=1\nB=kist://prod/data/db#user\n", "A=1\nB=app\n")]
    [InlineData("kist://old/api#key", "k-1")]
    [InlineData("x={kist://old/api#key}y", "x=k-1y")]
    [InlineData("PORT=kist://prod/data/db#port", "PORT=5432")]
    [InlineData("A=kist://none/x#y?default=d", "A=d")]
    [InlineData("A=kist://old/api#gone?default=d", "A=d")]
    [InlineData("\nA=kist://none/x#y", "line 2: there is no secret none/x")]
    [InlineData("A=kist://old/api#gone", "line 1: old/api has no field gone")]
    [InlineData("A=kist://old/api", "line 1: old/api has 2 fields: name one, kist://old/api#FIELD")]
    public void References_are_replaced(string source, string expected)
    {
        var (text, wrong) = PlainText.Parse(source);
        Assert.Null(wrong);
        var (rendered, fault) = text!.Render(Templates.Rendering.Context());
        Assert.Equal(expected, fault is null ? rendered : $"line {fault.Line}: {fault.Message}");
    }

    [Fact]
    public void A_malformed_reference_is_said_with_its_line() =>
        Assert.Equal(2, PlainText.Parse("a\nb=kist://#x\n").Fault!.Line);
}
