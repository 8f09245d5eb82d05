using System.Text.Json;
using Kist.Secrets;

namespace Kist.Agent.Link;

/// <summary>What came back to a question of the agent's own. The body is zeroed on disposal.</summary>
internal sealed class Reply : IDisposable
{
    private readonly JsonDocument? _document;
    private readonly SecretWriter? _body;

    private Reply(int status, SecretWriter? body, JsonDocument? document, LinkFault? fault) =>
        (Status, _body, _document, Fault) = (status, body, document, fault);

    /// <summary>The HTTP status; 0: no answer came.</summary>
    public int Status { get; }

    /// <summary>Why no answer came; null: one did.</summary>
    public LinkFault? Fault { get; }

    /// <summary>Whether the status is 2xx.</summary>
    public bool IsGood => Status is >= 200 and < 300;

    /// <summary>Whether the server could not do its work: away, sealed, overloaded. Another time it may.</summary>
    public bool IsAway => Fault is not null || Status is 429 or 473 or >= 500;

    /// <summary>
    /// Whether the server does not know the token. A token that is known and may not do this gets the same status, but
    /// its error stands in a list (both Kist and Vault; Vault from 1.15 on lists "invalid token" besides).
    /// </summary>
    public bool IsBadToken => Status is 401 or 403 or 404
        && (Errors is var text && !text.StartsWith("1 error occurred", StringComparison.Ordinal)
            || Errors.Contains("invalid token", StringComparison.Ordinal)
            || Errors.Contains("bad token", StringComparison.Ordinal));

    /// <summary>The body as JSON; undefined: there is none.</summary>
    public JsonElement Root => _document?.RootElement ?? default;

    /// <summary>The body's bytes.</summary>
    public ReadOnlyMemory<byte> Body => _body?.WrittenMemory ?? default;

    /// <summary>What to tell people: the server's words, or why there are none.</summary>
    public string Explanation
    {
        get
        {
            if (Fault is { } fault) return fault.Message;
            if (Status == 503) return "the server is sealed or not ready";
            var said = Errors;
            return said.Length > 0 ? $"the server answers {Status}: {OneLine(said)}" : $"the server answers {Status}";
        }
    }

    private string Errors => Root.Get("errors") is { ValueKind: JsonValueKind.Array } errors
        ? string.Join("; ", errors.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String)
            .Select(e => e.GetString()!.Trim()))
        : "";

    /// <summary>No answer.</summary>
    public static Reply None(LinkFault fault) => new(0, null, null, fault);

    /// <summary>Takes over <paramref name="body"/>; what is no JSON is kept as bytes.</summary>
    public static Reply Of(int status, SecretWriter body)
    {
        try
        {
            return new Reply(status, body, body.WrittenCount > 0 ? JsonDocument.Parse(body.WrittenMemory) : null, null);
        }
        catch (JsonException)
        {
            return new Reply(status, body, null, null);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _document?.Dispose();
        _body?.Dispose();
    }

    private static string OneLine(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Replace("1 error occurred:  * ", "");
}

/// <summary>Members of JSON that may not be there.</summary>
internal static class JsonMembers
{
    /// <summary>The member, or undefined.</summary>
    public static JsonElement Get(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) ? member : default;

    /// <summary>The member's text, or empty.</summary>
    public static string Text(this JsonElement json, string name) =>
        json.Get(name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    /// <summary>The member's whole number, or 0.</summary>
    public static long Number(this JsonElement json, string name) =>
        json.Get(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : 0;

    /// <summary>Whether the member is true.</summary>
    public static bool Flag(this JsonElement json, string name) => json.Get(name).ValueKind == JsonValueKind.True;
}
