using System.Text;
using Kist.Scan.Matching;

namespace Kist.Scan.Tests;

public sealed class AssignmentTests
{
    [Theory]
    [InlineData("token = \"abc\"", "token", "abc")]
    [InlineData("x.token := 'abc'", "x.token", "abc")]
    [InlineData("TOKEN=abc # why", "TOKEN", "abc")]
    [InlineData("{\"token\": \"a\\\"c\"}", "token", "a\\\"c")]
    [InlineData("\\\"token\\\":\\\"abc\\\"", "token", "abc")]
    [InlineData("var token string = \"abc\"", "token", "abc")]
    [InlineData("token: str = 'abc'", "token", "abc")]
    [InlineData("'token' => \"abc\"", "token", "abc")]
    [InlineData("<token>\n  abc\n</token>", "token", "abc")]
    [InlineData("<add key=\"token\" value=\"abc\" />", "token", "abc")]
    [InlineData("- name: token\n  value: abc\n", "token", "abc")]
    [InlineData("set(\"token\", \"abc\")", "token", "abc")]
    [InlineData("--token abc", "--token", "abc")]
    [InlineData("a?x=1&token=abc&y=2", "token", "abc")]
    [InlineData("token=abc\\nother=1", "token", "abc")]
    public void ANameAndItsValueAreRead(string text, string name, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        Assert.True(Assignment.TryRead(bytes, text.IndexOf("token", StringComparison.OrdinalIgnoreCase),
            out var found));
        Assert.Equal(name, Encoding.UTF8.GetString(bytes[found.NameStart..found.NameEnd]));
        Assert.Equal(value, Encoding.UTF8.GetString(bytes[found.ValueStart..found.ValueEnd]));
    }

    [Theory]
    [InlineData("token == other")]
    [InlineData("token.")]
    [InlineData("token = call(1)")]
    [InlineData("[\"token\", \"abc\"]")]
    [InlineData("token = \"no end\nabc\"")]
    [InlineData("token")]
    public void WhatAssignsNothingIsNone(string text) =>
        Assert.False(Assignment.TryRead(Encoding.UTF8.GetBytes(text), 0, out _) && text[0] == 't');

    [Fact]
    public void AnyBytesAreReadWithoutHarm()
    {
        var random = new Random(5);
        var letters = "token=: \"'\\\n<>{}[](),value;\0é"u8.ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var text = random.GetItems(letters, random.Next(1, 40));
            Assignment.TryRead(text, random.Next(text.Length), out var found);
            Assert.InRange(found.ValueEnd, found.ValueStart, text.Length);
        }
    }
}
