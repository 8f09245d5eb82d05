using System.Text;
using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>
/// Plants values in every field of every route and searches all that the server leaves behind, at log level trace
/// (security.md E01, E02, E04, E06, E07).
/// </summary>
public sealed class CanaryTests
{
    // The audit shows these in clear, as Vault's does: they name who asks, and are no place for secrets.
    private static readonly string[] ShownNames =
        ["policies", "token_policies", "display_name", "meta", "entity_alias", "path_suffix"];

    [Fact]
    public async Task NoPlantedValueIsFoundInAnythingThatTheServerLeavesBehind()
    {
        await using var server = await KistServer.StartQuickAsync("--log-level", "trace");
        var root = server.QuickStart.RootToken;
        var canary = new Canary();
        canary.Adopt("the root token", root);

        await PlantSecretsAsync(server, root, canary);
        await PlantEverywhereAsync(server, root, canary);
        await PlantInMalformedRequestsAsync(server, root, canary);

        Assert.InRange(canary.Count, 150, 10_000);
        canary.AssertAbsent("the log", server.Log);
        foreach (var file in (string[])["environ", "cmdline"])
            canary.AssertAbsent("/proc " + file, await File.ReadAllBytesAsync($"/proc/{server.ProcessId}/{file}"));
        foreach (var path in (string[])["sys/health", "sys/seal-status", "sys/metrics", "sys/metrics?format=prometheus",
            "sys/internal/specs/openapi", "sys/config/state/sanitized", "sys/host-info", "sys/pprof/heap"])
            canary.AssertAbsent(path, (await server.SendAsync("GET", "/v1/" + path, root)).Body);
        Assert.Equal(0, await server.StopAsync());
        var files = Directory.GetFiles(server.Directory, "*", SearchOption.AllDirectories);
        Assert.Contains(server.QuickStart.AuditFile, files);
        foreach (var file in files)
            // The one file that is there to hold the root token.
            if (!file.EndsWith("/.config/kist/token", StringComparison.Ordinal))
                canary.AssertAbsent(file[server.Directory.Length..], await File.ReadAllBytesAsync(file));
        canary.AssertAbsent("the log at the end", server.Log);
    }

    /// <summary>What users really keep, on its ordinary ways.</summary>
    private static async Task PlantSecretsAsync(KistServer server, string root, Canary canary)
    {
        await MustAsync(server, root, "POST", "sys/mounts/one", new() { ["type"] = "kv" });
        await MustAsync(server, root, "POST", "sys/auth/userpass", new() { ["type"] = "userpass" });
        await MustAsync(server, root, "POST", "one/a", Deep(canary, "kv version 1"));
        await MustAsync(server, root, "GET", "one/a");
        await MustAsync(server, root, "POST", "secret/data/a", new() { ["data"] = Deep(canary, "kv version 2") });
        await MustAsync(server, root, "POST", "secret/data/a", new() { ["data"] = Deep(canary, "kv version 2 again") });
        await MustAsync(server, root, "GET", "secret/data/a");
        await MustAsync(server, root, "GET", "secret/data/a?version=1");
        await MustAsync(server, root, "GET", "secret/metadata/a");
        await MustAsync(server, root, "POST", "cubbyhole/a", Deep(canary, "cubbyhole"));
        await MustAsync(server, root, "GET", "cubbyhole/a");
        await MustAsync(server, root, "DELETE", "secret/data/a");

        var wrapped = await server.SendAsync("POST", "/v1/sys/wrapping/wrap", root,
            Deep(canary, "wrapped").ToJsonString(), ("X-Vault-Wrap-TTL", "5m"));
        var wrapping = (string)wrapped.Json!["wrap_info"]!["token"]!;
        canary.Adopt("a wrapping token", wrapping);
        await MustAsync(server, root, "POST", "sys/wrapping/lookup", new() { ["token"] = wrapping });
        await MustAsync(server, wrapping, "POST", "sys/wrapping/unwrap");

        foreach (var type in (string[])["service", "batch"])
        {
            var made = await server.SendAsync("POST", "/v1/auth/token/create", root,
                $$"""{"policies":["default"],"type":"{{type}}","ttl":"1h"}""");
            var token = (string)made.Json!["auth"]!["client_token"]!;
            canary.Adopt($"a {type} token", token);
            await MustAsync(server, token, "GET", "auth/token/lookup-self");
            await MustAsync(server, root, "POST", "auth/token/lookup", new() { ["token"] = token });
            await server.SendAsync("GET", "/v1/auth/token/lookup/" + token, root);
            await server.SendAsync("POST", "/v1/auth/token/renew/" + token, root, "{}");
            await server.SendAsync("POST", "/v1/auth/token/revoke/" + token, root);
            await server.SendAsync("GET", "/v1/auth/token/lookup-self", token);
        }
    }

