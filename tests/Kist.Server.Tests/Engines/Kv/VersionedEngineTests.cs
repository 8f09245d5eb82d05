using System.Text.Json;
using System.Text.Json.Nodes;
using Kist.Kernel.Pipeline;
using Kist.Server.Engines.Kv;
using Xunit;

namespace Kist.Server.Tests.Engines.Kv;

public sealed class VersionedEngineTests
{
    private static async Task<LiveNode> StartAsync()
    {
        var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "kv", "2");
        return node;
    }

    private static JsonNode Json(string text) => JsonNode.Parse(text)!;

    [Fact]
    public async Task APatchChangesAPartAndAddsAVersion()
    {
        await using var node = await StartAsync();
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"a":1,"b":{"c":2,"d":3}}}""");
        var patched = Json(await node.DataAsync(Operation.Patch, "kv/data/x", """{"data":{"a":null,"b":{"c":9}}}"""));
        Assert.Equal(2, (int)patched["version"]!);
        Assert.Equal("""{"b":{"c":9,"d":3}}""",
            Json(await node.DataAsync(Operation.Read, "kv/data/x"))["data"]!.ToJsonString());
    }

    [Fact]
    public async Task APatchHonoursCasAndNeedsDataAndASecret()
    {
        await using var node = await StartAsync();
        Assert.Equal(FaultKind.NotFound, (await node.FaultAsync(Operation.Patch, "kv/data/x", """{"data":{}}""")).Kind);
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"a":1}}""");
        Assert.Equal("no data provided", (await node.FaultAsync(Operation.Patch, "kv/data/x", "{}")).Message);
        var conflict = await node.FaultAsync(Operation.Patch, "kv/data/x", """{"options":{"cas":7},"data":{"a":2}}""");
        Assert.Equal("check-and-set parameter did not match the current version", conflict.Message);
        await node.DataAsync(Operation.Patch, "kv/data/x", """{"options":{"cas":"1"},"data":{"a":2}}""");
    }

    [Fact]
    public async Task APatchOfADeletedVersionIsNotFoundAndSaysWhichVersion()
    {
        await using var node = await StartAsync();
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"a":1}}""");
        await node.DataAsync(Operation.Delete, "kv/data/x");
        using var response = await node.SendAsync(Operation.Patch, "kv/data/x", """{"data":{"a":2}}""");
        Assert.Equal(404, response.Status);
        using var json = JsonDocument.Parse(response.Data);
        Assert.Equal(1, json.RootElement.GetProperty("version").GetInt32());
        Assert.False(json.RootElement.TryGetProperty("data", out _));
    }

    [Theory]
    [InlineData("""{"cas":2.0}""", "error parsing check-and-set parameter")]
    [InlineData("""{"cas":1e0}""", "error parsing check-and-set parameter")]
    [InlineData("""{"cas":1.9}""", "error parsing check-and-set parameter")]
    public async Task ANumberWithAFractionIsNoVersion(string options, string error)
    {
        await using var node = await StartAsync();
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"a":1}}""");
        var fault = await node.FaultAsync(
            Operation.Update, "kv/data/x", $$$"""{"options":{{{options}}},"data":{"a":2}}""");
        Assert.Equal(error, fault.Message);
    }

    [Theory]
    [InlineData("a\\u0001b", "x\\u0002",
        "2 errors occurred:\n\t* custom_metadata validation failed: key \"a\\x01b\" (a\u0001b) contains unprintable "
        + "characters\n\t* custom_metadata validation failed: value for key \"a\\x01b\" contains unprintable "
        + "characters\n\n")]
    [InlineData("", "x",
        "1 error occurred:\n\t* custom_metadata validation failed: length of key \"\" is 0 but must be "
        + "0 < len(key) <= 128\n\n")]
    [InlineData("a", "",
        "1 error occurred:\n\t* custom_metadata validation failed: length of value for key \"a\" is 0 "
        + "but must be 0 < len(value) <= 512\n\n")]
    public async Task NotesThatAreNoneAreRefusedByName(string key, string value, string error)
    {
        await using var node = await StartAsync();
        var fault = await node.FaultAsync(Operation.Update, "kv/metadata/x",
            $$$"""{"custom_metadata":{"{{{key}}}":"{{{value}}}"} }""");
        Assert.Equal(error, fault.Message);
    }

    [Fact]
    public async Task SubkeysTakeAVersionAndADepth()
    {
        await using var node = await StartAsync();
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"old":{"deep":"secret"}}}""");
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"new":"secret"}}""");
        Assert.Equal("""{"new":null}""",
            Json(await node.DataAsync(Operation.Read, "kv/subkeys/x"))["subkeys"]!.ToJsonString());
        var older = await node.DataAsync(
            Operation.Read, "kv/subkeys/x", "", LiveNode.Root, ("version", "1"), ("depth", "1"));
        Assert.Equal("""{"old":null}""", Json(older)["subkeys"]!.ToJsonString());
        Assert.Equal(1, (int)Json(older)["metadata"]!["version"]!);
        await node.DataAsync(Operation.Delete, "kv/data/x");
        using var gone = await node.SendAsync(Operation.Read, "kv/subkeys/x");
        Assert.Equal(404, gone.Status);
    }

    [Fact]
    public async Task CustomMetadataIsShownWithDataAndMetadataAndCanBePatched()
    {
        await using var node = await StartAsync();
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"a":1}}""");
        await node.DataAsync(Operation.Update, "kv/metadata/x", """{"custom_metadata":{"owner":"ann","env":"prod"}}""");
        await node.DataAsync(
            Operation.Patch, "kv/metadata/x", """{"custom_metadata":{"env":null,"team":7},"max_versions":4}""");
        const string wanted = """{"owner":"ann","team":"7"}""";
        var metadata = Json(await node.DataAsync(Operation.Read, "kv/metadata/x"));
        Assert.True(JsonNode.DeepEquals(Json(wanted), metadata["custom_metadata"]));
        Assert.Equal(4, (int)metadata["max_versions"]!);
        var data = Json(await node.DataAsync(Operation.Read, "kv/data/x"));
        Assert.True(JsonNode.DeepEquals(Json(wanted), data["metadata"]!["custom_metadata"]));
        await node.DataAsync(Operation.Patch, "kv/metadata/x", """{"custom_metadata":null}""");
        Assert.Null(Json(await node.DataAsync(Operation.Read, "kv/metadata/x"))["custom_metadata"]);
        Assert.Equal(FaultKind.NotFound, (await node.FaultAsync(Operation.Patch, "kv/metadata/none", "{}")).Kind);
    }

    [Fact]
    public async Task NotesMadeBeforeTheSecretWaitForItAndGoWithIt()
    {
        await using var node = await StartAsync();
        await node.DataAsync(Operation.Update, "kv/metadata/x", """{"custom_metadata":{"owner":"ann"}}""");
        Assert.Equal("", await node.DataAsync(Operation.Read, "kv/metadata/x"));
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"a":1}}""");
        var metadata = Json(await node.DataAsync(Operation.Read, "kv/metadata/x"));
        Assert.Equal("ann", (string)metadata["custom_metadata"]!["owner"]!);
        await node.DataAsync(Operation.Delete, "kv/metadata/x");
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"a":1}}""");
        Assert.Null(Json(await node.DataAsync(Operation.Read, "kv/metadata/x"))["custom_metadata"]);
    }

    [Theory]
    [InlineData(CustomMetadata.MostKeys, 1, 1, true)]
    [InlineData(CustomMetadata.MostKeys + 1, 1, 1, false)]
    [InlineData(1, CustomMetadata.MostKeyBytes, 1, true)]
    [InlineData(1, CustomMetadata.MostKeyBytes + 1, 1, false)]
    [InlineData(1, 4, CustomMetadata.MostValueBytes, true)]
    [InlineData(1, 4, CustomMetadata.MostValueBytes + 1, false)]
    [InlineData(1, 4, 0, false)]
    public async Task CustomMetadataHasLimits(int keys, int keyBytes, int valueBytes, bool isAllowed)
    {
        await using var node = await StartAsync();
        var map = new JsonObject();
        for (var i = 0; i < keys; i++)
            map[keys == 1 ? new string('k', keyBytes) : $"k{i}"] = new string('v', valueBytes);
        using var response = await node.SendAsync(Operation.Update, "kv/metadata/x",
            new JsonObject { ["max_versions"] = 2, ["custom_metadata"] = map }.ToJsonString());
        Assert.Equal(isAllowed, response.Fault is null);
        if (!isAllowed) Assert.Contains("custom_metadata validation failed", response.Fault!.Message);
    }

    [Fact]
    public async Task ListsComeInPages()
    {
        await using var node = await StartAsync();
        foreach (var name in (string[])["a", "b", "dir/x", "dir/y", "e"])
            await node.DataAsync(Operation.Update, $"kv/data/{name}", """{"data":{}}""");
        Task<string> PageAsync(params (string, string)[] query) =>
            node.DataAsync(Operation.List, "kv/metadata", "", LiveNode.Root, query);
        Assert.Equal("""{"keys":["b","dir/"]}""", await PageAsync(("after", "a"), ("limit", "2")));
        Assert.Equal("""{"keys":["e"]}""", await PageAsync(("after", "dir/")));
        Assert.Equal("""{"keys":["a","b","dir/","e"]}""", await PageAsync(("limit", "-1")));
    }

    [Fact]
    public async Task ASecretOfManyVersionsIsDestroyedAndRemovedWithoutALeftover()
    {
        await using var node = await StartAsync();
        var storage = node.Kernel.Mounts.Current.At("kv/")!.Storage;
        await node.DataAsync(Operation.Update, "kv/config", """{"max_versions":400}""");
        var large = new string('x', SecretRecord.MostKeptBytes); // small ones would stay in the secret's own record
        for (var i = 0; i < 300; i++)
            await node.DataAsync(Operation.Update, "kv/data/x", $$$"""{"data":{"v":"{{{large}}}"}}""");
        Assert.Equal(299, (await storage.ScanAsync("v/", "", 0, default)).Count);
        var half = string.Join(',', Enumerable.Range(1, 150));
        await node.DataAsync(Operation.Update, "kv/destroy/x", $$"""{"versions":[{{half}}]}""");
        Assert.Equal(149, (await storage.ScanAsync("v/", "", 0, default)).Count);
        await node.DataAsync(Operation.Update, "kv/config", """{"max_versions":1}""");
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"v":2}}""");
        Assert.Single(Json(await node.DataAsync(Operation.Read, "kv/metadata/x"))["versions"]!.AsObject());
        await node.DataAsync(Operation.Delete, "kv/metadata/x");
        Assert.Equal(["config"], await storage.ScanAsync("", "", 0, default));
    }

    [Fact]
    public async Task ASecretThatNoStoreValueCanHoldIs413AndChangesNothing()
    {
        await using var node = await StartAsync();
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"v":1}}""");
        var large = new string('x', Kist.Kernel.Barrier.Storage.MaxValueBytes);
        var fault = await node.FaultAsync(Operation.Update, "kv/data/x", $$$"""{"data":{"v":"{{{large}}}"}}""");
        Assert.Equal(FaultKind.TooLarge, fault.Kind);
        Assert.StartsWith("the secret is too large", fault.Message);
        Assert.Equal(1, (int)Json(await node.DataAsync(Operation.Read, "kv/data/x"))["metadata"]!["version"]!);
        var fits = new string('x', Kist.Kernel.Barrier.Storage.MaxValueBytes - 500);
        await node.DataAsync(Operation.Update, "kv/data/x", $$$"""{"data":{"v":"{{{fits}}}"}}""");
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"v":3}}""");
        var older = await node.DataAsync(Operation.Read, "kv/data/x", "", LiveNode.Root, ("version", "2"));
        Assert.Equal(fits.Length, ((string)Json(older)["data"]!["v"]!).Length);
    }

    [Fact]
    public async Task AVersionIsDeletedWhenItsTimeHasCome()
    {
        await using var node = await StartAsync();
        await node.DataAsync(Operation.Update, "kv/config", """{"delete_version_after":"1h"}""");
        await node.DataAsync(Operation.Update, "kv/data/x", """{"data":{"v":1}}""");
        node.Clock.Advance(TimeSpan.FromMinutes(59));
        using (var alive = await node.SendAsync(Operation.Read, "kv/data/x")) Assert.Null(alive.Status);
        node.Clock.Advance(TimeSpan.FromMinutes(1));
        using (var gone = await node.SendAsync(Operation.Read, "kv/data/x")) Assert.Equal(404, gone.Status);
        await node.DataAsync(Operation.Update, "kv/undelete/x", """{"versions":[1]}""");
        using var back = await node.SendAsync(Operation.Read, "kv/data/x");
        Assert.Null(back.Status);
    }

    [Fact]
    public async Task OfFiftyParallelWritesOnOneVersionExactlyOneSucceeds()
    {
        await using var node = await StartAsync();
        for (var version = 0; version < 6; version++)
        {
            var body = $$$"""{"options":{"cas":{{{version}}}},"data":{"v":1}}""";
            var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () =>
            {
                using var response = await node.SendAsync(Operation.Update, "kv/data/x", body);
                return response.Fault?.Message;
            })));
            Assert.Single(answers, a => a is null);
            Assert.Equal(49, answers.Count(a => a == "check-and-set parameter did not match the current version"));
        }
        Assert.Equal(6, (int)Json(await node.DataAsync(Operation.Read, "kv/data/x"))["metadata"]!["version"]!);
    }

    [Fact]
    public async Task AnUpgradeShowsUnversionedSecretsAsTheirFirstVersionAndCannotBeUndone()
    {
        await using var node = await LiveNode.StartAsync();
        var entry = (await node.MountAsync("old/", "kv")).Entry;
        await node.DataAsync(Operation.Update, "old/a/b", """{"v":"one"}""");
        var two = entry with { Options = new Dictionary<string, string> { ["version"] = "2" } };
        Assert.Null(await node.Kernel.Mounts.TuneAsync(two, default));
        Assert.Equal("one", (string)Json(await node.DataAsync(Operation.Read, "old/data/a/b"))["data"]!["v"]!);
        await node.DataAsync(Operation.Update, "old/data/a/b", """{"options":{"cas":1},"data":{"v":"two"}}""");
        var first = await node.DataAsync(Operation.Read, "old/data/a/b", "", LiveNode.Root, ("version", "1"));
        Assert.Equal("one", (string)Json(first)["data"]!["v"]!);
        var refusal = await node.Kernel.Mounts.TuneAsync(entry, default);
        Assert.Equal("cannot downgrade mount from version 2", refusal!.Message);
    }
}
