using System.Globalization;
using System.Text.Json;
using Kist.Secrets;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// The frame around an answer (Vault's API: "request_id, lease_id, renewable, lease_duration, data, wrap_info,
/// warnings, auth"), written once for what is sent and for what is wrapped. The data goes in as the bytes that the
/// audit saw.
/// </summary>
public static class Envelope
{
    /// <summary>
    /// Writes the frame. With <paramref name="alsoAtTop"/> the fields of the data stand at the top level too, as older
    /// <c>sys/</c> paths have them.
    /// </summary>
    public static void Write(SecretWriter output, Guid requestId, Response response, bool alsoAtTop = false)
    {
        output.Write("{"u8);
        if (alsoAtTop && response.HasData && response.Data.Length > 2)
        {
            output.Write(response.Data.Span[1..^1]);
            output.Write(","u8);
        }
        output.Write("\"request_id\":\""u8);
        if (response.Wrap is null)
        {
            HexText.Write(requestId, output.GetSpan(HexText.IdBytes));
            output.Advance(HexText.IdBytes);
        }
        output.Write("\",\"lease_id\":\""u8);
        if ((response.Lease?.Id ?? response.ShownLeaseId) is { Length: > 0 } lease)
            output.Write(JsonEncodedText.Encode(lease).EncodedUtf8Bytes);
        output.Write("\",\"renewable\":"u8);
        output.Write(response.Lease?.Renewable ?? response.ShownRenewable ? "true"u8 : "false"u8);
        output.Write(",\"lease_duration\":"u8);
        WriteNumber(output, (long)(response.Lease?.Granted ?? response.ShownLeaseDuration ?? default).TotalSeconds);
        output.Write(",\"data\":"u8);
        if (response.HasData) output.Write(response.Data.Span);
        else output.Write("null"u8);
        output.Write(",\"wrap_info\":"u8);
        if (response.Wrap is null && response.Warnings is null && response.Token is null)
        {
            output.Write("null,\"warnings\":null,\"auth\":null}"u8);
            return;
        }
        WriteTail(output, response);
    }

    private static void WriteTail(SecretWriter output, Response response)
    {
        if (response.Wrap is { } wrap) WriteObject(output, wrap, WriteWrap);
        else output.Write("null"u8);
        output.Write(",\"warnings\":"u8);
        if (response.Warnings is { Count: > 0 } warnings) WriteWarnings(output, warnings);
        else output.Write("null"u8);
        output.Write(",\"auth\":"u8);
        if (response.Token is { } token) WriteObject(output, token, WriteToken);
        else output.Write("null"u8);
        output.Write("}"u8);
    }

    private static void WriteObject<T>(SecretWriter output, T value, Action<Utf8JsonWriter, T> write) =>
        Response.WriteJson(output, (value, write), static (json, of) =>
        {
            json.WriteStartObject();
            of.write(json, of.value);
            json.WriteEndObject();
        });

    private static void WriteWrap(Utf8JsonWriter json, Wrapping.WrapInfo wrap)
    {
        json.WriteString("token", wrap.Token);
        json.WriteString("accessor", wrap.Accessor);
        json.WriteNumber("ttl", (long)wrap.Ttl.TotalSeconds);
        json.WriteString("creation_time", GoTime.Format(wrap.CreationTime));
        json.WriteString("creation_path", wrap.CreationPath);
        if (wrap.WrappedAccessor is not null) json.WriteString("wrapped_accessor", wrap.WrappedAccessor);
    }

    private static void WriteToken(Utf8JsonWriter json, Tokens.IssuedToken token)
    {
        var entry = token.Entry;
        json.WriteString("client_token", token.Token);
        json.WriteString("accessor", entry.Accessor);
        WriteTexts(json, "policies", token.IdentityPolicies.Count == 0
            ? entry.Policies
            : [.. entry.Policies.Concat(token.IdentityPolicies).Distinct().Order(StringComparer.Ordinal)]);
        WriteTexts(json, "token_policies", entry.Policies);
        if (token.IdentityPolicies.Count > 0) WriteTexts(json, "identity_policies", token.IdentityPolicies);
        WriteMetadata(json, entry.Metadata);
        json.WriteNumber("lease_duration", (long)Math.Ceiling(token.Ttl.TotalSeconds));
        json.WriteBoolean("renewable", entry.Renewable);
        json.WriteString("entity_id", entry.EntityId);
        json.WriteString("token_type", entry.Type is Tokens.TokenType.Batch ? "batch" : "service");
        json.WriteBoolean("orphan", entry.IsOrphan);
        json.WriteNull("mfa_requirement");
        json.WriteNumber("num_uses", Math.Max(entry.NumUses, 0));
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null || metadata.Count == 0)
        {
            json.WriteNull("metadata");
            return;
        }
        json.WriteStartObject("metadata");
        foreach (var (key, value) in metadata.OrderBy(p => p.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WriteWarnings(SecretWriter output, List<string> warnings)
    {
        using var json = new Utf8JsonWriter(output, Response.JsonOptions);
        json.WriteStartArray();
        foreach (var warning in warnings) json.WriteStringValue(warning);
        json.WriteEndArray();
    }

    private static void WriteNumber(SecretWriter output, long number)
    {
        number.TryFormat(output.GetSpan(20), out var written, default, CultureInfo.InvariantCulture);
        output.Advance(written);
    }
}
