using System.Text;
using System.Text.Json.Nodes;
using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Engines.Sys;

public sealed class WrappingTests
{
    private const string Answer = """{"request_id":"r","data":{"a":1},"auth":{"client_token":"t","accessor":"acc"}}""";

    private static async Task<string> WrappedAsync(LiveNode node, string? format = null)
    {
        using var wrapped = await node.Kernel.Wrapping.WrapAsync(
            Encoding.UTF8.GetBytes(Answer), "some/path", TimeSpan.FromMinutes(1), format, "acc", default);
        return wrapped.Wrap!.Token;
    }

    /// <summary>Attack C06: of fifty at once exactly one gets the answer.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OneOfFiftyParallelUnwrapsGetsTheAnswer(bool asOwnToken)
    {
        await using var node = await LiveNode.StartAsync();
        var token = await WrappedAsync(node);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () =>
        {
            using var response = asOwnToken
                ? await node.SendAsync(Operation.Update, "sys/wrapping/unwrap", "", token)
                : await node.SendAsync(Operation.Update, "sys/wrapping/unwrap", $$"""{"token":"{{token}}"}""");
            return response.Fault?.Kind.ToString() ?? Encoding.UTF8.GetString(response.Data.Span).TrimEnd();
        })));
        Assert.Equal(Answer, Assert.Single(answers, a => a.StartsWith('{')));
        Assert.All(answers.Where(a => a != Answer), a =>
            Assert.Contains(a, (string[])["Invalid", "Denied", "Conflict"]));
        Assert.Empty(await node.Kernel.Cubbyholes.ScanAsync("", "", 0, default));
    }

    [Fact]
    public async Task TheSignedFormIsGoodAsTheCallersOwnTokenAndOnlyOnce()
    {
        await using var node = await LiveNode.StartAsync();
        var token = await WrappedAsync(node, "jwt");
        Assert.Contains("\"a\":1", await node.DataAsync(Operation.Update, "sys/wrapping/unwrap", "", token),
            StringComparison.Ordinal);
        Assert.Equal("wrapping token is not valid or does not exist",
            (await node.FaultAsync(Operation.Update, "sys/wrapping/unwrap", "", token)).Text);
    }

    [Fact]
    public async Task AWrappingTokenAfterItsTimeIsNone()
    {
        await using var node = await LiveNode.StartAsync();
        var token = await WrappedAsync(node);
        node.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("wrapping token is not valid or does not exist",
            (await node.FaultAsync(Operation.Update, "sys/wrapping/unwrap", $$"""{"token":"{{token}}"}""")).Text);
    }

    [Fact]
    public async Task RewrappingKeepsWhatTheLookupShows()
    {
        await using var node = await LiveNode.StartAsync();
        var token = await WrappedAsync(node);
        using var rewrapped =
            await node.SendAsync(Operation.Update, "sys/wrapping/rewrap", $$"""{"token":"{{token}}"}""");
        Assert.Equal(("some/path", "acc", TimeSpan.FromMinutes(1)),
            (rewrapped.Wrap!.CreationPath, rewrapped.Wrap.WrappedAccessor, rewrapped.Wrap.Ttl));
        await node.FaultAsync(Operation.Update, "sys/wrapping/lookup", $$"""{"token":"{{token}}"}""");
        var info = JsonNode.Parse(
            await node.DataAsync(Operation.Read, "sys/wrapping/lookup", "", rewrapped.Wrap.Token))!;
        Assert.Equal("some/path", (string?)info["creation_path"]);
        Assert.Equal(60, (int?)info["creation_ttl"]);
    }
}
