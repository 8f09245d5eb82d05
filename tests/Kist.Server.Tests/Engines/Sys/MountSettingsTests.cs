using System.Text.Json;
using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Engines.Sys;

/// <summary>What newer versions of Vault let one set on a mount, as its handlers answer it.</summary>
public sealed class MountSettingsTests
{
    [Fact]
    public async Task LockoutIsSetByOneNameAndReadByAnother()
    {
        await using var node = await LiveNode.StartAsync();
        await node.DataAsync(Operation.Update, "sys/auth/ar", """
            {"type":"approle","config":{"user_lockout_config":{"lockout_threshold":"7","lockout_duration":"5m"}}}
            """);
        await node.DataAsync(Operation.Update, "sys/auth/ar/tune",
            """{"user_lockout_config":{"lockout_counter_reset_duration":"2m","lockout_disable":true}}""");
        const string expected = "\"user_lockout_counter_reset_duration\":120,\"user_lockout_threshold\":7,"
            + "\"user_lockout_duration\":300,\"user_lockout_disable\":true";
        Assert.Contains("," + expected, await node.DataAsync(Operation.Read, "sys/auth/ar/tune"));
        Assert.Contains("\"user_lockout_config\":{" + expected + "}", await node.DataAsync(Operation.Read, "sys/auth"));
    }

    [Theory]
    [InlineData("sys/mounts/kv/tune", """{"user_lockout_config":{"lockout_threshold":"5"}}""",
        "tuning of user lockout configuration for auth type \"kv\" not allowed")]
    [InlineData("sys/mounts/kv/tune", """{"plugin_version":"abc"}""",
        "version \"abc\" is not a valid semantic version: Malformed version: abc")]
    [InlineData("sys/mounts/kv/tune", """{"plugin_version":"v9.9.9"}""",
        "cannot select non-builtin version of secrets plugin kv")]
    [InlineData("sys/mounts/x", """{"type":"kv","config":{"plugin_version":"1.0.0"}}""",
        "cannot select non-builtin version of secrets plugin kv")]
    [InlineData("sys/mounts/x", """{"type":"kv","plugin_version":"1.0.0"}""",
        "cannot select non-builtin version of secrets plugin kv")]
    [InlineData("sys/auth/x", """{"type":"approle","plugin_version":"1.0.0"}""",
        "cannot select non-builtin version of auth plugin approle")]
    [InlineData("sys/auth/x", """{"type":"approle","options":{"version":"1"}}""",
        "auth method \"approle\" does not allow setting a version")]
    [InlineData("sys/mounts/x", """{"type":"transit","options":{"version":"1"}}""",
        "secrets engine \"transit\" does not allow setting a version")]
    [InlineData("sys/mounts/x", """{"type":"plugin"}""", "plugin_name must be provided for plugin backend")]
    [InlineData("sys/remount", """{"from":"kv","to":"kv/below"}""", "existing mount at \"kv/\"")]
    [InlineData("sys/remount", """{"from":"deep/a","to":"deep"}""", "existing mount at \"deep/b/\"")]
    public async Task WhatAMountCannotHaveIsRefused(string path, string body, string error)
    {
        await using var node = await LiveNode.StartAsync();
        foreach (var mount in (string[])["kv/", "deep/a/", "deep/b/"]) await node.MountAsync(mount, "kv", "1");
        var before = node.Kernel.Mounts.Current.All.Select(m => m.Path).ToList();
        Assert.Equal(error, (await node.FaultAsync(Operation.Update, path, body)).Text);
        Assert.Equal(before, node.Kernel.Mounts.Current.All.Select(m => m.Path));
    }

