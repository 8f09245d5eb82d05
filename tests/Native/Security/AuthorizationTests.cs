using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>
/// Attacks on policies over the whole way of a request (security.md A11, D02, D03, D05, D09, G06, G08).
/// </summary>
public sealed class AuthorizationTests(AttackedServer attacked)
{
    /// <summary>Every way in which a KV version 2 secret can be seen, changed or found out about.</summary>
    public static TheoryData<string, string, string?> WaysToASecret => new()
    {
        { "GET", "data/{0}", null }, { "GET", "data/{0}?version=1", null }, { "GET", "metadata/{0}", null },
        { "GET", "subkeys/{0}", null }, { "GET", "fingerprints/{0}", null }, { "LIST", "detailed-metadata/{0}", null },
        { "LIST", "metadata/{0}", null }, { "GET", "metadata/{0}?list=true", null },
        { "POST", "data/{0}", """{"data":{"a":"b"}}""" }, { "PUT", "data/{0}", """{"data":{"a":"b"}}""" },
        { "PATCH", "data/{0}", """{"data":{"a":"b"}}""" }, { "DELETE", "data/{0}", null },
        { "POST", "delete/{0}", """{"versions":[1]}""" }, { "POST", "undelete/{0}", """{"versions":[1]}""" },
        { "POST", "destroy/{0}", """{"versions":[1]}""" }, { "POST", "metadata/{0}", """{"max_versions":1}""" },
        { "DELETE", "metadata/{0}", null },
    };

    [Theory, MemberData(nameof(WaysToASecret))] // D02, D05
    public async Task ADenialHoldsOnEveryWayToASecret(string verb, string path, string? body)
    {
        var server = await attacked.GetAsync();
        var name = attacked.NewName("denied");
        await attacked.AsRootAsync("POST", "/v1/secret/data/" + name, """{"data":{"a":"untouched"}}""");
        var token = await TokenPolicies.TokenAsync(attacked, $$"""
            path "secret/*" { capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"] }
            path "secret/+/{{name}}" { capabilities = ["deny"] }
            path "secret/+/{{name}}/*" { capabilities = ["deny"] }
            """);

        var answer = await server.SendAsync(verb, "/v1/secret/" + string.Format(null, path, name), token, body,
            ("Content-Type", verb == "PATCH" ? "application/merge-patch+json" : "application/json"));

        Assert.InRange(answer.Status, 400, 405);
        Assert.DoesNotContain("untouched", answer.Text, StringComparison.Ordinal);
        var after = await attacked.AsRootAsync("GET", "/v1/secret/data/" + name);
        Assert.Equal("untouched", (string)after.Json!["data"]!["data"]!["a"]!);
    }

    [Fact] // D02: a denial in one policy against an allowance in another, in whichever order they are named
    public async Task ADenialBeatsAnAllowanceOfTheSamePath()
    {
        var server = await attacked.GetAsync();
        var name = attacked.NewName("both");
        await attacked.AsRootAsync("POST", "/v1/secret/data/" + name, """{"data":{"a":"b"}}""");
        var allow = await TokenPolicies.PolicyAsync(
            attacked, $$"""path "secret/data/{{name}}" { capabilities = ["read"] }""");
        var deny = await TokenPolicies.PolicyAsync(
            attacked, $$"""path "secret/data/{{name}}" { capabilities = ["deny"] }""");
        foreach (var policies in (string[])[$"\"{allow}\",\"{deny}\"", $"\"{deny}\",\"{allow}\""])
        {
            var token = (string)(await attacked.NewTokenAsync($$"""{"policies":[{{policies}}]}"""))["client_token"]!;

            Assert.Equal(403, (await server.SendAsync("GET", "/v1/secret/data/" + name, token)).Status);
        }
    }

    [Fact] // D03, and the right to read gives no right to list
    public async Task NamesAreListedOnlyToWhoMayList()
    {
        var server = await attacked.GetAsync();
        var folder = attacked.NewName("folder");
        await attacked.AsRootAsync("POST", $"/v1/secret/data/{folder}/hidden-name", """{"data":{"a":"b"}}""");
        var token = await TokenPolicies.TokenAsync(
            attacked, $$"""path "secret/data/{{folder}}/*" { capabilities = ["read"] }""");
        foreach (var path in (string[])[$"metadata/{folder}", $"metadata/{folder}/", $"data/{folder}",
            $"metadata/{folder}?after=a&limit=1"])
        {
            var answer = await server.SendAsync("LIST", "/v1/secret/" + path, token);

            Assert.Equal(403, answer.Status);
            Assert.DoesNotContain("hidden-name", answer.Text, StringComparison.Ordinal);
        }
    }

