using System.Text.Json;
using Kist.Agent.Link;

namespace Kist.Agent.Logins;

/// <summary>A token and its life.</summary>
/// <param name="Ttl">Zero: it does not expire.</param>
/// <param name="Files">The files that the credentials came from.</param>
internal sealed record Login(string Token, TimeSpan Ttl, bool IsRenewable, IReadOnlyList<string> Files)
{
    /// <summary>The files as they were.</summary>
    public string Traces { get; init; } = "";

    /// <summary>From the <c>auth</c> of a login; null: it holds no token.</summary>
    public static Login? OfAuth(JsonElement auth, IReadOnlyList<string> files) =>
        auth.Text("client_token") is { Length: > 0 } token
            ? new(token, TimeSpan.FromSeconds(auth.Number("lease_duration")), auth.Flag("renewable"), files)
            : null;

    /// <summary>From what the server says of a token.</summary>
    public static Login OfLookup(string token, JsonElement data, IReadOnlyList<string> files) =>
        new(token, TimeSpan.FromSeconds(data.Number("ttl")), data.Flag("renewable"), files);

    public override string ToString() => "[REDACTED]";
}
