using System.Net;
using Kist.Client.Api;

namespace Kist.Client.Tests.Api;

public sealed class ApiTests(TestServer server)
{
    [Fact]
    public async Task VersionsAreWrittenReadDeletedAndBroughtBack()
    {
        await using var client = server.NewClient();
        var kv = client.Kv2("secret");
        var path = $"{TestServer.NewName()}/with space/ünïcode?#&";
        Assert.Null(await kv.ReadAsync(path));
        Assert.Equal(1, await kv.WriteAsync(path, Fields(("user", "app"), ("password", "one\"\\ü\n")), replaces: 0));
        Assert.Equal(2, await kv.WriteAsync(path, Fields(("user", "app"), ("password", "two")), replaces: 1));
        var conflict = await Assert.ThrowsAsync<KistException>(
            () => kv.WriteAsync(path, Fields(("a", "b")), replaces: 1));
        Assert.Equal(KistFailure.Invalid, conflict.Failure);

        var first = await kv.ReadAsync(path, 1);
        Assert.Equal("one\"\\ü\n", first!["password"].Reveal());
        Assert.Equal(1, first.Version);
        Assert.Equal(3, await kv.PatchAsync(path, [new("user", null), new("port", "5432")]));
        Assert.Equal(["password", "port"], (await kv.ReadAsync(path))!.Fields.Order());

        await kv.DeleteAsync(path);
        Assert.Null(await kv.ReadAsync(path));
        await kv.UndeleteAsync(path, [3]);
        Assert.NotNull(await kv.ReadAsync(path));
        await kv.DestroyAsync(path, [1]);
        await kv.SetCustomAsync(path, Fields(("owner", "team")));
        var metadata = await kv.MetadataAsync(path);
        Assert.Equal(3, metadata!.Current);
        Assert.True(metadata.Versions[0].IsDestroyed);
        Assert.False(metadata.Versions[2].IsDestroyed);
        Assert.Equal("team", metadata.Custom["owner"]);
        await kv.PurgeAsync(path);
        Assert.Null(await kv.MetadataAsync(path));
    }

    [Fact]
    public async Task TheUnversionedMountReadsWhatWasWritten()
    {
        await using var client = server.NewClient();
        var mount = TestServer.NewName();
        await client.Sys.MountAsync(mount, "kv", new Dictionary<string, string> { ["version"] = "1" });
        var kv = client.Kv1(mount);
        await kv.WriteAsync("a/b", json =>
        {
            json.WriteString("text", "x");
            json.WriteNumber("number", 12);
            json.WriteStartArray("list");
            json.WriteBooleanValue(true);
            json.WriteEndArray();
        });
        var secret = await kv.ReadAsync("a/b");
        Assert.Equal("12", secret!["number"].Reveal());
        Assert.Equal("[true]", secret["list"].Reveal());
        Assert.Equal(["a/"], await kv.ListAsync());
        Assert.Equal(["b"], await kv.ListAsync("a"));
        await kv.DeleteAsync("a/b");
        Assert.Null(await kv.ReadAsync("a/b"));
        Assert.Empty(await kv.ListAsync());
        Assert.Contains(await client.Sys.MountsAsync(), m => m.Path == mount + "/" && m.Options["version"] == "1");
        await client.Sys.UnmountAsync(mount);
        Assert.DoesNotContain(await client.Sys.MountsAsync(), m => m.Path == mount + "/");
    }

    [Fact]
    public async Task TokensAreMadeLookedUpRenewedAndRevoked()
    {
        await using var client = server.NewClient();
        var policy = TestServer.NewName();
        await client.Sys.WritePolicyAsync(policy, """path "secret/data/x" { capabilities = ["read"] }""");
        Assert.Contains(policy, await client.Sys.PoliciesAsync());
        Assert.Contains("secret/data/x", await client.Sys.PolicyAsync(policy));
        using var grant = await client.Tokens.CreateAsync(
            new TokenWish { Policies = [policy], Duration = TimeSpan.FromHours(1), DisplayName = "app" });
        Assert.Equal(TimeSpan.FromHours(1), grant.Duration);
        Assert.Contains(policy, (await client.Tokens.LookUpAsync(grant.Accessor)).Policies);
        using (var renewed = await client.Tokens.RenewAsync(grant.Accessor, TimeSpan.FromMinutes(90)))
            Assert.Equal(TimeSpan.FromMinutes(90), renewed.Duration);

        await using var app = server.NewClient(Kist.Client.Logins.TokenLogin.Of(grant.Token.RevealText()));
        Assert.Equal(["read"], await app.Sys.CapabilitiesAsync("secret/data/x"));
        var denied = await Assert.ThrowsAsync<KistException>(() => app.ReadAsync("secret/data/y"));
        Assert.Equal(KistFailure.Denied, denied.Failure);
        Assert.Equal(HttpStatusCode.Forbidden, denied.Status);
        Assert.Contains("permission denied", denied.Errors[0]);

        await client.Tokens.RevokeAsync(grant.Accessor);
        await client.Sys.DeletePolicyAsync(policy);
        Assert.Null(await client.Sys.PolicyAsync(policy));
    }

    [Fact]
    public async Task AnAnswerIsWrappedAndOpenedOnce()
    {
        await using var client = server.NewClient();
        using var wrapped = await client.Wrapping.WrapAsync(
            json => json.WriteString("a", "b"), TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromMinutes(1), wrapped.Duration);
        using (var answer = await client.Wrapping.UnwrapAsync(wrapped.Token))
            Assert.Equal("b", answer.Data.GetProperty("a").GetString());
        var again = await Assert.ThrowsAsync<KistException>(() => client.Wrapping.UnwrapAsync(wrapped.Token));
        Assert.Equal(KistFailure.Invalid, again.Failure);
    }

    [Fact]
    public async Task TheServerSaysHowItIs()
    {
        await using var client = server.NewClient();
        var health = await client.Sys.HealthAsync();
        Assert.True(health is { IsInitialized: true, IsSealed: false, IsStandby: false });
        Assert.Contains(await client.Sys.AuthMountsAsync(), m => m.Path == "token/");
        Assert.Null(await client.Leases.LookUpAsync("no/such/lease"));
    }

    [Fact]
    public async Task AnyPathIsReachedWithoutAMethodOfItsOwn()
    {
        await using var client = server.NewClient();
        using (await client.WriteAsync("cubbyhole/x", json => json.WriteString("a", "b")))
        using (var answer = await client.ReadAsync("cubbyhole/x"))
            Assert.Equal("b", answer!.Data.GetProperty("a").GetString());
        Assert.Equal(["x"], await client.ListAsync("cubbyhole"));
        await client.DeleteAsync("cubbyhole/x");
        Assert.Null(await client.ReadAsync("cubbyhole/x"));
        await Assert.ThrowsAsync<KistException>(() => client.ReadAsync("secret/../sys/seal"));
    }

    private static KeyValuePair<string, string>[] Fields(params (string Name, string Value)[] fields) =>
        [.. fields.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))];
}
