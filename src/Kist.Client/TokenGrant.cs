using System.Text.Json;
using Kist.Client.Logging;
using Kist.Secrets;

namespace Kist.Client;

/// <summary>A token that the server gave. Dispose it when it is not used any more.</summary>
/// <param name="Token">The token.</param>
/// <param name="Accessor">Its accessor, by which it can be revoked without being known.</param>
/// <param name="Policies">What it may do.</param>
/// <param name="Duration">How long it lives; zero: for ever.</param>
/// <param name="IsRenewable">Whether it can be renewed.</param>
public sealed record TokenGrant(
    SecretBytes Token, string Accessor, IReadOnlyList<string> Policies, TimeSpan Duration, bool IsRenewable)
    : IDisposable
{
    /// <summary>Zeroes the token.</summary>
    public void Dispose() => Token.Dispose();

    internal static TokenGrant? Of(JsonElement auth)
    {
        if (auth.ValueKind != JsonValueKind.Object) return null;
        var token = auth.Member("client_token").Secret();
        HandedOut.Shared.Add(token);
        return new TokenGrant(token, auth.Member("accessor").Text() ?? "", auth.Member("policies").Texts(),
            auth.Member("lease_duration").Seconds(), auth.Member("renewable").IsTrue());
    }
}

/// <summary>An answer behind a single-use token.</summary>
/// <param name="Token">The token that opens it once.</param>
/// <param name="Accessor">The token's accessor.</param>
/// <param name="Duration">How long it waits.</param>
/// <param name="CreationPath">Which request's answer it is.</param>
public sealed record WrappedAnswer(SecretBytes Token, string Accessor, TimeSpan Duration, string CreationPath)
    : IDisposable
{
    /// <summary>Zeroes the token.</summary>
    public void Dispose() => Token.Dispose();

    internal static WrappedAnswer? Of(JsonElement wrap) =>
        wrap.ValueKind != JsonValueKind.Object ? null : new WrappedAnswer(
            wrap.Member("token").Secret(), wrap.Member("accessor").Text() ?? "", wrap.Member("ttl").Seconds(),
            wrap.Member("creation_path").Text() ?? "");
}

/// <summary>Looks into JSON that may lack what is asked for.</summary>
internal static class JsonAccess
{
    public static JsonElement Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : default;

    public static string? Text(this JsonElement element) =>
        element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    public static bool IsTrue(this JsonElement element) => element.ValueKind == JsonValueKind.True;

    public static long? Number(this JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var number) ? number : null;

    public static TimeSpan Seconds(this JsonElement element) => TimeSpan.FromSeconds(
        Math.Clamp(element.Number() ?? 0, 0, (long)TimeSpan.FromDays(36_500).TotalSeconds));

    public static DateTimeOffset? Time(this JsonElement element) =>
        element.ValueKind == JsonValueKind.String && element.TryGetDateTimeOffset(out var time) ? time : null;

    public static IReadOnlyList<string> Texts(this JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? [.. element.EnumerateArray().Select(Text).OfType<string>()] : [];

    /// <summary>A text as it is, anything else as its JSON.</summary>
    public static SecretBytes Secret(this JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String)
            return SecretBytes.FromText(element.ValueKind == JsonValueKind.Undefined ? "" : element.GetRawText());
        var reader = new Utf8JsonReader(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(element));
        reader.Read();
        using var text = SecretBuffer.Rent(reader.ValueSpan.Length);
        text.Truncate(reader.CopyString(text.Span));
        return SecretBytes.Copy(text.Span);
    }
}
