using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Engines.Sys;

public sealed class MountRulesTests
{
    [Theory]
    [InlineData("sys/mounts/sys/foo", """{"type":"kv"}""", "cannot mount \"sys/foo/\"")]
    [InlineData("sys/mounts/auth/foo", """{"type":"kv"}""", "cannot mount \"auth/foo/\"")]
    [InlineData("sys/mounts/x", """{"type":"system"}""", "mount type of \"system\" is not mountable")]
    [InlineData("sys/auth/x", """{"type":"token"}""", "token credential backend cannot be instantiated")]
    [InlineData("sys/auth/token/x", """{"type":"approle"}""", "path is already in use at token/")]
    [InlineData("sys/mounts/x", """{"type":"kv","config":{"default_lease_ttl":"3h","max_lease_ttl":"1h"}}""",
        "given default lease TTL greater than given max lease TTL")]
    [InlineData("sys/mounts/x", """{"type":"kv","config":{"listing_visibility":"junk"}}""",
        "invalid listing_visibility junk")]
    [InlineData("sys/auth/x", """{"type":"approle","config":{"token_type":"junk"}}""",
        "invalid value for 'token_type'")]
    public async Task AWrongMountIsRefusedAndNotMade(string path, string body, string error)
    {
        await using var node = await LiveNode.StartAsync();
        var before = node.Kernel.Mounts.Current.All.Count;
        Assert.Equal(error, (await node.FaultAsync(Operation.Update, path, body)).Text);
        Assert.Equal(before, node.Kernel.Mounts.Current.All.Count);
    }

    [Theory]
    [InlineData("kv", "sys", "existing mount at \"sys/\"")]
    [InlineData("kv", "sys/x", "existing mount at \"sys/\"")]
    [InlineData("kv", "auth/x", "cannot remount non-auth mount to auth mount \"auth/x/\"")]
    [InlineData("kv", "audit/x", "cannot mount \"audit/x/\"")]
    [InlineData("auth/ar", "x", "cannot remount auth mount to non-auth mount \"x/\"")]
    [InlineData("auth/token", "auth/x", "cannot remount \"auth/token/\"")]
    [InlineData("cubbyhole", "x", "cannot remount \"cubbyhole/\"")]
    [InlineData("nosuch", "x", "no matching mount at \"nosuch/\"")]
    [InlineData("kv", "a//b", "invalid 'to': path has an empty segment")]
    public async Task AMoveThatWouldBreakSomethingIsRefused(string from, string to, string error)
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "kv", "1");
        await node.MountAsync("auth/ar/", "approle");
        var fault = await node.FaultAsync(Operation.Update, "sys/remount", $$"""{"from":"{{from}}","to":"{{to}}"}""");
        Assert.Equal(error, fault.Text);
        Assert.NotNull(node.Kernel.Mounts.Current.At("kv/"));
        Assert.NotNull(node.Kernel.Mounts.Current.At("auth/ar/"));
    }

    [Fact]
    public async Task AMovedMountKeepsItsNameAndItsSecrets()
    {
        await using var node = await LiveNode.StartAsync();
        var uuid = (await node.MountAsync("kv/", "kv", "1")).Entry.Uuid;
        await node.DataAsync(Operation.Update, "kv/x", """{"v":"1"}""");
        await node.DataAsync(Operation.Update, "sys/remount", """{"from":"kv","to":"deep/kv"}""");
        Assert.Equal("""{"v":"1"}""", await node.DataAsync(Operation.Read, "deep/kv/x"));
        Assert.Equal(uuid, node.Kernel.Mounts.Current.At("deep/kv/")!.Entry.Uuid);
    }

    [Fact]
    public async Task TuningChangesNothingWhenAnyOfItIsWrong()
    {
        await using var node = await LiveNode.StartAsync();
        var entry = (await node.MountAsync("kv/", "kv", "1")).Entry;
        await node.FaultAsync(Operation.Update, "sys/mounts/kv/tune",
            """{"description":"new","default_lease_ttl":"1h","listing_visibility":"junk"}""");
        await node.FaultAsync(
            Operation.Update, "sys/mounts/kv/tune", """{"description":"new","options":{"version":"3"}}""");
        Assert.Same(entry, node.Kernel.Mounts.Current.At("kv/")!.Entry);
    }

    [Fact]
    public async Task ATtlOfTheSystemIsGivenBack()
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("kv/", "kv", "1");
        await node.DataAsync(
            Operation.Update, "sys/mounts/kv/tune", """{"default_lease_ttl":"1h","max_lease_ttl":7200}""");
        Assert.Equal(TimeSpan.FromHours(2), node.Kernel.Mounts.Current.At("kv/")!.Entry.MaxLeaseTtl);
        await node.DataAsync(Operation.Update, "sys/mounts/kv/tune",
            """{"default_lease_ttl":"system","max_lease_ttl":"system"}""");
        Assert.Equal(TimeSpan.Zero, node.Kernel.Mounts.Current.At("kv/")!.Entry.MaxLeaseTtl);
    }

    [Fact]
    public async Task AnAnnouncedEngineCanBeMountedAndAnswersNothing()
    {
        await using var node = await LiveNode.StartAsync();
        await node.DataAsync(Operation.Update, "sys/mounts/t", """{"type":"transit"}""");
        Assert.Same(Fault.UnsupportedPath, await node.FaultAsync(Operation.Update, "t/keys/a", "{}"));
        await node.DataAsync(Operation.Delete, "sys/mounts/t");
        Assert.Null(node.Kernel.Mounts.Current.At("t/"));
    }

    [Fact]
    public async Task WhatNewerClientsSendIsKept()
    {
        await using var node = await LiveNode.StartAsync();
        await node.DataAsync(Operation.Update, "sys/auth/ar", """
            {"type":"approle","config":{"identity_token_key":"k","user_lockout_config":{"lockout_threshold":"5",
            "lockout_duration":"10m","lockout_counter_reset":60,"lockout_disable":true}}}
            """);
        var entry = node.Kernel.Mounts.Current.At("auth/ar/")!.Entry;
        Assert.Equal(new UserLockout(5, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(1), true), entry.UserLockout);
        Assert.Equal("k", entry.IdentityTokenKey);
    }
}
