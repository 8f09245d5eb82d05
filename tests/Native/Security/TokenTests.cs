using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>Attacks on tokens and wrapping (security.md C01–C09).</summary>
public sealed class TokenTests(AttackedServer attacked)
{
    private const int Attackers = 50;
    private const string Self = "/v1/auth/token/lookup-self";

    [Fact] // C01
    public async Task ARevokedTokenAndAllBelowItEndAtOnce()
    {
        var server = await attacked.GetAsync();
        var parent = await TokenPolicies.TokenAsync(attacked, """
            path "auth/token/create" { capabilities = ["update"] }
            path "auth/token/lookup-self" { capabilities = ["read"] }
            """);
        var child = await ChildOfAsync(parent, "{}");
        var grandchild = await ChildOfAsync(child, "{}");
        var batch = await ChildOfAsync(child, """{"type":"batch","ttl":"10m"}""");
        string[] tree = [parent, child, grandchild, batch];
        foreach (var token in tree) Assert.Equal(200, (await server.SendAsync("GET", Self, token)).Status);

        var revoked = await attacked.AsRootAsync("POST", "/v1/auth/token/revoke", Json(("token", parent)));

        Assert.Equal(204, revoked.Status);
        foreach (var token in tree) Assert.Equal(403, (await server.SendAsync("GET", Self, token)).Status);
    }

    [Fact] // C01: what a connection remembers of one token never answers for another, nor outlives the token
    public async Task EachRequestOfAConnectionIsItsOwnTokens()
    {
        var server = await attacked.GetAsync();
        using var connection = new SocketsHttpHandler { MaxConnectionsPerServer = 1 };
        using var client = new HttpClient(connection) { BaseAddress = server.Address };
        var first = await attacked.NewTokenAsync("""{"display_name":"first","ttl":"10m"}""");
        var second = await attacked.NewTokenAsync("""{"display_name":"second","ttl":"10m"}""");
        async Task<(int Status, string? Accessor)> AskAsync(string? token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Self);
            if (token is not null) request.Headers.Add("X-Vault-Token", token);
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            return ((int)answer.StatusCode, (string?)json?["data"]?["accessor"]);
        }
        var (one, two) = ((string)first["client_token"]!, (string)second["client_token"]!);
        foreach (var (token, auth) in new[] { (one, first), (one, first), (two, second), (one, first) })
            Assert.Equal((200, (string)auth["accessor"]!), await AskAsync(token));
        Assert.Equal(400, (await AskAsync(null)).Status);
        Assert.Equal(403, (await AskAsync(one[..^1])).Status);
        Assert.Equal(200, (await AskAsync(one)).Status);

        await attacked.AsRootAsync("POST", "/v1/auth/token/revoke", Json(("token", one)));