    [Fact]
    public async Task ItsOwnVersionCanBeAskedFor()
    {
        await using var node = await LiveNode.StartAsync();
        await node.DataAsync(Operation.Update, "sys/mounts/x",
            """{"type":"plugin","plugin_name":"kv","config":{"plugin_version":"v1.15.0+builtin.kist"}}""");
        using var mounts = JsonDocument.Parse(await node.DataAsync(Operation.Read, "sys/mounts"));
        var shown = mounts.RootElement.GetProperty("x/");
        Assert.Equal(("kv", ""),
            (shown.GetProperty("type").GetString(), shown.GetProperty("plugin_version").GetString()));
        Assert.False(shown.GetProperty("config").TryGetProperty("plugin_version", out _));
        Assert.Equal("supported", shown.GetProperty("deprecation_status").GetString());
        Assert.False(mounts.RootElement.GetProperty("cubbyhole/").TryGetProperty("deprecation_status", out _));
    }

    [Theory]
    [InlineData("audit_non_hmac_request_keys")]
    [InlineData("audit_non_hmac_response_keys")]
    [InlineData("passthrough_request_headers")]
    [InlineData("allowed_response_headers")]
    public async Task AListThatWasEmptiedIsNotShown(string key)
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "kv", "1");
        await node.DataAsync(Operation.Update, "sys/mounts/kv/tune", $$"""{"{{key}}":["a"]}""");
        Assert.Contains(key, await node.DataAsync(Operation.Read, "sys/mounts/kv/tune"));
        await node.DataAsync(Operation.Update, "sys/mounts/kv/tune", $$"""{"{{key}}":[]}""");
        Assert.DoesNotContain(key, await node.DataAsync(Operation.Read, "sys/mounts/kv/tune"));
    }

    [Theory]
    [InlineData("sys/leases/revoke-prefix/kv", """{"sync":false}""", 202)]
    [InlineData("sys/leases/revoke-prefix/kv", """{"sync":true}""", null)]
    [InlineData("sys/leases/revoke-prefix/kv", "", null)]
    [InlineData("sys/revoke-prefix/kv", """{"sync":false}""", 202)]
    [InlineData("sys/leases/revoke", """{"lease_id":"none","sync":false}""", 202)]
    [InlineData("sys/leases/revoke-force/kv", """{"sync":false}""", null)]
    [InlineData("sys/leases/tidy", "", 202)]
    [InlineData("sys/config/ui/headers/X-Own", """{"values":["a"]}""", 200)]
    [InlineData("sys/config/ui/headers/content-security-policy", """{"values":["a"]}""", 200)]
    public async Task AnAnswerWithoutDataHasItsStatus(string path, string body, int? status)
    {
        await using var node = await LiveNode.StartAsync();
        using var answer = await node.SendAsync(Operation.Update, path, body);
        Assert.Null(answer.Fault);
        Assert.Equal(status, answer.Status);
        Assert.Equal(path.Contains("tidy") || path.Contains("security"), answer.Warnings is [_]);
    }

    [Theory]
    [InlineData("sys/capabilities", "{}", "no token found")]
    [InlineData("sys/config/ui/headers/X-Own", "{}", "header and values must be specified")]
    [InlineData("sys/quotas/rate-limit/q", """{"rate":10,"path":"nosuch"}""", "invalid mount path \"nosuch/\"")]
    [InlineData("auth/token/roles/r", """{"token_num_uses":-1}""",
        "error parsing role fields: 'token_num_uses' cannot be negative")]
    [InlineData("auth/token/create", """{"num_uses":1.5}""",
        "Field validation failed: error converting input for field \"num_uses\": expected a whole number")]
    public async Task ARefusalHasVaultsWords(string path, string body, string error)
    {
        await using var node = await LiveNode.StartAsync();
        Assert.Equal(error, (await node.FaultAsync(Operation.Update, path, body)).Message);
    }

    [Theory]
    [InlineData("null", true)]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public async Task ATokenIsRenewableUnlessItSaysOtherwise(string renewable, bool isRenewable)
    {
        await using var node = await LiveNode.StartAsync();
        using var answer = await node.SendAsync(Operation.Update, "auth/token/create",
            $$"""{"policies":["default"],"renewable":{{renewable}}}""");
        Assert.Equal(isRenewable, answer.Token!.Entry.Renewable);
    }
}
