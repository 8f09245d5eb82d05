using System.Security.Cryptography;
using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Scan.Known;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// One answer of fingerprints: a key that is used for no other, and for each value its spellings as one text, so that
/// an audit line has few texts to hash. Values come in as bytes and leave no copy.
/// </summary>
internal sealed class FingerprintPage : IDisposable
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(Fingerprint.KeyBytes);
    private readonly SecretWriter _data = new();
    private readonly Utf8JsonWriter _json;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private int _leftOut;

    public FingerprintPage()
    {
        _json = new Utf8JsonWriter(_data, Response.JsonOptions);
        _json.WriteStartObject();
        _json.WriteBase64String("key"u8, _key);
        _json.WriteStartArray("values"u8);
    }

    /// <summary>Begins the versions of one secret: what several of them hold is sent once.</summary>
    public void BeginSecret() => _seen.Clear();

    /// <summary>Adds every value of a version.</summary>
    public void Add(string path, long version, PayloadKind kind, ReadOnlySpan<byte> payload)
    {
        if (kind is not PayloadKind.Map)
        {
            Value(path, "value", version, payload);
            return;
        }
        var json = new Utf8JsonReader(payload);
        var names = new List<string>();
        while (json.Read())
        {
            switch (json.TokenType)
            {
                case JsonTokenType.PropertyName:
                    Resize(names, json.CurrentDepth);
                    names[^1] = json.GetString()!;
                    break;
                case JsonTokenType.String or JsonTokenType.Number:
                    Resize(names, json.CurrentDepth);
                    Text(path, string.Join('.', names.Where(name => name.Length > 0)), version, ref json);
                    break;
            }
        }
    }

    /// <summary>The answer, with where the next page begins; null: this was the last.</summary>
    public Response Answer(string? next)
    {
        _json.WriteEndArray();
        _json.WriteNumber("left_out"u8, _leftOut);
        if (next is not null) _json.WriteString("next"u8, next);
        _json.WriteEndObject();
        _json.Flush();
        return new Response().With(_data);
    }

    public void Dispose()
    {
        _json.Dispose();
        CryptographicOperations.ZeroMemory(_key);
    }

    // One name for each level; a list's has none.
    private static void Resize(List<string> names, int depth)
    {
        while (names.Count < depth) names.Add("");
        names.RemoveRange(depth, names.Count - depth);
    }

    private void Text(string path, string field, long version, ref Utf8JsonReader json)
    {
        using var text = SecretBuffer.Rent(json.ValueSpan.Length);
        var length = json.ValueSpan.Length;
        if (json.TokenType is JsonTokenType.String) length = json.CopyString(text.Span);
        else json.ValueSpan.CopyTo(text.Span);
        Value(path, field, version, text.Span[..length]);
    }

    private void Value(string path, string field, long version, ReadOnlySpan<byte> value)
    {
        if (!_seen.Add(field + "\n" + Convert.ToHexString(Fingerprint.HashOf(_key, value)))) return;
        if (!Fingerprint.IsSafe(value))
        {
            _leftOut++;
            return;
        }
        var made = Fingerprint.Of(_key, path, value);
        var wire = new byte[made.Count * Fingerprint.WireBytes];
        for (var i = 0; i < made.Count; i++) made[i].WriteTo(wire.AsSpan(i * Fingerprint.WireBytes));
        _json.WriteStartObject();
        _json.WriteString("path"u8, path);
        _json.WriteString("field"u8, field);
        _json.WriteNumber("version"u8, version);
        _json.WriteBase64String("fingerprints"u8, wire);
        _json.WriteEndObject();
    }
}
