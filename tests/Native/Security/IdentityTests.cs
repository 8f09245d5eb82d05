using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>
/// Attacks through the names and policies of people and groups (security.md A04–A07, A11, and D07 as far as it is
/// about <c>root</c>).
/// </summary>
public sealed class IdentityTests(AttackedServer attacked)
{
    /// <summary>What nobody may be given, however it is written.</summary>
    public static TheoryData<string> RootLike =>
        ["root", "Root", "ROOT", " root", "root ", "r\u043e\u043et", "\uff52oot", "root\u0000", "ro\u200bot", "root\n"];

    [Theory, MemberData(nameof(RootLike))] // A05
    public async Task NoWayOfIdentityOrLoginGivesRoot(string policy)
    {
        var (mount, _) = await UserpassAsync();
        var role = attacked.NewName("role");
        foreach (var (path, field) in ((string, string)[])
        [
            ("identity/entity", "policies"), ("identity/group", "policies"),
            ($"auth/token/roles/{role}", "allowed_policies"), ($"auth/{mount}/users/alice", "token_policies"),
            ($"auth/{mount}/users/alice", "policies"),
        ])
            foreach (var list in (JsonNode[])[JsonValue.Create(policy), new JsonArray("default", policy)])
                await attacked.AsRootAsync("POST", "/v1/" + path, Json(
                    ("name", attacked.NewName("somebody")), ("password", "a long password"), (field, list)));

        var server = await attacked.GetAsync();
        var login = await server.SendAsync(
            "POST", $"/v1/auth/{mount}/login/alice", null, """{"password":"a long password"}""");
        if (login.Status == 200)
            Assert.DoesNotContain("root", PoliciesOf(login.Json!["auth"]!));
        var maker = await TokenPolicies.TokenAsync(attacked,
            $$"""path "auth/token/create/{{role}}" { capabilities = ["create", "update", "sudo"] }""");
        var made = await server.SendAsync(
            "POST", "/v1/auth/token/create/" + role, maker, Json(("policies", new JsonArray(policy))));
        if (made.Status == 200) Assert.DoesNotContain("root", PoliciesOf(made.Json!["auth"]!));
    }

    [Theory, MemberData(nameof(RootLike))] // A05, D07: at once refused where a policy can be written down
    public async Task EntitiesAndGroupsWithRootAreRefused(string policy)
    {
        foreach (var path in (string[])["identity/entity", "identity/group"])
        {
            var name = attacked.NewName("climber");

            var answer = await attacked.AsRootAsync("POST", "/v1/" + path,
                Json(("name", name), ("policies", new JsonArray(policy))));

            Assert.Equal(400, answer.Status);
            Assert.Equal(404, (await attacked.AsRootAsync("GET", $"/v1/{path}/name/{name}")).Status);
        }
    }

    [Fact] // D07: whoever administers identities becomes nobody else by it
    public async Task AnAdministratorOfIdentitiesGivesHimselfNoRoot()
    {
        var server = await attacked.GetAsync();
        var (mount, accessor) = await UserpassAsync();
        var policy = await TokenPolicies.PolicyAsync(attacked, """
            path "identity/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
            """);
        await AddUserAsync(mount, "admin", policy);
        var (token, entity) = await LogInAsync(mount, "admin");

        Assert.Equal(400, (await server.SendAsync("POST", "/v1/identity/entity", token,
            Json(("id", entity), ("policies", new JsonArray("root"))))).Status);
        Assert.Equal(400, (await server.SendAsync("POST", "/v1/identity/group", token, Json(
            ("name", attacked.NewName("g")), ("policies", new JsonArray("Root")),
            ("member_entity_ids", new JsonArray(entity))))).Status);
        // An alias in the token store's own mount is no way to a token with other rights either.
        await server.SendAsync("POST", "/v1/identity/entity-alias", token,
            Json(("name", "root"), ("canonical_id", entity), ("mount_accessor", accessor)));
        Assert.Equal(403, (await server.SendAsync("GET", "/v1/sys/mounts", token)).Status);
        var (again, _) = await LogInAsync(mount, "admin");
        Assert.Equal(403, (await server.SendAsync("GET", "/v1/sys/mounts", again)).Status);
    }

    [Theory] // A04: names in bodies
    [InlineData(" alice")]
    [InlineData("alice ")]
    [InlineData("al\u00a0ice")]
    [InlineData("al\u200bice")]
    [InlineData("al\ufeffice")]
    [InlineData("al\u0000ice")]
    [InlineData("al\r\nice")]
    [InlineData("al\u202eice")]
    [InlineData("rene\u0301")] // A06
    [InlineData("\uff41lice")]
    [InlineData("\ufb01lip")]
    public async Task ANameThatLooksLikeAnotherIsRefused(string name)
    {
        var (_, accessor) = await UserpassAsync();
        foreach (var path in (string[])["identity/entity", "identity/group"])
            Assert.Equal(400, (await attacked.AsRootAsync("POST", "/v1/" + path, Json(("name", name)))).Status);
        Assert.Equal(400, (await attacked.AsRootAsync("POST", "/v1/identity/entity-alias",
            Json(("name", name), ("mount_accessor", accessor)))).Status);
    }

