using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary>The keys of a Shamir-sealed server, from nothing to a new root, all by the command line.</summary>
public sealed class OperatorTests
{
    [Fact]
    public async Task The_life_of_a_servers_keys()
    {
        await using var server = await KistServer.StartConfiguredAsync((_, port) => Configuration(port));
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), token: null);

        (await kist.WithInputAsync("bm90IGEga2V5", "operator", "unseal", "-"))
            .Failed(2, "not initialised", "kist operator init");
        Assert.Equal(2, (await kist.RunAsync("status")).ExitCode);
        var made = (await kist.RunAsync(
            "operator", "init", "--key-shares", "3", "--key-threshold", "2", "--save-token", "--json")).Json();
        var keys = made["keys_base64"]!.AsArray().Select(k => (string)k!).ToList();
        (await kist.RunAsync("operator", "init")).Failed(2, "initialised already", "kist operator unseal");

        (await kist.RunAsync("get", "prod/x")).Failed(2, "the server is sealed", "kist operator unseal");
        (await kist.WithInputAsync("bm90IGEga2V5", "operator", "unseal", "-")).Failed(2, "key", null);
        Assert.Contains("1 of 2", (await kist.WithInputAsync(keys[0], "operator", "unseal", "-")).Succeeded());
        Assert.Equal(2, (await kist.RunAsync("status")).ExitCode);
        (await kist.WithInputAsync(keys[2], "operator", "unseal", "-")).Succeeded();
        Assert.Equal(0, (await kist.RunAsync("status")).ExitCode);

        (await kist.RunAsync("mount", "enable", "kv", "--path", "prod")).Succeeded();
        (await kist.RunAsync("put", "prod/x", "a=1", "-q")).Succeeded();
        (await kist.RunAsync("operator", "rotate")).Succeeded();
        Assert.Equal(2, (int)(await kist.RunAsync("operator", "key-status", "--json")).Json()["term"]!);
        Assert.Equal("1", (await kist.RunAsync("get", "prod/x", "a")).Succeeded());

        var newKeys = await RekeyAsync(kist, keys);
        await server.StopAsync();
        await server.RestartAsync();
        (await kist.WithInputAsync(keys[0], "operator", "unseal", "-")).Succeeded();
        (await kist.WithInputAsync(keys[1], "operator", "unseal", "-")).Succeeded();
        (await kist.WithInputAsync(keys[2], "operator", "unseal", "-")).Failed(2, "", null); // old keys open nothing
        (await kist.RunAsync("operator", "unseal", "--reset")).Succeeded();
        foreach (var key in newKeys.Take(3)) (await kist.WithInputAsync(key, "operator", "unseal", "-")).Succeeded();
        Assert.Equal("1", (await kist.RunAsync("get", "prod/x", "a")).Succeeded());

        (await kist.RunAsync("token", "revoke", "--self")).Succeeded();
        (await kist.RunAsync("get", "prod/x")).Failed(2, "not valid", "kist login");
        (await kist.WithInputAsync(await NewRootAsync(kist, newKeys), "login", "-")).Succeeded();
        Assert.Equal("1", (await kist.RunAsync("get", "prod/x", "a")).Succeeded());
        (await kist.RunAsync("operator", "seal")).Succeeded();
        (await kist.RunAsync("get", "prod/x")).Failed(2, "the server is sealed", "kist operator unseal");
    }

    [Fact]
    public async Task At_a_terminal_unseal_asks_until_the_server_is_unsealed()
    {
        await using var server = await KistServer.StartConfiguredAsync((_, port) => Configuration(port));
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), token: null);
        var made = (await kist.RunAsync(
            "operator", "init", "--key-shares", "2", "--key-threshold", "2", "--json")).Json();
        await File.WriteAllLinesAsync(
            Path.Combine(kist.Home, "keys"), made["keys_base64"]!.AsArray().Select(k => (string)k!));

        // A key is typed when as many questions stand there as keys were asked for.
        var ran = await kist.ShellAsync("""
            (n=0; while read -r key; do
               n=$((n + 1))
               until [ "$(grep -o 'key (not shown)' log 2>/dev/null | wc -l)" -ge $n ]; do sleep 0.02; done
               printf '%s\r' "$key"
             done < keys) | script -qfec "$KIST operator unseal" log
            """);

        Assert.Contains("1 of 2 keys given", ran.Succeeded());
        Assert.Matches(@"sealed +false", ran.Output);
        Assert.DoesNotContain((await File.ReadAllLinesAsync(Path.Combine(kist.Home, "keys")))[0], ran.Output);
    }

    private static async Task<List<string>> RekeyAsync(KistRun kist, List<string> keys)
    {
        (await kist.RunAsync("operator", "rekey", "--init", "--key-shares", "5", "--key-threshold", "3")).Succeeded();
        Assert.Matches("progress +0 of 2", (await kist.RunAsync("operator", "rekey", "--status")).Succeeded());
        (await kist.WithInputAsync(keys[1], "operator", "rekey", "-")).Succeeded();
        var done = (await kist.WithInputAsync(keys[2], "operator", "rekey", "-", "--json")).Json();
        var made = done["keys_base64"]!.AsArray().Select(k => (string)k!).ToList();
        Assert.Equal(5, made.Count);
        return made;
    }

    private static async Task<string> NewRootAsync(KistRun kist, List<string> keys)
    {
        var started = (await kist.RunAsync("operator", "generate-root", "--init", "--json")).Json();
        (await kist.WithInputAsync(keys[0], "operator", "generate-root", "-")).Succeeded();
        (await kist.WithInputAsync(keys[1], "operator", "generate-root", "-")).Succeeded();
        var done = (await kist.WithInputAsync(keys[3], "operator", "generate-root", "-", "--json")).Json();
        return (await kist.WithInputAsync((string)started["otp"]!,
            "operator", "generate-root", "--decode", (string)done["encoded_token"]!)).Succeeded().Trim();
    }

    private static string Configuration(int port) => $$"""
        storage "sqlite" { path = "data" }
        listener "tcp" { address = "127.0.0.1:{{port}}" }
        """;
}
