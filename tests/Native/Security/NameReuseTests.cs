using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>
/// A name that is given a second time brings nothing of what had it before (security.md C12, for everything that has
/// names: Kist has no namespaces).
/// </summary>
public sealed class NameReuseTests(AttackedServer attacked)
{
    [Theory]
    [InlineData("1", "")]
    [InlineData("2", "data/")]
    public async Task AMountMadeAgainIsEmpty(string version, string prefix)
    {
        var mount = attacked.NewName("again");
        var wish = $$$"""{"type":"kv","options":{"version":"{{{version}}}"}}""";
        await attacked.AsRootAsync("POST", "/v1/sys/mounts/" + mount, wish);
        await attacked.AsRootAsync("POST", $"/v1/{mount}/{prefix}a", """{"data":{"a":"left over"}}""");
        Assert.Equal(200, (await attacked.AsRootAsync("GET", $"/v1/{mount}/{prefix}a")).Status);

        Assert.Equal(204, (await attacked.AsRootAsync("DELETE", "/v1/sys/mounts/" + mount)).Status);
        Assert.Equal(404, (await attacked.AsRootAsync("GET", $"/v1/{mount}/{prefix}a")).Status);
        await attacked.AsRootAsync("POST", "/v1/sys/mounts/" + mount, wish);

        foreach (var path in (string[])[$"{prefix}a", $"{prefix}a?version=1"])
            Assert.Equal(404, (await attacked.AsRootAsync("GET", $"/v1/{mount}/{path}")).Status);
        var listed = await attacked.AsRootAsync("LIST", $"/v1/{mount}/{(version == "2" ? "metadata/" : "")}");
        Assert.Equal(404, listed.Status);
    }

    [Fact]
    public async Task ALoginMountMadeAgainKnowsNobodyAndItsTokensAreGone()
    {
        var server = await attacked.GetAsync();
        var mount = attacked.NewName("people-again");
        await attacked.AsRootAsync("POST", "/v1/sys/auth/" + mount, """{"type":"userpass"}""");
        await attacked.AsRootAsync("POST", $"/v1/auth/{mount}/users/alice", """{"password":"a long password"}""");
        var login = await LogInAsync();
        var token = (string)login.Json!["auth"]!["client_token"]!;
        Assert.Equal(200, (await server.SendAsync("GET", "/v1/auth/token/lookup-self", token)).Status);

        Assert.Equal(204, (await attacked.AsRootAsync("DELETE", "/v1/sys/auth/" + mount)).Status);
        Assert.Equal(403, (await server.SendAsync("GET", "/v1/auth/token/lookup-self", token)).Status);
        await attacked.AsRootAsync("POST", "/v1/sys/auth/" + mount, """{"type":"userpass"}""");

        Assert.Equal(400, (await LogInAsync()).Status);
        Assert.Equal(403, (await server.SendAsync("GET", "/v1/auth/token/lookup-self", token)).Status);
        await attacked.AsRootAsync("POST", $"/v1/auth/{mount}/users/alice", """{"password":"a long password"}""");
        var again = await LogInAsync();
        Assert.NotEqual((string)login.Json["auth"]!["entity_id"]!, (string)again.Json!["auth"]!["entity_id"]!);

        Task<Answer> LogInAsync() => server.SendAsync(
            "POST", $"/v1/auth/{mount}/login/alice", null, """{"password":"a long password"}""");
    }

    [Fact]
    public async Task APolicyThatIsTakenAwayIsGoneFromEveryTokenAtOnce()
    {
        var server = await attacked.GetAsync();
        var name = attacked.NewName("kept");
        await attacked.AsRootAsync("POST", "/v1/secret/data/" + name, """{"data":{"a":"b"}}""");
        var policy = await TokenPolicies.PolicyAsync(
            attacked, $$"""path "secret/data/{{name}}" { capabilities = ["read"] }""");
        var token = (string)(await attacked.NewTokenAsync(
            $$"""{"policies":["{{policy}}"],"no_default_policy":true,"ttl":"1h"}"""))["client_token"]!;
        Assert.Equal(200, (await server.SendAsync("GET", "/v1/secret/data/" + name, token)).Status);

        Assert.Equal(204, (await attacked.AsRootAsync("DELETE", "/v1/sys/policies/acl/" + policy)).Status);

        Assert.Equal(403, (await server.SendAsync("GET", "/v1/secret/data/" + name, token)).Status);
    }
}
