namespace Kist.Cli.Tests;

/// <summary>Vault's words for Kist's commands.</summary>
public sealed class VaultSpellingTests
{
    [Theory]
    [InlineData("kv get secret/app", "get secret/app")]
    [InlineData("kv get -mount=secret app", "get secret/app")]
    [InlineData("kv get -mount secret -field url app", "get -field url secret/app")]
    [InlineData("kv get -field=url -mount=team/kv/ /app", "get -field=url team/kv/app")]
    [InlineData("kv put -cas=1 secret/app a=b", "put -cas=1 secret/app a=b")]
    [InlineData("kv patch secret/app a=b", "put --patch secret/app a=b")]
    [InlineData("kv list -mount=secret", "list secret")]
    [InlineData("kv destroy -versions=1 secret/app", "destroy --yes -versions=1 secret/app")]
    [InlineData("kv metadata get secret/app", "history secret/app")]
    [InlineData("kv metadata delete secret/app", "delete --all --yes secret/app")]
    [InlineData("secrets enable -path=secret kv", "mount enable -path=secret kv --version 1")]
    [InlineData("secrets enable -version=2 -path=secret kv", "mount enable -version=2 -path=secret kv")]
    [InlineData("secrets enable kv-v2", "mount enable kv-v2")]
    [InlineData("secrets list -detailed", "mount list")]
    [InlineData("secrets tune -default-lease-ttl=1h kv", "mount tune -default-ttl=1h kv")]
    [InlineData("auth enable userpass", "mount enable --auth userpass")]
    [InlineData("auth list", "mount list --auth")]
    [InlineData("kv get -format=json secret/app", "get --whole secret/app")]
    [InlineData("token lookup --format json", "token lookup --whole")]
    [InlineData("status -format=table", "status")]
    [InlineData("put prod/x format=json", "put prod/x format=json")]
    [InlineData("scan --format json .", "scan --format json .")]
    [InlineData("run --from prod/x ls --format=json", "run --from prod/x ls --format=json")]
    [InlineData("kv", "kv")]
    [InlineData("kv nosuch", "kv nosuch")]
    [InlineData("put prod/x kv=get", "put prod/x kv=get")]
    [InlineData("token create -policy=app", "token create -policy=app")]
    public void They_are_understood(string typed, string meant) =>
        Assert.Equal(meant, string.Join(' ', VaultSpelling.Read(typed.Split(' '))));
}
