using Kist.Kernel.Identity;
using Xunit;

namespace Kist.Kernel.Tests.Identity;

public sealed class GroupTests
{
    [Fact]
    public async Task An_entity_has_the_policies_of_all_groups_it_is_in_through_others()
    {
        await using var node = await IdentityNode.StartAsync();
        var entity = await node.EntityAsync("alice", "own");
        var inner = await node.GroupAsync("inner", [entity.Id], policies: "inner-policy");
        var middle = await node.GroupAsync("middle", groups: [inner.Id]);
        var outer = await node.GroupAsync("outer", groups: [middle.Id], policies: "outer-policy");

        Assert.Equal(["inner-policy", "outer-policy", "own"], await node.PoliciesOfAsync(entity.Id));
        var groups = await node.Identity.GroupsOfAsync(entity.Id, default);
        Assert.Equal([inner.Id], groups.Direct.Select(g => g.Id));
        Assert.Equal([middle.Id, outer.Id], groups.Inherited.Select(g => g.Id));

        await node.Identity.DeleteGroupAsync(middle.Id, default);
        Assert.Equal(["inner-policy", "own"], await node.PoliciesOfAsync(entity.Id));
        Assert.Empty((await node.Identity.GroupAsync(outer.Id, default))!.MemberGroupIds);
    }

    [Fact]
    public async Task No_group_comes_to_lie_in_itself()
    {
        await using var node = await IdentityNode.StartAsync();
        var a = await node.GroupAsync("a");
        var b = await node.GroupAsync("b", groups: [a.Id]);
        var c = await node.GroupAsync("c", groups: [b.Id]);
        foreach (var member in (Group[])[a, b, c])
        {
            var (_, _, fault) = await node.Identity.WriteGroupAsync(
                new GroupWish(a.Id, "", null, null, null, null, [member.Id]), default);
            Assert.NotNull(fault);
        }
        Assert.Empty((await node.Identity.GroupAsync(a.Id, default))!.MemberGroupIds);
    }

    [Fact]
    public async Task A_list_of_members_longer_than_a_batch_is_set_and_reduced()
    {
        await using var node = await IdentityNode.StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < 150; i++) ids.Add((await node.EntityAsync($"e{i}")).Id);
        var group = await node.GroupAsync("all", [.. ids], policies: "p");
        Assert.Equal(ids.Order(StringComparer.Ordinal), await node.Identity.MembersOfAsync(group.Id, default));
        foreach (var id in ids) Assert.Equal(["p"], await node.PoliciesOfAsync(id));

        await node.GroupAsync("all", [ids[7]], policies: "p");
        Assert.Equal([ids[7]], await node.Identity.MembersOfAsync(group.Id, default));
        Assert.Empty(await node.PoliciesOfAsync(ids[0]));
    }

    [Fact]
    public async Task A_member_that_does_not_exist_changes_nothing()
    {
        await using var node = await IdentityNode.StartAsync();
        var entity = await node.EntityAsync("alice");
        var unknown = Guid.NewGuid().ToString();
        var (_, _, fault) = await node.Identity.WriteGroupAsync(
            new GroupWish("", "team", null, null, null, [entity.Id, unknown], null), default);
        Assert.Equal($"1 error occurred:\n\t* invalid entity ID \"{unknown}\"\n\n", fault!.Text);
        Assert.Null(await node.Identity.GroupNamedAsync("team", default));
    }

    [Fact]
    public async Task A_write_that_names_no_members_keeps_them_and_an_empty_list_removes_them()
    {
        await using var node = await IdentityNode.StartAsync();
        var entity = await node.EntityAsync("alice");
        var group = await node.GroupAsync("team", [entity.Id]);
        await node.GroupAsync("team", policies: "p");
        Assert.Equal([entity.Id], await node.Identity.MembersOfAsync(group.Id, default));
        await node.GroupAsync("team", []);
        Assert.Empty(await node.Identity.MembersOfAsync(group.Id, default));
    }

    [Fact]
    public async Task An_external_group_has_one_alias_and_takes_no_members_by_hand()
    {
        await using var node = await IdentityNode.StartAsync();
        var entity = await node.EntityAsync("alice");
        var group = await node.GroupAsync("ext", type: "external");
        Assert.NotNull((await node.Identity.WriteGroupAsync(
            new GroupWish(group.Id, "", null, null, null, [entity.Id], null), default)).Fault);
        var first = await node.Identity.WriteGroupAliasAsync(
            new AliasWish("", "one", node.Accessor, group.Id, null), default);
        var second = await node.Identity.WriteGroupAliasAsync(
            new AliasWish("", "two", node.Accessor, group.Id, null), default);
        Assert.NotEqual(first.Alias!.Id, second.Alias!.Id);
        Assert.Null(await node.Identity.GroupWithAliasAsync(first.Alias.Id, default));
        Assert.Null(await node.Identity.GroupOfAliasAsync(node.Accessor, "one", default));
        Assert.Equal(group.Id, (await node.Identity.GroupOfAliasAsync(node.Accessor, "TWO", default))!.Id);
        var inner = await node.GroupAsync("inner");
        Assert.NotNull((await node.Identity.WriteGroupAliasAsync(
            new AliasWish("", "three", node.Accessor, inner.Id, null), default)).Fault);
    }
}
