using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Keys;

namespace Kist.Formats.Tests.Sops.Keys;

/// <summary>
/// Data keys for transit keys, against a listener that does what Vault's transit engine does with the key of the corpus
/// (AES-256-GCM, <c>vault:v1:</c>); its answers have the shape of the recorded ones.
/// </summary>
public sealed class VaultKeySourceTests : IDisposable
{
    private readonly KeyHome _home = new();
    private readonly HttpReplies _vault = new(Answer);

    private VaultMasterKey Key => new(_vault.Address, "transit", "throwaway-sops", "2026-01-01T00:00:00Z");

    public void Dispose()
    {
        _vault.Dispose();
        _home.Dispose();
    }

    [Fact]
    public async Task Transit_encrypts_and_decrypts()
    {
        _home.Variables["VAULT_TOKEN"] = "throwaway-root";
        _home.Variables["VAULT_NAMESPACE"] = "team";
        using var source = new VaultKeySource(_home.Host);
        var wrapped = await source.Wrap(Key);
        Assert.StartsWith("vault:v1:", wrapped.Enc);
        await source.Opens(wrapped);
        Assert.Equal([("PUT", "/v1/transit/encrypt/throwaway-sops", "throwaway-root"),
            ("PUT", "/v1/transit/decrypt/throwaway-sops", "throwaway-root")], _vault.Requests);
    }

    [Fact]
    public async Task What_sops_encrypted_in_the_corpus_opens()
    {
        // Of the case json-vault-transit and its like: the key that encrypted it is the listener's.
        _home.Put(".vault-token", "throwaway-root\n");
        using var source = new VaultKeySource(_home.Host);
        var raw = Convert.FromBase64String(RawKey);
        var (nonce, text, tag) = (RandomNumberGenerator.GetBytes(12), new byte[32], new byte[16]);
        using (var aes = new AesGcm(raw, 16)) aes.Encrypt(nonce, KeyTesting.DataKey, text, tag);
        await source.Opens(Key with { Enc = "vault:v1:" + Convert.ToBase64String([.. nonce, .. text, .. tag]) });
    }

    [Fact]
    public async Task A_refusal_says_who_refused_and_what_to_do()
    {
        _home.Variables["VAULT_TOKEN"] = "other";
        using var source = new VaultKeySource(_home.Host);
        var message = await source.Fails(Key with { Enc = "vault:v1:x" });
        Assert.StartsWith("the server answers 403: permission denied; the token may not use this key", message);
        Assert.DoesNotContain("other", message);
    }

    [Fact]
    public async Task Without_a_token_it_says_where_one_was_looked_for()
    {
        using var source = new VaultKeySource(_home.Host);
        var message = await source.Fails(Key);
        Assert.Contains("there is no token; looked at: VAULT_TOKEN, KIST_TOKEN", message);
        Assert.Contains(".vault-token", message);
        Assert.Empty(_vault.Requests);
    }

    [Fact]
    public async Task A_token_of_Kist_goes_to_its_own_server_only()
    {
        _home.Variables["KIST_TOKEN"] = "throwaway-root";
        using (var elsewhere = new VaultKeySource(_home.Host))
            Assert.Contains("there is no token", await elsewhere.Fails(Key));
        Assert.Empty(_vault.Requests);
        _home.Variables["KIST_ADDR"] = _vault.Address + "/";
        using var source = new VaultKeySource(_home.Host);
        await source.Opens(await source.Wrap(Key));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("all", true)]
    [InlineData("none", false)]
    [InlineData("https://vault.example.com", true)]
    [InlineData("https://other.example.com, https://vault.example.com:443/v1/transit", true)]
    [InlineData("https://vault.example.com/v1/trans", false)]
    [InlineData("https://vault.example.co", false)]
    [InlineData("http://vault.example.com", false)]
    [InlineData("https://vault.example.com:8200", false)]
    public void Only_allowed_addresses_get_the_token(string? list, bool allowed) =>
        Assert.Equal(allowed, VaultKeySource.IsAllowed(list, "https://vault.example.com/v1/transit/keys/a"));