    [Theory] // nobody learns what exists from the difference between two refusals
    [InlineData("secret/data/")]
    [InlineData("sys/policies/acl/")]
    [InlineData("auth/token/roles/")]
    [InlineData("sys/mounts/")]
    [InlineData("")]
    public async Task WhatIsThereAndWhatIsNotAreRefusedAlike(string prefix)
    {
        var server = await attacked.GetAsync();
        var name = attacked.NewName("existing");
        var (path, body) = prefix switch
        {
            "secret/data/" => (prefix + name, """{"data":{"a":"b"}}"""),
            "sys/policies/acl/" => (prefix + name, """{"policy":"path \"x\" { capabilities = [] }"}"""),
            "auth/token/roles/" => (prefix + name, "{}"),
            _ => ("sys/mounts/" + name, """{"type":"kv"}"""),
        };
        Assert.InRange((await attacked.AsRootAsync("POST", "/v1/" + path, body)).Status, 200, 204);
        var token = await attacked.PowerlessTokenAsync();
        foreach (var verb in (string[])["GET", "LIST", "POST", "DELETE"])
        {
            var there = await server.SendAsync(verb, "/v1/" + prefix + name, token, verb == "POST" ? "{}" : null);
            var absent = await server.SendAsync(verb, "/v1/" + prefix + "absent", token, verb == "POST" ? "{}" : null);

            Assert.Equal(403, there.Status);
            Assert.Equal((there.Status, there.Text), (absent.Status, absent.Text));
        }
    }

    [Theory] // D09
    [InlineData("""{"ttl":"1h","display_name":"x"}""", 200)]
    [InlineData("""{"ttl":"2h","display_name":"x"}""", 403)]
    [InlineData("""{"TTL":"2h","display_name":"x"}""", 403)]
    [InlineData("""{"ttl":["1h"],"display_name":"x"}""", 400)] // each item is allowed, and the field takes no list
    [InlineData("""{"ttl":["1h","2h"],"display_name":"x"}""", 403)]
    [InlineData("""{"ttl":{"ttl":"1h"},"display_name":"x"}""", 403)]
    [InlineData("""{"ttl":"1h"}""", 403)]
    [InlineData("""{"ttl":"1h","display_name":"x","num_uses":3}""", 403)]
    [InlineData("""{"ttl":"1h","display_name":"x","meta":{"ttl":"1h"}}""", 403)]
    public async Task TheParametersOfAPolicyHoldInEveryShape(string body, int status)
    {
        var server = await attacked.GetAsync();
        var token = await TokenPolicies.TokenAsync(attacked, """
            path "auth/token/create" {
              capabilities = ["update"]
              required_parameters = ["display_name"]
              allowed_parameters = { "ttl" = ["1h"], "display_name" = [] }
            }
            """);

        var answer = await server.SendAsync("POST", "/v1/auth/token/create", token, body);

        Assert.True(answer.Status == status, $"{answer.Status} {answer.Text}");
    }

    [Fact] // G06
    public async Task APolicyThatIsTooLargeIsRefused()
    {
        var text = string.Concat(Enumerable.Range(0, 30_000)
            .Select(i => $"path \"secret/{i}\" {{ capabilities = [\"read\"] }}\n"));

        var answer = await attacked.AsRootAsync("PUT", "/v1/sys/policies/acl/" + attacked.NewName("huge"),
            new System.Text.Json.Nodes.JsonObject { ["policy"] = text }.ToJsonString());

        Assert.InRange(answer.Status, 400, 413);
    }

    [Theory] // G08: patterns that take a backtracking matcher for ever. The test ends, or the runner ends it.
    [InlineData("secret/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/x*")]
    [InlineData("+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/b")]
    [InlineData("secret/data/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa*")]
    public async Task NoPatternMakesADecisionSlow(string pattern)
    {
        var server = await attacked.GetAsync();
        var token = await TokenPolicies.TokenAsync(attacked, $$"""
            path "{{pattern}}" {
              capabilities = ["update"]
              allowed_parameters = { "a" = ["*a*a*a*a*a*a*a*a*a*a*a*a*b", "(a+)+$", "(a|a)*"] }
            }
            """);
        var path = "secret/" + string.Join('/', Enumerable.Repeat("a", 400)) + "/c";
        for (var i = 0; i < 20; i++)
        {
            var answer = await server.SendAsync(
                "POST", "/v1/" + path, token, $$"""{"a":"{{new string('a', 50_000)}}!"}""");

            Assert.Equal(403, answer.Status);
        }
    }
}
