using System.Text.Json.Nodes;
using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Engines.Sys;

/// <summary>What every <c>kv</c> command asks first.</summary>
public sealed class PreflightTests
{
    private static async Task<string> TokenAsync(LiveNode node, string policy)
    {
        var body = new JsonObject { ["policy"] = policy }.ToJsonString();
        await node.DataAsync(Operation.Update, "sys/policies/acl/p", body);
        using var made = await node.SendAsync(Operation.Update, "auth/token/create", """{"policies":["p"]}""");
        return made.Token!.Token;
    }

    [Fact]
    public async Task WhoeverMayReadOneSecretLearnsTheVersionOfItsMount()
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "kv", "2");
        var token = await TokenAsync(node, "path \"kv/data/app\" { capabilities = [\"read\"] }");
        var mount = JsonNode.Parse(await node.DataAsync(Operation.Read, "sys/internal/ui/mounts/kv/app", "", token))!;
        Assert.Equal(("kv/", "kv", "2"),
            ((string?)mount["path"], (string?)mount["type"], (string?)mount["options"]?["version"]));
    }

    [Theory]
    [InlineData("kv/app", "kv/app/")]
    [InlineData("nosuch", "nosuch/")]
    public async Task NobodyElseLearnsWhetherThereIsAMount(string path, string shown)
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "kv", "2");
        var token = await TokenAsync(node, "path \"other/*\" { capabilities = [\"read\"] }");
        var fault = await node.FaultAsync(Operation.Read, "sys/internal/ui/mounts/" + path, "", token);
        Assert.Equal((FaultKind.Denied,
            "preflight capability check returned 403, please ensure client's policies grant "
            + $"access to path \"{shown}\""), (fault.Kind, fault.Text));
    }

    [Fact]
    public async Task WithoutATokenOnlyOpenMountsAreListed()
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "kv", "2");
        await node.DataAsync(
            Operation.Update, "sys/auth/ar", """{"type":"approle","config":{"listing_visibility":"unauth"}}""");
        var mounts = JsonNode.Parse(await node.DataAsync(Operation.Read, "sys/internal/ui/mounts", "", ""))!;
        Assert.Equal(["ar/"], mounts["auth"]!.AsObject().Select(m => m.Key));
        Assert.Empty(mounts["secret"]!.AsObject());
    }
}
