using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

/// <summary>Writes answers as UTF-8 JSON straight from stored bytes.</summary>
internal static class KvJson
{
    private static readonly SearchValues<byte> s_stops = SearchValues.Create("\" \t\r\n"u8);

    /// <summary>Copies valid JSON without the blanks between its tokens.</summary>
    public static void Compact(ReadOnlySpan<byte> json, SecretWriter output)
    {
        while (!json.IsEmpty)
        {
            var plain = json.IndexOfAny(s_stops);
            if (plain < 0) plain = json.Length;
            output.Write(json[..plain]);
            json = json[plain..];
            if (json.IsEmpty) return;
            var token = json[0] == (byte)'"' ? StringLength(json) : 0;
            output.Write(json[..token]);
            json = json[Math.Max(token, 1)..];
        }
    }

    /// <summary>Compact JSON in a buffer of its own.</summary>
    public static SecretWriter Compact(ReadOnlySpan<byte> json)
    {
        var output = new SecretWriter(Math.Max(json.Length, 16));
        Compact(json, output);
        return output;
    }

    /// <summary>
    /// A version's payload and what is known of it. <paramref name="payload"/> is written as it stands; empty: null.
    /// </summary>
    public static void WriteVersion(SecretWriter output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> payload,
        in VersionView version, ReadOnlySpan<byte> custom)
    {
        output.Write("{\""u8);
        output.Write(name);
        output.Write("\":"u8);
        output.Write(payload.IsEmpty ? "null"u8 : payload);
        output.Write(",\"metadata\":"u8);
        WriteFacts(output, version.CreatedTicks, version.DeletionTicks, version.IsDestroyed, version.Number, custom);
        output.Write("}"u8);
    }

    /// <summary>The facts about one version, as every data answer shows them.</summary>
    public static void WriteFacts(SecretWriter output, long createdTicks, long deletionTicks, bool isDestroyed,
        long number, ReadOnlySpan<byte> custom)
    {
        output.Write("{\"created_time\":\""u8);
        WriteTime(output, createdTicks);
        output.Write("\",\"custom_metadata\":"u8);
        output.Write(custom.IsEmpty ? "null"u8 : custom);
        output.Write(",\"deletion_time\":\""u8);
        if (deletionTicks != 0) WriteTime(output, deletionTicks);
        output.Write(isDestroyed ? "\",\"destroyed\":true,\"version\":"u8 : "\",\"destroyed\":false,\"version\":"u8);
        WriteNumber(output, number);
        output.Write("}"u8);
    }

    /// <summary>A payload as the KV map: JSON as it stands, anything else under <c>value</c>.</summary>
    public static void WriteMap(SecretWriter output, ReadOnlySpan<byte> payload, PayloadKind kind)
    {
        if (kind is PayloadKind.Map)
        {
            output.Write(payload);
            return;
        }
        using var json = new Utf8JsonWriter(output, Response.JsonOptions);
        json.WriteStartObject();
        if (kind is PayloadKind.Text) json.WriteString("value"u8, payload);
        else json.WriteBase64String("value"u8, payload);
        json.WriteEndObject();
    }

    /// <summary>
    /// The keys of a map without their values: objects stay objects down to <paramref name="depth"/> levels (0: all),
    /// everything else is null.
    /// </summary>
    public static void WriteSubkeys(SecretWriter output, ReadOnlySpan<byte> map, long depth)
    {
        var json = new Utf8JsonReader(map);
        var level = 0;
        var isFirst = true;
        json.Read();
        if (json.TokenType is not JsonTokenType.StartObject)
        {
            output.Write("null"u8);
            return;
        }
        output.Write("{"u8);
        for (level = 1; level > 0 && json.Read();)
        {
            if (json.TokenType is JsonTokenType.EndObject)
            {
                output.Write("}"u8);
                isFirst = false;
                level--;
                continue;
            }
            if (!isFirst) output.Write(","u8);
            var start = (int)json.TokenStartIndex;
            output.Write(map.Slice(start, json.ValueSpan.Length + 2));
            output.Write(":"u8);
            json.Read();
            isFirst = json.TokenType is JsonTokenType.StartObject && (depth <= 0 || level < depth)
                && map[(int)json.BytesConsumed] != (byte)'}';
            if (isFirst)
            {
                output.Write("{"u8);
                level++;
                continue;
            }
            json.Skip();
            output.Write("null"u8);
        }
    }

    public static void WriteNumber(SecretWriter output, long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var written);
        output.Advance(written);
    }

    private static void WriteTime(SecretWriter output, long ticks) =>
        output.Advance(GoTime.Write(new DateTimeOffset(ticks, TimeSpan.Zero), output.GetSpan(GoTime.MaxLength)));

    /// <summary>How long the string is at the start of <paramref name="json"/>, with its quotes.</summary>
    private static int StringLength(ReadOnlySpan<byte> json)
    {
        for (var i = 1; ;)
        {
            var stop = json[i..].IndexOfAny((byte)'"', (byte)'\\');
            if (stop < 0) return json.Length;
            i += stop;
            if (json[i] == (byte)'"') return i + 1;
            i += 2;
        }
    }
}
