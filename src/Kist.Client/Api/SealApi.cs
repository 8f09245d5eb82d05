using System.Text.Json;
using Kist.Client.Http;
using Kist.Secrets;

namespace Kist.Client.Api;

/// <summary>How the seal is.</summary>
/// <param name="Type">Its kind: <c>shamir</c>, <c>keyfile</c> …</param>
/// <param name="IsInitialized">Whether the server was set up.</param>
/// <param name="IsSealed">Whether it is sealed.</param>
/// <param name="Threshold">How many key shares open it.</param>
/// <param name="Shares">How many there are.</param>
/// <param name="Progress">How many were given so far.</param>
public sealed record SealStatus(
    string Type, bool IsInitialized, bool IsSealed, long Threshold, long Shares, long Progress);

/// <summary>What the setting up of a server gives, once. Dispose it.</summary>
/// <param name="Keys">The key shares in base64, for as many people.</param>
/// <param name="RootToken">The first token.</param>
public sealed record ServerKeys(IReadOnlyList<SecretBytes> Keys, SecretBytes RootToken) : IDisposable
{
    /// <summary>Zeroes all of them.</summary>
    public void Dispose()
    {
        foreach (var key in Keys) key.Dispose();
        RootToken.Dispose();
    }
}

/// <summary>The server's seal. All but <see cref="SealAsync"/> needs no token.</summary>
public sealed class SealApi
{
    private readonly KistClient _client;

    internal SealApi(KistClient client) => _client = client;

    /// <summary>How the seal is.</summary>
    public async Task<SealStatus> StatusAsync(CancellationToken ct = default)
    {
        using var answer = await _client.SendAsync(
            new ApiRequest(HttpMethod.Get, "sys/seal-status") { IsAnonymous = true }, ct);
        return Status(answer.Body);
    }

    /// <summary>Sets a new server up.</summary>
    public async Task<ServerKeys> InitializeAsync(int shares, int threshold, CancellationToken ct = default)
    {
        using var bytes = KistClient.Json(json =>
        {
            json.WriteNumber("secret_shares", shares);
            json.WriteNumber("secret_threshold", threshold);
        });
        using var answer = await SendAsync("sys/init", bytes, ct);
        var keys = answer.Body.Member("keys_base64");
        return new ServerKeys(
            keys.ValueKind == JsonValueKind.Array ? [.. keys.EnumerateArray().Select(k => k.Secret())] : [],
            answer.Body.Member("root_token").Secret());
    }

    /// <summary>Gives a key share; the server opens with the last that it needs.</summary>
    public async Task<SealStatus> UnsealAsync(SecretBytes key, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var bytes = KistClient.Json(json => key.Use(json, static (secret, to) =>
        {
            to.WriteString("key", secret);
            return true;
        }));
        using var answer = await SendAsync("sys/unseal", bytes, ct);
        return Status(answer.Body);
    }

    /// <summary>Seals the server.</summary>
    public async Task SealAsync(CancellationToken ct = default) =>
        (await _client.WriteAsync("sys/seal", null, null, ct)).Dispose();

    private Task<KistResponse> SendAsync(string path, SecretWriter bytes, CancellationToken ct) =>
        _client.SendAsync(new ApiRequest(HttpMethod.Post, path, bytes.WrittenMemory) { IsAnonymous = true }, ct);

    private static SealStatus Status(JsonElement body) => new(
        body.Member("type").Text() ?? "", body.Member("initialized").IsTrue(), body.Member("sealed").IsTrue(),
        body.Member("t").Number() ?? 0, body.Member("n").Number() ?? 0, body.Member("progress").Number() ?? 0);
}
