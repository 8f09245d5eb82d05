using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>Policies and tokens for attacks.</summary>
internal static class TokenPolicies
{
    /// <summary>Writes a policy of this text and returns its name.</summary>
    public static async Task<string> PolicyAsync(AttackedServer attacked, string text)
    {
        var name = attacked.NewName("attack");
        var body = new JsonObject { ["policy"] = text }.ToJsonString();
        var written = await attacked.AsRootAsync("PUT", "/v1/sys/policies/acl/" + name, body);
        Assert.True(written.Status == 204, written.Text);
        return name;
    }

    /// <summary>A token with one policy of this text, and nothing else.</summary>
    public static async Task<string> TokenAsync(AttackedServer attacked, string text)
    {
        var name = await PolicyAsync(attacked, text);
        return (string)(await attacked.NewTokenAsync(
            $$"""{"policies":["{{name}}"],"no_default_policy":true,"ttl":"1h"}"""))["client_token"]!;
    }
}
