using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Kist.Secrets;

namespace Kist.Client;

/// <summary>
/// An answer of the API as it came, for what has no method of its own. Its JSON may hold secrets: dispose it, which
/// zeroes the bytes; then <see cref="Body"/> is not valid any more.
/// </summary>
[DebuggerDisplay("{Status}")]
public sealed class KistResponse : IDisposable
{
    private readonly SecretWriter _bytes;
    private readonly JsonDocument? _json;

    private KistResponse(HttpStatusCode status, SecretWriter bytes, JsonDocument? json) =>
        (Status, _bytes, _json) = (status, bytes, json);

    /// <summary>The status.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>The whole answer; an undefined element when it has no body.</summary>
    public JsonElement Body => _json?.RootElement ?? default;

    /// <summary>Its <c>data</c>; an undefined element when there is none.</summary>
    public JsonElement Data => Body.Member("data");

    /// <summary>The id of the lease; null: nothing was leased.</summary>
    public string? LeaseId => Body.Member("lease_id").Text() is { Length: > 0 } id ? id : null;

    /// <summary>How long the lease lasts; zero without one.</summary>
    public TimeSpan LeaseDuration => Body.Member("lease_duration").Seconds();

    /// <summary>Whether the lease can be renewed.</summary>
    public bool IsRenewable => Body.Member("renewable").ValueKind == JsonValueKind.True;

    /// <summary>What a login or the creation of a token gives; null: none.</summary>
    public TokenGrant? Token => TokenGrant.Of(Body.Member("auth"));

    /// <summary>The token that the answer was wrapped in; null: it is not wrapped.</summary>
    public WrappedAnswer? Wrapped => WrappedAnswer.Of(Body.Member("wrap_info"));

    /// <summary>What the server warns of.</summary>
    public IReadOnlyList<string> Warnings => Body.Member("warnings").Texts();

    /// <inheritdoc/>
    public override string ToString() => $"{(int)Status} [REDACTED]";

    /// <summary>Zeroes the bytes. Safe to call twice.</summary>
    public void Dispose()
    {
        _json?.Dispose();
        _bytes.Dispose();
    }

    internal static KistResponse Parse(HttpStatusCode status, SecretWriter body) =>
        new(status, body, body.WrittenCount == 0 ? null : JsonDocument.Parse(body.WrittenMemory));

    /// <summary>The bytes of the answer, for parsers that make no strings.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;
}