    [Fact]
    public async Task An_address_that_is_not_allowed_is_not_asked()
    {
        _home.Variables["VAULT_TOKEN"] = "throwaway-root";
        _home.Variables["SOPS_HC_VAULT_ALLOWLIST"] = "https://vault.example.com";
        using var source = new VaultKeySource(_home.Host);
        Assert.Contains("SOPS_HC_VAULT_ALLOWLIST does not allow this address", await source.Fails(Key));
        Assert.Empty(_vault.Requests);
    }

    [Theory]
    [InlineData("https://v.example.com:8200/v1/transit/keys/dev", "https://v.example.com:8200", "transit", "dev")]
    [InlineData("http://127.0.0.1/v1/a/b/keys/dev/", "http://127.0.0.1", "a/b", "dev")]
    public void An_address_names_server_engine_and_key(string uri, string server, string engine, string name)
    {
        Assert.True(VaultKeySource.Parse(uri, "").Try(out var key, out _));
        Assert.Equal((server, engine, name), (key.VaultAddress, key.EnginePath, key.KeyName));
    }

    [Theory]
    [InlineData("v.example.com/v1/transit/keys/dev")]
    [InlineData("https://v.example.com/prefix/v1/transit/keys/dev")]
    [InlineData("https://v.example.com/v1/keys/dev")]
    [InlineData("https://v.example.com/v1/transit/dev")]
    [InlineData("https://user@v.example.com/v1/transit/keys/dev")]
    [InlineData("ftp://v.example.com/v1/transit/keys/dev")]
    public void Any_other_address_is_refused(string uri) =>
        Assert.Contains("is no address of a transit key", VaultKeySource.Parse(uri, "").Fault!.Message);

    [Fact]
    public async Task A_server_that_is_away_is_named()
    {
        _home.Variables["VAULT_TOKEN"] = "x";
        _vault.Dispose();
        using var source = new VaultKeySource(_home.Host);
        Assert.Contains($"{_vault.Address[7..]} cannot be reached: ", await source.Fails(Key));
    }

    private static string RawKey => JsonDocument.Parse(File.ReadAllText(KeyHome.Key("TEST-vault-transit.json")))
        .RootElement.GetProperty("raw_key_base64").GetString()!;

    private static (int, string) Answer(HttpListenerRequest request, string body)
    {
        if (request.Headers["X-Vault-Token"] != "throwaway-root") return (403, """{"errors":["permission denied"]}""");
        using var json = JsonDocument.Parse(body);
        using var aes = new AesGcm(Convert.FromBase64String(RawKey), 16);
        string data;
        if (request.RawUrl!.Contains("/encrypt/"))
        {
            var plain = json.RootElement.GetProperty("plaintext").GetBytesFromBase64();
            var (nonce, text, tag) = (RandomNumberGenerator.GetBytes(12), new byte[plain.Length], new byte[16]);
            aes.Encrypt(nonce, plain, text, tag);
            var sealedText = Convert.ToBase64String([.. nonce, .. text, .. tag]);
            data = $"\"ciphertext\":\"vault:v1:{sealedText}\",\"key_version\":1";
        }
        else
        {
            var sealedText = json.RootElement.GetProperty("ciphertext").GetString()!;
            var bytes = Convert.FromBase64String(sealedText["vault:v1:".Length..]);
            var plain = new byte[bytes.Length - 28];
            aes.Decrypt(bytes.AsSpan(0, 12), bytes.AsSpan(12, plain.Length), bytes.AsSpan(bytes.Length - 16), plain);
            data = $"\"plaintext\":\"{Convert.ToBase64String(plain)}\"";
        }
        return (200, $$"""
            {"request_id":"0","lease_id":"","renewable":false,"lease_duration":0,"data":{{{data}}},"wrap_info":null,
            "warnings":null,"auth":null}
            """);
    }
}
