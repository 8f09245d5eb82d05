using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary>Who has typed <c>vault</c> for years types on: <c>alias vault=kist</c>.</summary>
public sealed class VaultSpellingTests(CliServer server)
{
    [Fact]
    public async Task A_script_written_for_vault_runs()
    {
        using var kist = await server.RootAsync();
        var mount = server.NewName("vault");

        (await kist.RunAsync("secrets", "enable", $"-path={mount}", "-version=2", "kv")).Succeeded();
        (await kist.RunAsync("kv", "put", $"-mount={mount}", "app", "user=app", "password=sesame")).Succeeded();
        (await kist.RunAsync("kv", "patch", $"{mount}/app", "user=other")).Succeeded();
        Assert.Equal("sesame", (await kist.RunAsync("kv", "get", "-field=password", $"{mount}/app")).Succeeded());
        var whole = (await kist.RunAsync("kv", "get", "-format=json", $"{mount}/app")).Json();
        Assert.Equal("other", (string?)whole["data"]!["data"]!["user"]);
        Assert.Equal(2, (int)whole["data"]!["metadata"]!["version"]!);
        Assert.NotEqual("", (string?)whole["request_id"]);
        Assert.Equal("""["app"]""", (await kist.RunAsync("kv", "list", "-format=json", mount)).Json().ToJsonString());
        var mounts = (await kist.RunAsync("secrets", "list", "-format=json")).Json();
        Assert.Equal("kv", (string?)mounts[mount + "/"]!["type"]);
        Assert.NotNull((await kist.RunAsync("auth", "list", "-format=json")).Json()["token/"]);
        (await kist.RunAsync("write", "cubbyhole/x", "user=app")).Succeeded();
        Assert.Equal("app", (await kist.RunAsync("read", "-field=user", "cubbyhole/x")).Succeeded());
        (await kist.RunAsync("read", "-field=nosuch", "cubbyhole/x")).Failed(1, "no field nosuch", "without --field");
        (await kist.RunAsync("kv", "delete", $"{mount}/app")).Succeeded();
        (await kist.RunAsync("kv", "undelete", "-versions=2", $"{mount}/app")).Succeeded();
        (await kist.RunAsync("kv", "destroy", "-versions=1", $"{mount}/app")).Succeeded();
        (await kist.RunAsync("kv", "metadata", "delete", $"{mount}/app")).Succeeded();
        (await kist.RunAsync("secrets", "disable", mount)).Succeeded();
    }

    [Fact]
    public async Task Tokens_and_policies_too()
    {
        using var kist = await server.RootAsync();
        kist.With("VAULT_FORMAT", "json");

        Assert.Contains("root", (await kist.RunAsync("policy", "list")).Json().AsArray().Select(n => (string?)n));
        var made = (await kist.RunAsync("token", "create", "-policy=default", "-ttl=1h")).Json();
        Assert.Equal(3600, (int)made["auth"]!["lease_duration"]!);
        Assert.Equal("root", (string?)(await kist.RunAsync("token", "lookup")).Json()["data"]!["display_name"]);
        Assert.False((bool)(await kist.RunAsync("status")).Json()["sealed"]!);
        (await kist.RunAsync("status", "-format=yaml")).Failed(1, "kist status has no option -format", "kist status");
        (await kist.RunAsync("kv", "nosuch")).Failed(1, "there is no command kist kv", "kist put, get");
    }

    [Fact]
    public async Task A_new_servers_keys_have_the_names_that_scripts_read()
    {
        await using var own = await KistServer.StartConfiguredAsync((_, port) => $$"""
            storage "inmem" {}
            listener "tcp" { address = "127.0.0.1:{{port}}" }
            """);
        using var kist = new KistRun(own.Address.GetLeftPart(UriPartial.Authority), token: null);

        var made = (await kist.RunAsync(
            "operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json")).Json();

        (await kist.RunAsync("operator", "unseal", (string)made["unseal_keys_b64"]![0]!)).Succeeded();
        kist.With("KIST_TOKEN", (string)made["root_token"]!);
        Assert.Equal(1, (int)made["unseal_threshold"]!);
        Assert.Empty(made["recovery_keys_b64"]!.AsArray());
        (await kist.RunAsync("secrets", "list")).Succeeded();
    }
}
