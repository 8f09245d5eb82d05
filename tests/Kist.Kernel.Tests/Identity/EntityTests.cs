using Kist.Kernel.Identity;
using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Kernel.Tests.Identity;

public sealed class EntityTests
{
    [Theory]
    [InlineData("root")]
    [InlineData("Root")]
    [InlineData(" ROOT ")]
    [InlineData("r\u043e\u043et")]
    [InlineData("response-wrapping")]
    public async Task Root_and_its_look_alikes_cannot_be_given(string policy)
    {
        await using var node = await IdentityNode.StartAsync();
        var entity = await node.Identity.WriteEntityAsync(new EntityWish("", "alice", null, [policy], null), default);
        var group = await node.Identity.WriteGroupAsync(
            new GroupWish("", "team", null, [policy], null, null, null), default);
        Assert.Equal(FaultKind.Invalid, entity.Fault!.Kind);
        Assert.Equal(FaultKind.Invalid, group.Fault!.Kind);
        Assert.Null(await node.Identity.EntityNamedAsync("alice", default));
        Assert.Null(await node.Identity.GroupNamedAsync("team", default));
    }

    [Fact]
    public async Task Two_spellings_of_a_name_are_one_entity()
    {
        await using var node = await IdentityNode.StartAsync();
        var first = await node.EntityAsync("alice");
        var second = await node.EntityAsync("Alice", "p");
        Assert.Equal(first.Id, second.Id);
        Assert.Equal("Alice", (await node.Identity.EntityNamedAsync("ALICE", default))!.Name);
        Assert.Equal(["Alice"], await node.Identity.NamesAsync(IdentityKind.Entity, "", 0, default));
    }

    [Theory]
    [InlineData("alice ")]
    [InlineData(" alice")]
    [InlineData("ali\u0000ce")]
    [InlineData("ali\u200bce")]
    [InlineData("ali\u00a0ce")]
    [InlineData("alice\r\n")]
    [InlineData("rene\u0301")] // security.md A06: é in two characters
    [InlineData("\uff41lice")] // full width
    [InlineData("\ufb01lip")] // a ligature
    [InlineData("\U0001d41balice")] // a mathematical letter
    [InlineData("\u212aarl")] // the Kelvin sign
    [InlineData("\u1112\u1161\u11ab")] // Hangul in three characters
    public async Task Names_that_look_like_another_are_refused(string name)
    {
        await using var node = await IdentityNode.StartAsync();
        var (_, _, fault) = await node.Identity.WriteEntityAsync(new EntityWish("", name, null, null, null), default);
        Assert.Equal(FaultKind.Invalid, fault!.Kind);
        Assert.DoesNotContain(name, fault.Text);
    }

    [Theory]
    [InlineData("ren\u00e9")]
    [InlineData("\u00c5sa \u00d8deg\u00e5rd")]
    [InlineData("Nguy\u1ec5n")]
    [InlineData("\u5c71\u7530\u592a\u90ce")]
    [InlineData("\ud64d\uae38\ub3d9")]
    [InlineData("\u09b0\u09ac\u09bf")] // with a vowel sign that combines
    [InlineData("DOMAIN\\alice")]
    [InlineData("alice@example.com")]
    public async Task Names_that_people_have_are_taken(string name)
    {
        await using var node = await IdentityNode.StartAsync();
        Assert.Equal(name, (await node.EntityAsync(name)).Name);
    }

    [Fact]
    public async Task A_renamed_entity_leaves_its_old_name_free()
    {
        await using var node = await IdentityNode.StartAsync();
        var entity = await node.EntityAsync("old");
        await node.Identity.WriteEntityAsync(new EntityWish(entity.Id, "new", null, null, null), default);
        Assert.Null(await node.Identity.EntityNamedAsync("old", default));
        Assert.NotEqual(entity.Id, (await node.EntityAsync("old")).Id);
    }

    [Fact]
    public async Task A_name_in_use_is_not_taken_over()
    {
        await using var node = await IdentityNode.StartAsync();
        await node.EntityAsync("alice");
        var bob = await node.EntityAsync("bob");
        var (_, _, fault) = await node.Identity.WriteEntityAsync(
            new EntityWish(bob.Id, "Alice", null, null, null), default);
        Assert.Equal("entity name is already in use", fault!.Text);
    }

    [Fact]
    public async Task A_token_of_a_disabled_or_deleted_entity_can_do_nothing()
    {
        await using var node = await IdentityNode.StartAsync();
        var entity = await node.EntityAsync("alice");
        var token = await node.TokenOfAsync(entity.Id);
        Assert.Null(await node.UseAsync(token));

        await node.Identity.WriteEntityAsync(new EntityWish(entity.Id, "", null, null, true), default);
        Assert.Same(Fault.BadToken, await node.UseAsync(token));

        await node.Identity.WriteEntityAsync(new EntityWish(entity.Id, "", null, null, false), default);
        Assert.Null(await node.UseAsync(token));

        await node.Identity.DeleteEntityAsync(entity.Id, default);
        Assert.Same(Fault.BadToken, await node.UseAsync(token));
    }

