using Kist.Client.Api;
using Kist.Client.Logins;
using Kist.Secrets;

namespace Kist.Client.Tests.Api;

public sealed class OperatorTests(TestServer server)
{
    [Fact]
    public async Task PeopleAreMadeFoundAndRemoved()
    {
        await using var client = server.NewClient();
        var name = TestServer.NewName();
        await client.Sys.MountAuthAsync(name, "userpass", "for a test");
        var mount = (await client.Sys.AuthMountsAsync()).Single(m => m.Path == name + "/");
        Assert.Equal("for a test", mount.Description);
        await client.Users(name).WriteAsync("ann", SecretBytes.FromText("pw-of-ann"), ["default"]);
        Assert.Equal(["ann"], await client.Users(name).ListAsync());
        Assert.Equal(["default"], await client.Users(name).PoliciesAsync("ann"));
        Assert.Null(await client.Users(name).PoliciesAsync("nobody"));

        await client.Sys.WritePolicyAsync(name, $$"""path "secret/data/{{name}}" { capabilities = ["read"] }""");
        await client.Identity.WriteEntityAsync("ann-" + name, []);
        var entity = await client.Identity.EntityAsync("ann-" + name);
        await client.Identity.AddAliasAsync(entity!.Id, "ann", mount.Accessor);
        await client.Identity.WriteGroupAsync("team-" + name, [name], [entity.Id]);
        Assert.Equal([entity.Id], (await client.Identity.GroupAsync("team-" + name))!.Members);
        Assert.Contains("ann-" + name, await client.Identity.EntitiesAsync());
        Assert.Contains("team-" + name, await client.Identity.GroupsAsync());

        await server.PutAsync(name, "k", "for the team");
        await using var ann = server.NewClient(PostedLogin.UserPass("ann", SecretBytes.FromText("pw-of-ann"), name));
        Assert.Equal("for the team", (await ann.Secrets.GetAsync($"secret/{name}"))["k"].Reveal());

        await client.Identity.DeleteGroupAsync("team-" + name);
        await client.Identity.DeleteEntityAsync("ann-" + name);
        Assert.Null(await client.Identity.GroupAsync("team-" + name));
        Assert.Null(await client.Identity.EntityAsync("ann-" + name));
        await client.Users(name).DeleteAsync("ann");
        await client.Sys.UnmountAuthAsync(name);
    }

    [Fact]
    public async Task LimitsAreSetAndRemoved()
    {
        await using var client = server.NewClient();
        var name = TestServer.NewName();
        await client.Sys.MountAsync(name, "kv");
        await client.Sys.TuneAsync(name, TimeSpan.FromHours(1), TimeSpan.FromHours(2));
        await client.Quotas.WriteAsync(name, new RateLimit(name + "/", 1000, TimeSpan.FromSeconds(2)));
        Assert.Equal(new RateLimit(name + "/", 1000, TimeSpan.FromSeconds(2)), await client.Quotas.ReadAsync(name));
        Assert.Contains(name, await client.Quotas.ListAsync());
        await client.Quotas.DeleteAsync(name);
        Assert.Null(await client.Quotas.ReadAsync(name));
    }

    [Fact]
    public async Task AServerIsSetUpOpenedAuditedAndSealed()
    {
        await using var kist = await KistServer.StartConfiguredAsync((folder, port) => $$"""
            storage "sqlite" { path = "{{folder}}/store" }
            listener "tcp" {
              address = "127.0.0.1:{{port}}"
              tls_disable = true
            }
            audit_file_dirs = ["{{folder}}"]
            """);
        await using var nobody = TestServer.NewClient(kist.Address, change: o => o.Login = null);
        Assert.False((await nobody.Sys.HealthAsync()).IsInitialized);
        using var keys = await nobody.Seal.InitializeAsync(shares: 3, threshold: 2);
        Assert.Equal(3, keys.Keys.Count);
        Assert.Equal(1, (await nobody.Seal.UnsealAsync(keys.Keys[0])).Progress);
        Assert.False((await nobody.Seal.UnsealAsync(keys.Keys[2])).IsSealed);

        await using var root = TestServer.NewClient(kist.Address, TokenLogin.Of(keys.RootToken.RevealText()));
        var file = Path.Combine(kist.Directory, "audit.log");
        await root.Audit.EnableAsync("log", "file", new Dictionary<string, string> { ["file_path"] = file });
        Assert.Contains(await root.Audit.DevicesAsync(), d => d.Path == "log/" && d.Options["file_path"] == file);
        await root.Audit.DisableAsync("log");
        await root.Seal.SealAsync();
        var status = await nobody.Seal.StatusAsync();
        Assert.True(status is { IsInitialized: true, IsSealed: true, Threshold: 2, Shares: 3, Progress: 0 });
        Assert.True((await nobody.Sys.HealthAsync()).IsSealed);
    }
}
