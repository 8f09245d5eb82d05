using System.Text.Json;
using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Engines.Identity;

public sealed class IdentityEngineTests
{
    [Fact]
    public async Task Lists_go_page_by_page_and_end_with_nothing()
    {
        await using var live = await LiveNode.StartAsync();
        foreach (var name in (string[])["b", "A", "c"]) await IdOfAsync(live, "entity", $$"""{"name":"{{name}}"}""");
        Assert.Equal("""{"keys":["A","b"]}""",
            await live.DataAsync(Operation.List, "identity/entity/name", query: ("limit", "2")));
        Assert.Equal("""{"keys":["c"]}""",
            await live.DataAsync(Operation.List, "identity/entity/name", query: ("after", "B")));
        Assert.Same(Response.None, await live.SendAsync(Operation.List, "identity/group/id"));
    }

    [Fact]
    public async Task Names_with_slashes_are_reached_by_path()
    {
        await using var live = await LiveNode.StartAsync();
        await live.SendAsync(Operation.Update, "identity/entity/name/team/red", """{"policies":"p"}""");
        using var entity = JsonDocument.Parse(await live.DataAsync(Operation.Read, "identity/entity/name/team/red"));
        Assert.Equal("team/red", entity.RootElement.GetProperty("name").GetString());
        await live.SendAsync(Operation.Delete, "identity/entity/name/Team/Red");
        Assert.Same(Response.None, await live.SendAsync(Operation.Read, "identity/entity/name/team/red"));
    }

    [Theory]
    [InlineData("identity/alias")]
    [InlineData("identity/persona")]
    [InlineData("identity/entity-alias")]
    public async Task Aliases_answer_under_their_older_names(string path)
    {
        await using var live = await LiveNode.StartAsync();
        var mount = await live.MountAsync("auth/people/", "userpass");
        var entity = await IdOfAsync(live, "entity", """{"name":"alice"}""");
        var body = $$"""{"name":"al","entity_id":"{{entity}}","mount_accessor":"{{mount.Entry.Accessor}}"}""";
        using var made = JsonDocument.Parse(await live.DataAsync(Operation.Update, path, body));
        var id = made.RootElement.GetProperty("id").GetString();
        Assert.Equal(entity, made.RootElement.GetProperty("canonical_id").GetString());
        using var read = JsonDocument.Parse(await live.DataAsync(Operation.Read, $"{path}/id/{id}"));
        Assert.Equal("auth/people/", read.RootElement.GetProperty("mount_path").GetString());
        Assert.Contains(id!, await live.DataAsync(Operation.List, path + "/id"));
        await live.SendAsync(Operation.Delete, $"{path}/id/{id}");
        Assert.Same(Response.None, await live.SendAsync(Operation.Read, $"{path}/id/{id}"));
    }

    [Fact]
    public async Task Custom_metadata_of_an_alias_fills_policy_templates()
    {
        await using var live = await LiveNode.StartAsync();
        var mount = await live.MountAsync("auth/people/", "userpass");
        var accessor = mount.Entry.Accessor;
        await live.SendAsync(Operation.Update, "auth/people/users/alice",
            """{"password":"right","token_policies":"own"}""");
        var team = "{{identity.entity.aliases." + accessor + ".custom_metadata.team}}";
        await live.Kernel.Policies.PutAsync(
            "own", $$"""path "cubbyhole/{{team}}" { capabilities = ["create"] }""", default);
        using var login = await live.SendAsync(
            Operation.Update, "auth/people/login/alice", """{"password":"right"}""", "");
        var token = login.Token!.Token;
        var entity = await live.Kernel.Identity.EntityAsync(login.Token.Entry.EntityId, default);
        async Task<FaultKind?> WriteAsync(string name) =>
            (await live.SendAsync(Operation.Update, "cubbyhole/" + name, """{"a":1}""", token)).Fault?.Kind;
        // default allows all of the own cubbyhole, so it is taken away first.
        await live.Kernel.Policies.PutAsync("default", "", default);

        Assert.Equal(FaultKind.Denied, await WriteAsync("red"));
        await live.SendAsync(Operation.Update, "identity/entity-alias/id/" + entity!.AliasIds[0],
            """{"custom_metadata":{"team":"red"}}""");
        Assert.Null(await WriteAsync("red"));
        Assert.Equal(FaultKind.Denied, await WriteAsync("blue"));
    }

    [Theory]
    [InlineData("""{"from_entity_ids":[]}""", "missing entity id to merge from")]
    [InlineData("""{"from_entity_ids":["x"]}""", "missing entity id to merge to")]
    [InlineData("""{"from_entity_ids":["x"],"to_entity_id":"y"}""", "entity id to merge to is invalid")]
    public async Task A_merge_says_what_it_needs(string body, string text)
    {
        await using var live = await LiveNode.StartAsync();
        Assert.Equal(text, (await live.FaultAsync(Operation.Update, "identity/entity/merge", body)).Text);
    }

    [Theory]
    [InlineData("identity/entity/name")]
    [InlineData("identity/group/name")]
    [InlineData("identity/entity")]
    [InlineData("identity/lookup/group")]
    public async Task What_can_only_be_written_or_listed_cannot_be_read(string path)
    {
        await using var live = await LiveNode.StartAsync();
        Assert.Equal(FaultKind.UnsupportedOperation, (await live.FaultAsync(Operation.Read, path)).Kind);
    }

    private static async Task<string> IdOfAsync(LiveNode live, string kind, string body)
    {
        using var made = JsonDocument.Parse(await live.DataAsync(Operation.Update, "identity/" + kind, body));
        return made.RootElement.GetProperty("id").GetString()!;
    }
}