        Assert.Equal(403, (await AskAsync(one)).Status);
        Assert.Equal(200, (await AskAsync(two)).Status);
    }

    [Fact] // C01
    public async Task AnExpiredTokenEnds()
    {
        var server = await attacked.GetAsync();
        foreach (var type in (string[])["service", "batch"])
        {
            var token = (string)(await attacked.NewTokenAsync(
                $$"""{"type":"{{type}}","ttl":"1s","policies":["default"]}"""))["client_token"]!;

            await Eventually.HoldsAsync(async () => (await server.SendAsync("GET", Self, token)).Status == 403);
        }
    }

    [Theory] // C02
    [InlineData("""{"ttl":"-1s"}""", 400)]
    [InlineData("""{"ttl":-1}""", 400)]
    [InlineData("""{"ttl":"9223372037s"}""", 400)]
    [InlineData("""{"ttl":9223372036854775807}""", 400)]
    [InlineData("""{"ttl":1e300}""", 400)]
    [InlineData("""{"ttl":"1h1h1x"}""", 400)]
    [InlineData("""{"explicit_max_ttl":"-5m"}""", 400)]
    [InlineData("""{"period":"-5m"}""", 400)]
    [InlineData("""{"num_uses":-1}""", 400)]
    [InlineData("""{"num_uses":99999999999}""", 400)]
    [InlineData("""{"ttl":"9223372036s","policies":["default"]}""", 200)]
    [InlineData("""{"ttl":"100000h","policies":["default"]}""", 200)]
    [InlineData("""{"period":"100000h","policies":["default"]}""", 200)]
    public async Task ALifeIsRefusedOrCutToTheLongest(string body, int status)
    {
        var answer = await attacked.AsRootAsync("POST", "/v1/auth/token/create", body);

        Assert.True(answer.Status == status, answer.Text);
        if (status == 200) Assert.InRange((long)answer.Json!["auth"]!["lease_duration"]!, 1, 2_764_800);
    }

    [Fact] // C02: a chain of renewals ends where the first promise did
    public async Task NoRenewalReachesPastTheHardEnd()
    {
        var server = await attacked.GetAsync();
        var token = (string)(await attacked.NewTokenAsync(
            """{"ttl":"1m","explicit_max_ttl":"2m","policies":["default"]}"""))["client_token"]!;
        for (var i = 0; i < 5; i++)
        {
            var renewed = await server.SendAsync(
                "POST", "/v1/auth/token/renew-self", token, """{"increment":"100h"}""");

            Assert.Equal(200, renewed.Status);
            Assert.InRange((long)renewed.Json!["auth"]!["lease_duration"]!, 1, 120);
        }
        Assert.Equal(400, (await server.SendAsync(
            "POST", "/v1/auth/token/renew-self", token, """{"increment":"-1h"}""")).Status);
    }

    [Theory] // C03
    [InlineData("create", """{"policies":["root"]}""")]
    [InlineData("create", """{"policies":["other"]}""")]
    [InlineData("create", """{"policies":["default"]}""")]
    [InlineData("create", """{"policies":["OTHER"]}""")]
    [InlineData("create", """{"no_parent":true}""")]
    [InlineData("create", """{"period":"1h"}""")]
    [InlineData("create", """{"id":"chosen-by-the-attacker"}""")]
    [InlineData("create", """{"policies":["response-wrapping"]}""")]
    [InlineData("create", """{"entity_alias":"root"}""")]
    [InlineData("create-orphan", "{}")]
    [InlineData("create/none", "{}")]
    public async Task NobodyGivesAChildMoreThanHeHas(string path, string body)
    {
        var server = await attacked.GetAsync();
        var parent = await TokenPolicies.TokenAsync(
            attacked, """path "auth/token/create" { capabilities = ["update"] }""");

        var answer = await server.SendAsync("POST", "/v1/auth/token/" + path, parent, body);

        Assert.InRange(answer.Status, 400, 403);
        Assert.DoesNotContain("client_token", answer.Text, StringComparison.Ordinal);
    }

    [Fact] // C05
    public async Task AnAccessorNamesATokenAndNeverIsOne()
    {
        var server = await attacked.GetAsync();
        var made = await attacked.NewTokenAsync("""{"policies":["default"],"ttl":"1h"}""");
        var accessor = (string)made["accessor"]!;

        Assert.Equal(403, (await server.SendAsync("GET", Self, accessor)).Status);
        var shown = await attacked.AsRootAsync("POST", "/v1/auth/token/lookup-accessor", Json(("accessor", accessor)));
        Assert.Equal(200, shown.Status);
        Assert.DoesNotContain((string)made["client_token"]!, shown.Text, StringComparison.Ordinal);
        Assert.Equal("", (string)shown.Json!["data"]!["id"]!);
        var renewed = await attacked.AsRootAsync("POST", "/v1/auth/token/renew-accessor", Json(("accessor", accessor)));
        Assert.DoesNotContain((string)made["client_token"]!, renewed.Text, StringComparison.Ordinal);
        Assert.Equal(204, (await attacked.AsRootAsync(
            "POST", "/v1/auth/token/revoke-accessor", Json(("accessor", accessor)))).Status);
        Assert.Equal(403, (await server.SendAsync("GET", Self, (string)made["client_token"]!)).Status);
    }

    [Fact] // C06
    public async Task OfFiftyWhoUnwrapAtOnceOneSucceeds()
    {
        var server = await attacked.GetAsync();
        var secret = attacked.NewName("wrapped-value");
        var token = await WrapAsync(Json(("value", secret)));

        var answers = await AtOnceAsync(_ => server.SendAsync("POST", "/v1/sys/wrapping/unwrap", token));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(1, answers.Count(answer => answer.Text.Contains(secret, StringComparison.Ordinal)));
        Assert.All(answers.Where(a => a.Status != 200), answer => Assert.InRange(answer.Status, 400, 403));
        Assert.Equal(400, (await server.SendAsync("POST", "/v1/sys/wrapping/unwrap", token)).Status);
    }

    [Fact] // C06, with the wrapping token in the body of somebody else's request
    public async Task OfFiftyWhoUnwrapForSomeoneElseOneSucceeds()
    {
        var token = await WrapAsync("""{"value":"x"}""");

        var answers = await AtOnceAsync(i => attacked.AsRootAsync(
            "POST", i % 2 == 0 ? "/v1/sys/wrapping/unwrap" : "/v1/sys/wrapping/rewrap", Json(("token", token))));

        Assert.Single(answers, answer => answer.Status == 200);
    }

    [Fact] // C06
    public async Task AFailedUnwrapIsInTheAudit()
    {
        var token = await WrapAsync("""{"value":"x"}""");
        Assert.Equal(200, await UnwrapAsync(token));
        var before = await CountAsync();

        Assert.Equal(400, await UnwrapAsync(token));

        Assert.True(await CountAsync() >= before + 2);

        async Task<int> CountAsync() => (await attacked.AuditAsync()).Count(
            line => line.Contains("wrapping token", StringComparison.Ordinal)
                || (line.Contains("sys/wrapping/unwrap", StringComparison.Ordinal)
                    && line.Contains("\"error\"", StringComparison.Ordinal)));
    }

    [Fact] // C06
    public async Task AWrappingTokenOpensNothingElseAndANormalTokenUnwrapsNothing()
    {
        var server = await attacked.GetAsync();
        string[] others = [Self, "/v1/cubbyhole/other", "/v1/sys/policies/acl/default", "/v1/secret/config"];
        foreach (var path in others)
        {
            var token = await WrapAsync("""{"value":"x"}""");
            Assert.InRange((await server.SendAsync("GET", path, token)).Status, 400, 404);
        }
        var normal = (string)(await attacked.NewTokenAsync("""{"policies":["default"],"ttl":"1m"}"""))["client_token"]!;

        Assert.Equal(400, (await server.SendAsync("POST", "/v1/sys/wrapping/unwrap", normal)).Status);
        Assert.Equal(400, await UnwrapAsync(normal));
        Assert.Equal(200, (await server.SendAsync("GET", Self, normal)).Status);
    }

    [Fact] // C06: the old way to unwrap takes the one use as well
    public async Task WhatWasReadFromTheCubbyholeOfAWrappingTokenIsUnwrapped()
    {
        var server = await attacked.GetAsync();
        var token = await WrapAsync("""{"value":"x"}""");

        var answers = await AtOnceAsync(i => i % 2 == 0
            ? server.SendAsync("GET", "/v1/cubbyhole/response", token)
            : server.SendAsync("POST", "/v1/sys/wrapping/unwrap", token));

        Assert.Single(answers, answer => answer.Status == 200);
    }

    [Theory] // C07
    [InlineData("30s", 403)]
    [InlineData(null, 403)]
    [InlineData("2h", 403)]
    [InlineData("5m", 200)]
    public async Task TheWrappingTimesOfAPolicyHold(string? ttl, int status)
    {
        var server = await attacked.GetAsync();
        var token = await TokenPolicies.TokenAsync(attacked, """
            path "auth/token/lookup-self" {
              capabilities = ["read"]
              min_wrapping_ttl = "1m"
              max_wrapping_ttl = "1h"
            }
            """);

        var answer = ttl is null
            ? await server.SendAsync("GET", Self, token)
            : await server.SendAsync("GET", Self, token, null, ("X-Vault-Wrap-TTL", ttl));

        Assert.Equal(status, answer.Status);
        if (status == 200) // the interception check
            Assert.Equal("auth/token/lookup-self", (string)answer.Json!["wrap_info"]!["creation_path"]!);
    }

    [Fact] // C08
    public async Task ABatchTokenWithAnyCharacterChangedIsNone()
    {
        var server = await attacked.GetAsync();
        var token = (string)(await attacked.NewTokenAsync(
            """{"type":"batch","policies":["default"],"ttl":"1h"}"""))["client_token"]!;
        Assert.Equal(200, (await server.SendAsync("GET", Self, token)).Status);

        for (var i = "kstb.".Length; i < token.Length; i++)
        {
            var changed = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..];
            Assert.True((await server.SendAsync("GET", Self, changed)).Status == 403, $"character {i}");
        }
        foreach (var changed in (string[])[token + "A", token + "=", token[..^1], token[..^4], "kstb.", token + token,
            token.ToUpperInvariant()])
            Assert.Equal(403, (await server.SendAsync("GET", Self, changed)).Status);
    }

    [Fact] // C08
    public async Task ABatchTokenOfAnotherClusterIsNone()
    {
        await using var other = await KistServer.StartDevAsync();
        var made = await other.SendAsync("POST", "/v1/auth/token/create", KistServer.DevRootToken,
            """{"type":"batch","policies":["default"],"ttl":"1h"}""");
        var token = (string)made.Json!["auth"]!["client_token"]!;
        Assert.Equal(200, (await other.SendAsync("GET", Self, token)).Status);

        Assert.Equal(403, (await (await attacked.GetAsync()).SendAsync("GET", Self, token)).Status);
    }

    [Fact] // C08: as in Vault, rotating the barrier's key ends no token; the end of its parent does
    public async Task ABatchTokenOutlivesARotationAndNotItsParent()
    {
        var server = await attacked.GetAsync();
        var parent = (string)(await attacked.NewTokenAsync("""{"policies":["default"],"ttl":"1h"}"""))["client_token"]!;
        var made = await attacked.NewTokenAsync("""{"type":"batch","policies":["default"],"ttl":"1h"}""");
        var token = (string)made["client_token"]!;

        Assert.Equal(204, (await attacked.AsRootAsync("POST", "/v1/sys/rotate")).Status);

        foreach (var each in (string[])[parent, token])
            Assert.Equal(200, (await server.SendAsync("GET", Self, each)).Status);
        // Nothing of it is stored, so nothing could revoke, renew or look it up by its accessor.
        Assert.Equal("", (string)made["accessor"]!);
        Assert.Equal(400, (await attacked.AsRootAsync(
            "POST", "/v1/auth/token/revoke", Json(("token", token)))).Status);
    }

    [Fact] // C11
    public async Task BatchTokensLeaveNothingBehind()
    {
        await using var server = await KistServer.StartDevAsync();
        const string body = """{"type":"batch","policies":["default"],"ttl":"1h"}""";
        var before = await CountAsync();
        for (var i = 0; i < 200; i++)
            Assert.Equal(200, (await server.SendAsync(
                "POST", "/v1/auth/token/create", KistServer.DevRootToken, body)).Status);

        Assert.Equal(before, await CountAsync());

        async Task<int> CountAsync() =>
            (await server.SendAsync("LIST", "/v1/auth/token/accessors", KistServer.DevRootToken))
                .Json!["data"]!["keys"]!.AsArray().Count;
    }

    [Theory] // C09
    [InlineData(1)]
    [InlineData(7)]
    public async Task ATokenIsUsedAsOftenAsItMayAndNotOnceMore(int uses)
    {
        var server = await attacked.GetAsync();
        var token = (string)(await attacked.NewTokenAsync(
            $$"""{"num_uses":{{uses}},"policies":["default"],"ttl":"1h"}"""))["client_token"]!;

        var answers = await AtOnceAsync(_ => server.SendAsync("GET", Self, token));

        Assert.Equal(uses, answers.Count(answer => answer.Status == 200));
        Assert.Equal(Attackers - uses, answers.Count(answer => answer.Status == 403));
    }

    private static async Task<Answer[]> AtOnceAsync(Func<int, Task<Answer>> attack) =>
        await Task.WhenAll(Enumerable.Range(0, Attackers).Select(i => Task.Run(() => attack(i))));

    private static string Json(params (string Name, string Value)[] fields)
    {
        var body = new JsonObject();
        foreach (var (name, value) in fields) body[name] = value;
        return body.ToJsonString();
    }

    private async Task<int> UnwrapAsync(string token) =>
        (await attacked.AsRootAsync("POST", "/v1/sys/wrapping/unwrap", Json(("token", token)))).Status;

    private async Task<string> ChildOfAsync(string parent, string body)
    {
        var made = await (await attacked.GetAsync()).SendAsync("POST", "/v1/auth/token/create", parent, body);
        Assert.True(made.Status == 200, made.Text);
        return (string)made.Json!["auth"]!["client_token"]!;
    }

    private async Task<string> WrapAsync(string body)
    {
        var wrapped = await attacked.AsRootAsync("POST", "/v1/sys/wrapping/wrap", body, ("X-Vault-Wrap-TTL", "5m"));
        Assert.True(wrapped.Status == 200, wrapped.Text);
        return (string)wrapped.Json!["wrap_info"]!["token"]!;
    }
}
