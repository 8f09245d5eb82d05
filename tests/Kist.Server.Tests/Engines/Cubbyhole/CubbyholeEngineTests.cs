using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Engines.Cubbyhole;

public sealed class CubbyholeEngineTests
{
    private static async Task<string> TokenAsync(LiveNode node, string body)
    {
        using var response = await node.SendAsync(Operation.Update, "auth/token/create", body);
        Assert.Null(response.Fault?.Text);
        return response.Token!.Token;
    }

    [Fact]
    public async Task EachTokenSeesItsOwnPlaceOnly()
    {
        await using var node = await LiveNode.StartAsync();
        var one = await TokenAsync(node, """{"policies":["default"]}""");
        var two = await TokenAsync(node, """{"policies":["default"]}""");
        await node.DataAsync(Operation.Update, "cubbyhole/dir/x", """{"a":"1"}""", one);
        Assert.Equal("""{"a":"1"}""", await node.DataAsync(Operation.Read, "cubbyhole/dir/x", "", one));
        Assert.Equal("""{"keys":["dir/"]}""", await node.DataAsync(Operation.List, "cubbyhole", "", one));
        foreach (var other in (string[])[two, LiveNode.Root])
        {
            Assert.Equal("", await node.DataAsync(Operation.Read, "cubbyhole/dir/x", "", other));
            Assert.Equal("", await node.DataAsync(Operation.List, "cubbyhole", "", other));
        }
    }

    [Fact]
    public async Task ItGoesWithItsToken()
    {
        await using var node = await LiveNode.StartAsync();
        var token = await TokenAsync(node, """{"policies":["default"]}""");
        await node.DataAsync(Operation.Update, "cubbyhole/x", """{"a":"1"}""", token);
        Assert.Single(await node.Kernel.Cubbyholes.ScanAsync("", "", 0, default));
        await node.DataAsync(Operation.Update, "auth/token/revoke", $$"""{"token":"{{token}}"}""");
        Assert.Empty(await node.Kernel.Cubbyholes.ScanAsync("", "", 0, default));
    }

    [Fact]
    public async Task ABatchTokenHasNone()
    {
        await using var node = await LiveNode.StartAsync();
        var token = await TokenAsync(node, """{"type":"batch","policies":["default"]}""");
        foreach (var operation in (Operation[])[Operation.Read, Operation.List, Operation.Update, Operation.Delete])
        {
            var body = operation is Operation.Update ? """{"a":1}""" : "";
            var fault = await node.FaultAsync(operation, "cubbyhole/x", body, token);
            Assert.Equal("cubbyhole operations are only supported by \"service\" type tokens", fault.Message);
        }
    }

    [Fact]
    public async Task TheOldWayToUnwrapGivesTheAnswerOnceAsText()
    {
        await using var node = await LiveNode.StartAsync();
        var wrapped = await node.Kernel.Wrapping.WrapAsync(
            """{"data":{"k":"v"}}"""u8.ToArray(), "some/path", TimeSpan.FromMinutes(1), null, null, default);
        using (var response = await node.SendAsync(Operation.Read, "cubbyhole/response", "", wrapped.Wrap!.Token))
        {
            var shown = System.Text.Encoding.UTF8.GetString(response.Data.Span);
            Assert.Equal("""{"response":"{\"data\":{\"k\":\"v\"}}"}""", shown);
            Assert.Single(response.Warnings!);
        }
        Assert.Equal(FaultKind.Denied,
            (await node.FaultAsync(Operation.Read, "cubbyhole/response", "", wrapped.Wrap.Token)).Kind);
    }

    [Theory]
    [InlineData(Operation.Update, "cubbyhole/x", "{}", "missing data fields")]
    [InlineData(Operation.Update, "cubbyhole/x", "", "missing data fields")]
    [InlineData(Operation.Read, "cubbyhole/", "", "missing path")]
    [InlineData(Operation.Delete, "cubbyhole", "", "missing path")]
    public async Task WhatIsMissingIsNamed(Operation operation, string path, string body, string message)
    {
        await using var node = await LiveNode.StartAsync();
        var fault = await node.FaultAsync(operation, path, body);
        Assert.Equal((message, true), (fault.Message, fault.Listed));
    }
}
