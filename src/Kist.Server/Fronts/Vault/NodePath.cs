using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Fronts.Vault;

/// <summary>One path that answers while sealed: what it does on each method, and how large a body it takes.</summary>
internal sealed record NodePath(string Path)
{
    /// <summary>Enough for a key, a nonce and a one-time password; whoever sends these has no token yet.</summary>
    public const int SmallBodyBytes = 4_096;

    /// <summary>Enough for PGP keys, so that sending them is refused in words.</summary>
    public const int LargeBodyBytes = 262_144;

    public NodeHandler? Get { get; init; }

    public NodeHandler? Put { get; init; }

    public NodeHandler? Delete { get; init; }

    /// <summary>Whether HEAD answers as GET does, without a body.</summary>
    public bool AnswersHead { get; init; }

    public int MaxBodyBytes { get; init; } = SmallBodyBytes;

    /// <summary>What a method does; null: it is not supported.</summary>
    public NodeHandler? HandlerOf(string method) => method switch
    {
        "GET" => Get,
        "HEAD" when AnswersHead => Get,
        "PUT" or "POST" => Put,
        "DELETE" => Delete,
        _ => null,
    };
}

/// <summary>Runs a path that answers while sealed. The answer has no envelope.</summary>
internal delegate ValueTask<Response> NodeHandler(NodeCall call);

/// <summary>A request to such a path. Nobody has been authenticated.</summary>
internal sealed record NodeCall(
    NodeBody Body, List<KeyValuePair<string, string>>? Query, CancellationToken Aborted)
{
    /// <summary>The nonce, which cancellation takes and need not have.</summary>
    public string? Nonce => Body.Get(NodeBody.NonceField) is { Length: > 0 } nonce ? nonce : null;
}

/// <summary>Collects paths by name.</summary>
internal static class NodePathTable
{
    public static Dictionary<string, NodePath> With(this Dictionary<string, NodePath> table, NodePath[] paths)
    {
        foreach (var path in paths) table.Add(path.Path, path);
        return table;
    }

    /// <summary>Key shares as the API shows them: once in hexadecimal, once in base64.</summary>
    public static void WriteKeys(
        this System.Text.Json.Utf8JsonWriter json, string name, IReadOnlyList<SecretBuffer> shares)
    {
        Span<byte> hex = stackalloc byte[128];
        json.WriteStartArray(name);
        foreach (var share in shares)
        {
            Convert.TryToHexStringLower(share.Span, hex, out var length);
            json.WriteStringValue(hex[..length]);
        }
        json.WriteEndArray();
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(hex);
        json.WriteStartArray(name + "_base64");
        foreach (var share in shares) json.WriteBase64StringValue(share.Span);
        json.WriteEndArray();
    }
}
