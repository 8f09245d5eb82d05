using Kist.Kernel.Identity;
using Kist.Kernel.Tokens;
using Xunit;

namespace Kist.Kernel.Tests.Identity;

public sealed class LoginTests
{
    [Fact]
    public async Task Spellings_of_a_login_name_lead_to_one_entity()
    {
        await using var node = await IdentityNode.StartAsync();
        var id = await node.LogInAsync("alice");
        Assert.Equal(id, await node.LogInAsync("Alice"));
        Assert.Single(await node.Identity.IdsAsync(IdentityKind.Entity, "", 0, default));
        Assert.Equal([id], [(await node.Identity.EntityAsync(id, default))!.Id]);
        var other = await node.MountAsync("auth/elsewhere/");
        var (elsewhere, _) = await node.Identity.LoginAsync(other, new LoginAlias("alice"), [], default);
        Assert.NotEqual(id, elsewhere);
    }

    [Fact]
    public async Task Many_first_logins_at_once_make_one_entity()
    {
        await using var node = await IdentityNode.StartAsync();
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => node.LogInAsync("alice"))));
        Assert.Single(ids.Distinct());
        Assert.Single(await node.Identity.IdsAsync(IdentityKind.Alias, "", 0, default));
    }

    [Fact]
    public async Task A_known_login_changes_no_generation_and_new_metadata_does()
    {
        await using var node = await IdentityNode.StartAsync();
        var id = await node.LogInAsync("alice");
        await node.Identity.ViewAsync(id, default);
        var before = node.Identity.Generation;
        await node.LogInAsync("alice");
        Assert.Equal(before, node.Identity.Generation);

        var about = new Dictionary<string, string> { ["team"] = "red" };
        await node.Identity.LoginAsync(node.Login, new LoginAlias("alice", about), [], default);
        Assert.NotEqual(before, node.Identity.Generation);
        var view = await node.Identity.ViewAsync(id, default);
        Assert.Equal("red", view!.Subject.Aliases[node.Accessor].Metadata["team"]);
    }

    [Fact]
    public async Task External_groups_follow_each_login()
    {
        await using var node = await IdentityNode.StartAsync();
        foreach (var name in (string[])["red", "blue"])
        {
            var group = await node.GroupAsync(name, type: "external", policies: name);
            Assert.Null((await node.Identity.WriteGroupAliasAsync(
                new AliasWish("", name, node.Accessor, group.Id, null), default)).Fault);
        }
        var id = await node.LogInAsync("alice", "red", "unknown");
        Assert.Equal(["red"], await node.PoliciesOfAsync(id));
        await node.LogInAsync("alice", "Blue");
        Assert.Equal(["blue"], await node.PoliciesOfAsync(id));
        await node.LogInAsync("alice");
        Assert.Empty(await node.PoliciesOfAsync(id));
    }

    [Fact]
    public async Task A_login_leaves_internal_groups_and_those_of_other_mounts_alone()
    {
        await using var node = await IdentityNode.StartAsync();
        var id = await node.LogInAsync("alice");
        await node.GroupAsync("internal", [id], policies: "internal");
        var other = await node.MountAsync("auth/elsewhere/");
        var group = await node.GroupAsync("foreign", type: "external", policies: "foreign");
        await node.Identity.WriteGroupAliasAsync(
            new AliasWish("", "foreign", other.Entry.Accessor, group.Id, null), default);
        await node.Identity.WriteAliasAsync(new AliasWish("", "alice", other.Entry.Accessor, id, null), default);
        await node.Identity.LoginAsync(other, new LoginAlias("alice"), ["foreign"], default);

        await node.LogInAsync("alice");
        Assert.Equal(["foreign", "internal"], await node.PoliciesOfAsync(id));
    }

    [Fact]
    public async Task A_disabled_entity_cannot_log_in()
    {
        await using var node = await IdentityNode.StartAsync();
        var id = await node.LogInAsync("alice");
        await node.Identity.WriteEntityAsync(new EntityWish(id, "", null, null, true), default);
        var (_, fault) = await node.Identity.LoginAsync(node.Login, new LoginAlias("ALICE"), [], default);
        Assert.Equal("permission denied", fault!.Text);
    }

    [Fact]
    public async Task A_moved_alias_brings_the_login_to_its_new_entity()
    {
        await using var node = await IdentityNode.StartAsync();
        var old = await node.LogInAsync("alice");
        var target = await node.EntityAsync("target");
        var alias = (await node.Identity.EntityAsync(old, default))!.AliasIds[0];
        var moved = await node.Identity.WriteAliasAsync(new AliasWish(alias, "", "", target.Id, null), default);
        Assert.Equal(target.Id, moved.Alias!.CanonicalId);
        Assert.Equal(target.Id, await node.LogInAsync("alice"));
        Assert.Empty((await node.Identity.EntityAsync(old, default))!.AliasIds);
        var same = await node.Identity.WriteAliasAsync(
            new AliasWish("", "alice", node.Accessor, target.Id, null), default);
        Assert.Equal((null, null), same);
    }
}