    [Fact] // A06
    public async Task NamesThatDifferByCaseAreOneAndPathsThatDifferAtAllAreTwo()
    {
        var name = attacked.NewName("Team");
        var first = await attacked.AsRootAsync("POST", "/v1/identity/group", Json(("name", name)));
        var renamed = await attacked.AsRootAsync("POST", "/v1/identity/group",
            Json(("name", attacked.NewName("other"))));
        var id = (string)renamed.Json!["data"]!["id"]!;
        // Another group cannot take a name that differs by case alone.
        Assert.Equal(400, (await attacked.AsRootAsync("POST", "/v1/identity/group/id/" + id,
            Json(("name", name.ToUpperInvariant())))).Status);
        var found = await attacked.AsRootAsync("GET", "/v1/identity/group/name/" + name.ToLowerInvariant());
        Assert.Equal((string)first.Json!["data"]!["id"]!, (string)found.Json!["data"]!["id"]!);

        // KV's names are exact: composed and decomposed, upper and lower case never meet.
        string[] spellings = ["caf%C3%A9", "cafe%CC%81", "Caf%C3%A9", "CAF%C3%89"];
        var folder = attacked.NewName("exact");
        await attacked.AsRootAsync("POST", $"/v1/secret/data/{folder}/{spellings[0]}", """{"data":{"a":"b"}}""");
        foreach (var other in spellings[1..])
            Assert.Equal(404, (await attacked.AsRootAsync("GET", $"/v1/secret/data/{folder}/{other}")).Status);
        Assert.Equal(200, (await attacked.AsRootAsync("GET", $"/v1/secret/data/{folder}/{spellings[0]}")).Status);
    }

    [Fact] // A07
    public async Task OnePersonIsOneEntityInEverySpelling()
    {
        var server = await attacked.GetAsync();
        var (mount, _) = await UserpassAsync();
        await AddUserAsync(mount, "alice", "default");
        var (_, entity) = await LogInAsync(mount, "alice");

        foreach (var spelling in (string[])["Alice", "ALICE", "aLiCe"])
            Assert.Equal(entity, (await LogInAsync(mount, spelling)).Entity);
        foreach (var spelling in (string[])["alice%20", "%20alice", "alice%C2%A0", "alice%00", "ali%E2%80%8Bce"])
            Assert.InRange((await server.SendAsync("POST", $"/v1/auth/{mount}/login/{spelling}", null,
                """{"password":"a long password"}""")).Status, 400, 404);
    }

    [Theory] // A11
    [InlineData("*")]
    [InlineData("+")]
    [InlineData("a/b")]
    [InlineData("a,b")]
    [InlineData("*/..")]
    [InlineData("{{identity.entity.id}}")]
    public async Task AValueInATemplateNeverWidensARule(string value)
    {
        var server = await attacked.GetAsync();
        var (mount, _) = await UserpassAsync();
        var folder = attacked.NewName("templated");
        var policy = await TokenPolicies.PolicyAsync(attacked, $$$"""
            path "secret/data/{{{folder}}}/{{identity.entity.metadata.team}}/*" { capabilities = ["read"] }
            path "secret/data/{{{folder}}}/x/{{identity.entity.metadata.team}}" { capabilities = ["read"] }
            path "secret/metadata/{{{folder}}}/{{identity.entity.name}}" { capabilities = ["list"] }
            """);
        await AddUserAsync(mount, "mallory", policy);
        var (token, entity) = await LogInAsync(mount, "mallory");
        foreach (var team in (string[])["a", "a/b", "other"])
            await attacked.AsRootAsync("POST", $"/v1/secret/data/{folder}/{team}/s", """{"data":{"a":"hidden"}}""");
        await attacked.AsRootAsync("POST", $"/v1/secret/data/{folder}/x/y", """{"data":{"a":"hidden"}}""");

        await SetTeamAsync(entity, "other");
        Assert.Equal(200, (await server.SendAsync("GET", $"/v1/secret/data/{folder}/other/s", token)).Status);
        await SetTeamAsync(entity, value);
        foreach (var path in (string[])["other/s", "a/s", "a/b/s", "x/y"])
            Assert.Equal(403, (await server.SendAsync("GET", $"/v1/secret/data/{folder}/{path}", token)).Status);
        Assert.Equal(403, (await server.SendAsync("LIST", $"/v1/secret/metadata/{folder}/", token)).Status);
    }

    private async Task SetTeamAsync(string entity, string value)
    {
        var set = await attacked.AsRootAsync("POST", "/v1/identity/entity/id/" + entity,
            Json(("metadata", new JsonObject { ["team"] = value })));
        Assert.True(set.Status is 200 or 204, set.Text);
    }

    private async Task<(string Mount, string Accessor)> UserpassAsync()
    {
        var mount = attacked.NewName("people");
        Assert.Equal(204, (await attacked.AsRootAsync(
            "POST", "/v1/sys/auth/" + mount, """{"type":"userpass"}""")).Status);
        var all = await attacked.AsRootAsync("GET", "/v1/sys/auth");
        return (mount, (string)all.Json!["data"]![mount + "/"]!["accessor"]!);
    }

    private async Task AddUserAsync(string mount, string user, string policy)
    {
        var added = await attacked.AsRootAsync("POST", $"/v1/auth/{mount}/users/{user}",
            Json(("password", "a long password"), ("token_policies", policy)));
        Assert.Equal(204, added.Status);
    }

    private async Task<(string Token, string Entity)> LogInAsync(string mount, string user)
    {
        var login = await (await attacked.GetAsync()).SendAsync(
            "POST", $"/v1/auth/{mount}/login/{user}", null, """{"password":"a long password"}""");
        Assert.True(login.Status == 200, login.Text);
        return ((string)login.Json!["auth"]!["client_token"]!, (string)login.Json["auth"]!["entity_id"]!);
    }

    private static IEnumerable<string> PoliciesOf(JsonNode auth) =>
        ((string[])["policies", "token_policies", "identity_policies"])
            .SelectMany(name => auth[name]?.AsArray() ?? []).Select(policy => (string)policy!);

    private static string Json(params (string Name, JsonNode? Value)[] fields)
    {
        var body = new JsonObject();
        foreach (var (name, value) in fields) body[name] = value?.DeepClone();
        return body.ToJsonString();
    }
}
