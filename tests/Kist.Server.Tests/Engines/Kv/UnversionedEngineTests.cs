using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Engines.Kv;

public sealed class UnversionedEngineTests
{
    [Theory]
    [InlineData("""{"v":1}""", 2_764_800)]
    [InlineData("""{"ttl":"90"}""", 90)]
    [InlineData("""{"ttl":"1h","lease":"5s"}""", 3_600)]
    [InlineData("""{"lease":"5s"}""", 5)]
    [InlineData("""{"lease":"5s","ttl":"junk"}""", 2_764_800)]
    [InlineData("""{"\u0074tl":12}""", 12)]
    [InlineData("""{"inner":{"ttl":5}}""", 2_764_800)]
    public async Task TheFieldsTtlAndLeaseSayWhenToReadAgain(string body, int seconds)
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "kv");
        await node.DataAsync(Operation.Update, "kv/x", body);
        using var response = await node.SendAsync(Operation.Read, "kv/x");
        Assert.Equal(seconds, response.ShownLeaseDuration!.Value.TotalSeconds);
        Assert.Equal(body, System.Text.Encoding.UTF8.GetString(response.Data.Span));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{ \n }")]
    public async Task AWriteWithoutFieldsIsRefused(string body)
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "generic");
        Assert.Equal("missing data fields", (await node.FaultAsync(Operation.Update, "kv/x", body)).Message);
        Assert.Equal("missing path", (await node.FaultAsync(Operation.Update, "kv", """{"a":1}""")).Message);
    }

    [Theory]
    [InlineData("kv-v1", null, "kv/x")]
    [InlineData("kv-v2", null, "kv/data/x")]
    [InlineData("generic", "2", "kv/data/x")]
    public async Task TheTypeOrTheOptionChoosesTheVersion(string type, string? version, string path)
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", type, version);
        await node.DataAsync(Operation.Update, path, """{"data":{"a":1}}""");
        Assert.Contains("\"a\":1", await node.DataAsync(Operation.Read, path));
    }

    [Fact]
    public async Task ATooLargeSecretIs413()
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "kv");
        var large = new string('x', Kist.Kernel.Barrier.Storage.MaxValueBytes);
        var fault = await node.FaultAsync(Operation.Update, "kv/x", $$"""{"v":"{{large}}"}""");
        Assert.Equal(FaultKind.TooLarge, fault.Kind);
    }
}
