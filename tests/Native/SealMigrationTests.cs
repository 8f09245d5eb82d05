using System.Globalization;
using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests;

/// <summary>
/// Moving a server from one seal to another: by its configuration, a restart and the holders' shares.
/// </summary>
public sealed class SealMigrationTests
{
    private const string Unseal = "/v1/sys/unseal", Status = "/v1/sys/seal-status", Secret = "/v1/prod/data/x";

    [Fact]
    public async Task A_key_file_gives_way_to_shares_and_shares_to_a_key_file()
    {
        await using var server = await KistServer.StartConfiguredAsync((directory, port) =>
            Text(directory, port, "seal \"keyfile\" { path = \"" + Key(directory) + "\" }"));
        var made = await PutAsync(server, "/v1/sys/init", """
            {"recovery_shares":3,"recovery_threshold":2}
            """);
        var token = (string)made["root_token"]!;
        var shares = made["recovery_keys_base64"]!.AsArray().Select(key => (string)key!).ToList();
        var mounted = await server.SendAsync("POST", "/v1/sys/mounts/prod", token,
            """{"type":"kv","options":{"version":"2"}}""");
        Assert.Equal(204, mounted.Status);
        await server.SendAsync("POST", Secret, token, """{"data":{"v":"before"}}""");

        // From the key file to the shares.
        await RestartAsync(server, "seal \"keyfile\" {\n path = \"" + Key(server.Directory)
            + "\"\n disabled = true\n}");
        Assert.Equal((true, true), await StateAsync(server));
        var refused = await server.SendAsync("PUT", Unseal, null, Body(shares[0], migrate: false));
        Assert.Equal(400, refused.Status);
        foreach (var share in shares.Take(2)) await PutAsync(server, Unseal, Body(share, migrate: true));
        Assert.Equal((false, false), await StateAsync(server));
        await RestartAsync(server, "");
        Assert.Equal("shamir", (string)(await server.SendAsync("GET", Status)).Json!["type"]!);
        foreach (var share in shares.Skip(1)) await PutAsync(server, Unseal, Body(share, migrate: false));
        Assert.Equal("before", await ReadAsync(server, token));

        // And back: to another key file.
        File.Delete(Key(server.Directory));
        await RestartAsync(server, "seal \"keyfile\" { path = \"" + Key(server.Directory) + "\" }");
        Assert.Equal((true, true), await StateAsync(server));
        foreach (var share in shares.Take(2)) await PutAsync(server, Unseal, Body(share, migrate: true));
        Assert.Equal("before", await ReadAsync(server, token));
        await server.StopAsync();
        await server.RestartAsync();
        Assert.Equal((false, false), await StateAsync(server)); // it opens by itself again
        Assert.Equal("before", await ReadAsync(server, token));
    }

    private static string Key(string directory) => Path.Combine(directory, "seal.key");

    private static string Text(string directory, int port, string seal) => string.Create(
        CultureInfo.InvariantCulture, $$"""
        storage "sqlite" { path = "{{Path.Combine(directory, "store")}}" }
        listener "tcp" {
          address = "127.0.0.1:{{port}}"
          tls_disable = true
        }
        {{seal}}
        """);

    private static async Task RestartAsync(KistServer server, string seal)
    {
        await server.StopAsync();
        await File.WriteAllTextAsync(Path.Combine(server.Directory, "kist.hcl"),
            Text(server.Directory, server.Address.Port, seal), TestContext.Current.CancellationToken);
        await server.RestartAsync();
    }

    private static string Body(string share, bool migrate) =>
        new JsonObject { ["key"] = share, ["migrate"] = migrate }.ToJsonString();

    private static async Task<(bool Sealed, bool Migrates)> StateAsync(KistServer server)
    {
        var status = (await server.SendAsync("GET", Status)).Json!;
        return ((bool)status["sealed"]!, (bool?)status["migration"] ?? false);
    }

    private static async Task<string?> ReadAsync(KistServer server, string token) =>
        (string?)(await server.SendAsync("GET", Secret, token)).Json?["data"]?["data"]?["v"];

    private static async Task<JsonNode> PutAsync(KistServer server, string path, string json)
    {
        var answer = await server.SendAsync("PUT", path, null, json);
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json!;
    }
}
