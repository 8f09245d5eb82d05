using System.Text.Json;
using Kist.Client.Http;
using Kist.Secrets;

namespace Kist.Client.Api;

/// <summary>What a new token shall be. What is not set, the server decides.</summary>
public sealed record TokenWish
{
    /// <summary>The policies; null: those of the token that asks.</summary>
    public IReadOnlyList<string>? Policies { get; init; }

    /// <summary>How long it lives until it is renewed.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>How long at most, whatever is renewed.</summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>Renewable for ever, each time for so long.</summary>
    public TimeSpan? Period { get; init; }

    /// <summary>How often it can be used; null: any number of times.</summary>
    public int? Uses { get; init; }

    /// <summary>Whether it can be renewed.</summary>
    public bool IsRenewable { get; init; } = true;

    /// <summary>Whether it outlives the token that asks.</summary>
    public bool IsOrphan { get; init; }

    /// <summary>For the audit: who it is for.</summary>
    public string? DisplayName { get; init; }

    /// <summary>The role that it is made by; null: none.</summary>
    public string? Role { get; init; }
}

/// <summary>What the server says of a token.</summary>
/// <param name="Accessor">Its accessor.</param>
/// <param name="DisplayName">Who it is for.</param>
/// <param name="Policies">What it may do.</param>
/// <param name="Left">How long it still lives; zero: for ever.</param>
/// <param name="IsRenewable">Whether it can be renewed.</param>
/// <param name="Path">Which login made it.</param>
public sealed record TokenInfo(string Accessor, string DisplayName, IReadOnlyList<string> Policies, TimeSpan Left,
    bool IsRenewable, string Path);

/// <summary>Tokens: <c>auth/token</c>.</summary>
public sealed class TokenApi
{
    private readonly KistClient _client;

    internal TokenApi(KistClient client) => _client = client;

    /// <summary>Makes a token. Dispose it.</summary>
    public async Task<TokenGrant> CreateAsync(TokenWish wish, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(wish);
        var path = wish.Role is { } role ? $"auth/token/create/{role}"
            : wish.IsOrphan ? "auth/token/create-orphan" : "auth/token/create";
        using var answer = await _client.WriteAsync(path, json => Write(json, wish), null, ct);
        return Granted(answer);
    }

    /// <summary>What the server says of this client's token.</summary>
    public async Task<TokenInfo> LookUpSelfAsync(CancellationToken ct = default)
    {
        using var answer = await _client.SendAsync(new ApiRequest(HttpMethod.Get, "auth/token/lookup-self"), ct);
        return Info(answer.Data);
    }

    /// <summary>What the server says of the token with this accessor.</summary>
    public async Task<TokenInfo> LookUpAsync(string accessor, CancellationToken ct = default)
    {
        using var answer = await _client.WriteAsync(
            "auth/token/lookup-accessor", json => json.WriteString("accessor", accessor), null, ct);
        return Info(answer.Data);
    }

    /// <summary>Lengthens the life of the token with this accessor. Dispose the grant.</summary>
    public async Task<TokenGrant> RenewAsync(
        string accessor, TimeSpan? duration = null, CancellationToken ct = default)
    {
        using var answer = await _client.WriteAsync("auth/token/renew-accessor", json =>
        {
            json.WriteString("accessor", accessor);
            if (duration is { } time) json.WriteString("increment", $"{(long)time.TotalSeconds}s");
        }, null, ct);
        return Granted(answer);
    }

    /// <summary>Ends the token with this accessor, and those that it made.</summary>
    public async Task RevokeAsync(string accessor, CancellationToken ct = default) => (await _client.WriteAsync(
        "auth/token/revoke-accessor", json => json.WriteString("accessor", accessor), null, ct)).Dispose();

    /// <summary>Ends this client's token, and those that it made.</summary>
    public async Task RevokeSelfAsync(CancellationToken ct = default) =>
        (await _client.WriteAsync("auth/token/revoke-self", null, null, ct)).Dispose();

    /// <summary>Ends a token, and those that it made.</summary>
    public async Task RevokeAsync(SecretBytes token, CancellationToken ct = default) => (await _client.WriteAsync(
        "auth/token/revoke", json => token.Use(json, static (secret, to) =>
        {
            to.WriteString("token", secret);
            return true;
        }), null, ct)).Dispose();

    private static TokenGrant Granted(KistResponse answer) => answer.Token
        ?? throw new KistException(KistFailure.Server, "the answer holds no token") { Status = answer.Status };

    private static TokenInfo Info(JsonElement data) => new(
        data.Member("accessor").Text() ?? "", data.Member("display_name").Text() ?? "",
        data.Member("policies").Texts(), data.Member("ttl").Seconds(), data.Member("renewable").IsTrue(),
        data.Member("path").Text() ?? "");

    private static void Write(Utf8JsonWriter json, TokenWish wish)
    {
        if (wish.Policies is { } policies)
        {
            json.WriteStartArray("policies");
            foreach (var policy in policies) json.WriteStringValue(policy);
            json.WriteEndArray();
        }
        Time(json, "ttl", wish.Duration);
        Time(json, "explicit_max_ttl", wish.MaxDuration);
        Time(json, "period", wish.Period);
        if (wish.Uses is { } uses) json.WriteNumber("num_uses", uses);
        if (!wish.IsRenewable) json.WriteBoolean("renewable", false);
        if (wish.DisplayName is { } name) json.WriteString("display_name", name);
    }

    private static void Time(Utf8JsonWriter json, string name, TimeSpan? time)
    {
        if (time is { } given) json.WriteString(name, $"{(long)given.TotalSeconds}s");
    }
}