    /// <summary>
    /// Every field of every route, as the server's own description lists them, now and in later versions.
    /// </summary>
    private static async Task PlantEverywhereAsync(KistServer server, string root, Canary canary)
    {
        var api = (await server.SendAsync("GET", "/v1/sys/internal/specs/openapi", root)).Json!["paths"]!.AsObject();
        Assert.InRange(api.Count, 80, 5_000);
        foreach (var (pattern, operations) in api)
        {
            if (pattern is "/sys/seal") continue;
            var path = System.Text.RegularExpressions.Regex.Replace(pattern, @"\{[^}]*\}", "probe");
            foreach (var (method, operation) in operations!.AsObject())
            {
                if (operation is not JsonObject { } what || method is not ("post" or "patch" or "get")) continue;
                var fields = what["requestBody"]?["content"]?["application/json"]?["schema"]?["properties"]?.AsObject();
                var body = new JsonObject();
                foreach (var (name, _) in fields ?? [])
                    if (!ShownNames.Contains(name)) body[name] = canary.Plant($"{method} {pattern} {name}");
                var query = method == "get"
                    ? "?planted=" + Uri.EscapeDataString(canary.Plant($"{method} {pattern} query")) : "";
                await server.SendAsync(method.ToUpperInvariant(), "/v1" + path + query, root,
                    method == "get" ? null : body.ToJsonString(), ("X-Planted", canary.PlantAscii(pattern + " header")),
                    ("Cookie", canary.PlantAscii(pattern + " cookie")));
                // One at a time too: a field that is refused must not hide its neighbour.
                foreach (var (name, value) in body)
                    await server.SendAsync(method.ToUpperInvariant(), "/v1" + path, root,
                        new JsonObject { [name] = value!.DeepClone() }.ToJsonString());
            }
        }
    }

    /// <summary>E02: what is refused is not repeated, neither to the caller nor to anybody else.</summary>
    private static async Task PlantInMalformedRequestsAsync(KistServer server, string root, Canary canary)
    {
        foreach (var (path, token) in ((string, string?)[])[("secret/data/m", root), ("auth/token/create", root),
            ("one/m", root), ("sys/unseal", null), ("sys/init", null), ("sys/rekey/update", null),
            ("sys/generate-root/update", null), ("sys/wrapping/unwrap", null), ("auth/userpass/login/probe", null),
            ("secret/data/m", null)])
        {
            var value = JsonValue.Create(canary.Plant("a malformed body for " + path))!.ToJsonString();
            var bare = value.Trim('"');
            byte[][] bodies =
            [
                .. ((string[])[$"{{\"data\":{{\"a\":{value}", $"{{\"a\":{value}}}}}", $"{{{value}", $"[{value}]", value,
                    $"{{\"key\":{value}}}", $"{{\"key\":[{value}]}}", $"{{\"nonce\":{value},\"key\":{value}}}",
                    $"{{\"password\":{value}}}", $"{{\"password\":{{\"a\":{value}}}}}", $"{{\"data\":{value}}}",
                    $"{{\"token\":{value}}}", $"{{\"token\":{{\"a\":{value}}}}}", $"{{\"ttl\":{value}}}",
                    $"{{\"a\":{value} \"b\":1}}", $"{{\"a\":{value},}}", $"{{\"a\":{bare}}}", $"{{\"a\":'{bare}'}}",
                    $"{{\"a\":{value},\"a\":{value}}}", $"{{\"options\":{{\"cas\":{value}}},\"data\":{{}}}}",
                    $"a={bare}"])
                    .Select(Encoding.UTF8.GetBytes),
                [.. Encoding.UTF8.GetBytes($"{{\"a\":{value}"), 0xff, 0xfe, (byte)'}'],
                [0xff, .. Encoding.UTF8.GetBytes(value)],
            ];
            foreach (var body in bodies)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, "v1/" + path));
                if (token is not null) request.Headers.Add("X-Vault-Token", token);
                request.Content = new ByteArrayContent(body);
                using var response = await server.Http.SendAsync(request);
                var answer = await Answer.ReadAsync(response);
                Assert.True(answer.Status < 500, $"{path} {Encoding.UTF8.GetString(body)}: {answer.Status}");
                canary.AssertAbsent("the answer of " + path, answer.Body);
            }
            var stranger = await server.SendAsync(
                "GET", "/v1/secret/data/m", "kst." + canary.PlantAscii("an unknown token"));
            canary.AssertAbsent("the answer to an unknown token", stranger.Body);
        }
    }

    private static JsonObject Deep(Canary canary, string where) => new()
    {
        ["text"] = canary.Plant(where),
        ["list"] = new JsonArray(canary.Plant(where + " in a list"), 1, null),
        ["map"] = new JsonObject { ["deep"] = new JsonObject { ["deeper"] = canary.Plant(where + " nested") } },
        ["number"] = 7_306_115_592_084_771,
    };

    private static async Task MustAsync(
        KistServer server, string token, string method, string path, JsonObject? body = null)
    {
        var answer = await server.SendAsync(method, "/v1/" + path, token, body?.ToJsonString());
        Assert.True(answer.Status is 200 or 204, $"{method} {path}: {answer.Status} {answer.Text}");
    }
}