    [Fact]
    public async Task Deleting_an_entity_with_many_groups_and_aliases_leaves_nothing_of_it()
    {
        await using var node = await IdentityNode.StartAsync();
        var entity = await node.EntityAsync("alice");
        var groups = new List<Group>();
        for (var i = 0; i < 30; i++) groups.Add(await node.GroupAsync($"g{i}", [entity.Id]));
        for (var i = 0; i < 30; i++)
            Assert.Null((await node.Identity.WriteAliasAsync(
                new AliasWish("", $"a{i}", node.Accessor, entity.Id, null), default)).Fault);

        await node.Identity.DeleteEntityAsync(entity.Id, default);

        Assert.Null(await node.Identity.EntityAsync(entity.Id, default));
        Assert.Empty(await node.Identity.IdsAsync(IdentityKind.Alias, "", 0, default));
        foreach (var group in groups) Assert.Empty(await node.Identity.MembersOfAsync(group.Id, default));
        Assert.Empty((await node.Identity.GroupsOfAsync(entity.Id, default)).Direct);
    }

    [Fact]
    public async Task A_merged_entity_s_tokens_aliases_and_groups_belong_to_the_target()
    {
        await using var node = await IdentityNode.StartAsync();
        var (from, into) = (await node.LogInAsync("old-name"), await node.EntityAsync("alice", "own"));
        await node.GroupAsync("team", [from], policies: "team-policy");
        var token = await node.TokenOfAsync(from);

        Assert.Null(await node.Identity.MergeAsync(into.Id, [from], [], default));

        Assert.Null(await node.UseAsync(token));
        Assert.Equal(["own", "team-policy"], await node.PoliciesOfAsync(from));
        Assert.Equal(into.Id, await node.LogInAsync("old-name"));
        Assert.Equal([from], (await node.Identity.EntityAsync(into.Id, default))!.MergedIds!);
        Assert.NotNull(await node.Identity.MergeAsync(into.Id, [into.Id], [], default));
    }

    [Fact]
    public async Task What_is_no_id_is_never_looked_up()
    {
        await using var node = await IdentityNode.StartAsync();
        var entity = await node.EntityAsync("alice");
        foreach (var id in (string[])["", "x", "../entity-name/alice", entity.Id.ToUpperInvariant(), entity.Id + "/"])
        {
            Assert.Null(await node.Identity.EntityAsync(id, default));
            Assert.Null(await node.Identity.ViewAsync(id, default));
        }
    }

    [Theory]
    [InlineData("none", new[] { "theirs", "own" })]
    [InlineData("own", new[] { "own" })]
    [InlineData("theirs", new[] { "theirs" })]
    public async Task Of_two_aliases_on_one_mount_the_named_one_stays(string keep, string[] staying)
    {
        await using var node = await IdentityNode.StartAsync();
        var (from, into) = (await node.LogInAsync("theirs"), await node.EntityAsync("alice"));
        var own = (await node.Identity.WriteAliasAsync(
            new AliasWish("", "own", node.Accessor, into.Id, null), default)).Alias!;
        var theirs = (await node.Identity.EntityAsync(from, default))!.AliasIds[0];
        string[] kept = keep switch { "own" => [own.Id], "theirs" => [theirs], _ => [] };

        Assert.Null(await node.Identity.MergeAsync(into.Id, [from], kept, default));

        var names = new List<string>();
        foreach (var id in (await node.Identity.EntityAsync(into.Id, default))!.AliasIds)
            names.Add((await node.Identity.AliasAsync(id, default))!.Name);
        Assert.Equal(staying.Order(), names.Order());
        Assert.Equal(staying.Length, (await node.Identity.IdsAsync(IdentityKind.Alias, "", 0, default)).Count);
    }

    [Fact]
    public async Task Aliases_in_conflict_that_nobody_decides_on_are_left_alone()
    {
        await using var node = await IdentityNode.StartAsync();
        var (from, into) = (await node.LogInAsync("theirs"), await node.EntityAsync("alice"));
        await node.Identity.WriteAliasAsync(new AliasWish("", "own", node.Accessor, into.Id, null), default);

        var fault = await node.Identity.MergeAsync(into.Id, [from], ["another"], default);

        Assert.StartsWith("conflicting mount accessors in following alias IDs", fault!.Message);
        Assert.NotNull(await node.Identity.EntityAsync(from, default));
        Assert.Single((await node.Identity.EntityAsync(into.Id, default))!.AliasIds);
    }
}
