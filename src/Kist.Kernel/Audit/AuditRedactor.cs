using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Unicode;

namespace Kist.Kernel.Audit;

/// <summary>Which numbers of a JSON object came from a caller and are hashed like its strings.</summary>
internal enum NumberRule
{
    /// <summary>None: an engine counted them.</summary>
    Clear,
    /// <summary>Those under the top-level key <c>data</c> (KV version 2).</summary>
    HashedUnderData,
    /// <summary>All.</summary>
    Hashed,
}

/// <summary>What to do with one JSON object of a request or an answer.</summary>
internal readonly ref struct RedactionRules
{
    /// <summary>How the sink writes.</summary>
    public required AuditFormat Format { get; init; }

    /// <summary>Top-level fields shown in clear; null: none.</summary>
    public IReadOnlyList<string>? ClearKeys { get; init; }

    /// <summary>Which numbers are hashed.</summary>
    public NumberRule Numbers { get; init; }

    /// <summary>Whether the top-level fields <c>keys</c> and <c>key_info</c> are replaced by their size.</summary>
    public bool ElideKeys { get; init; }

    /// <summary>Whether the top-level field <c>accessor</c> is shown in clear.</summary>
    public bool ClearAccessor { get; init; }

    /// <summary>Top-level fields that are left out; null: none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Without { get; init; }
}

/// <summary>
/// Writes a JSON object again with every value that a caller could have given replaced by its keyed hash: strings and
/// numbers. Keys, true, false and null stay. What is not JSON is dropped whole, never passed on.
/// </summary>
internal static class AuditRedactor
{
    // Deeper than a request may nest, because an answer puts what was stored inside its own objects.
    private const int MaxDepth = 128;

    private static ReadOnlySpan<byte> Elided => "\"[elided]\""u8;

    /// <summary>
    /// Appends <paramref name="json"/>'s fields as one object. False, with nothing appended, when it is not one JSON
    /// object.
    /// </summary>
    public static bool TryWrite(LineBuffer to, ReadOnlySpan<byte> json, in RedactionRules rules)
    {
        var start = to.Length;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (reader.Read() && reader.TokenType is JsonTokenType.StartObject)
            {
                WriteFields(to, ref reader, rules);
                if (!reader.Read()) return true;
            }
        }
        catch (JsonException)
        {
            // Fall through: what could not be understood is not shown.
        }
        catch (InvalidOperationException)
        {
            // Not valid UTF-8 inside an escaped string.
        }
        to.Truncate(start);
        return false;
    }

    private static void WriteFields(LineBuffer to, ref Utf8JsonReader reader, in RedactionRules rules)
    {
        var start = to.Length;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (IsNamed(ref reader, rules.Without))
            {
                reader.Read();
                reader.Skip();
                continue;
            }
            var elide = rules.ElideKeys && (reader.ValueTextEquals("keys"u8) || reader.ValueTextEquals("key_info"u8));
            var clear = rules.Format.Raw || IsNamed(ref reader, rules.ClearKeys)
                || (rules.ClearAccessor && reader.ValueTextEquals("accessor"u8));
            var numbers = rules.Numbers is NumberRule.Hashed
                || (rules.Numbers is NumberRule.HashedUnderData && reader.ValueTextEquals("data"u8));
            to.Raw((byte)',');
            WriteName(to, ref reader);
            reader.Read();
            if (elide && reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                to.Number(CountAndSkip(ref reader));
            else WriteValue(to, ref reader, rules.Format, clear, numbers);
        }
        to.OpenObjectAt(start);
        to.Raw((byte)'}');
    }

    /// <summary>Writes the value at which the reader stands, to its end.</summary>
    private static void WriteValue(
        LineBuffer to, ref Utf8JsonReader reader, AuditFormat format, bool clear, bool numbers)
    {
        var depth = reader.CurrentDepth;
        var comma = false;
        do
        {
            var type = reader.TokenType;
            var closes = type is JsonTokenType.EndObject or JsonTokenType.EndArray;
            if (comma && !closes) to.Raw((byte)',');
            comma = type is not (JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.PropertyName);
            switch (type)
            {
                case JsonTokenType.PropertyName:
                    WriteName(to, ref reader);
                    break;
                case JsonTokenType.String:
                    WriteString(to, ref reader, format, clear);
                    break;
                case JsonTokenType.Number when numbers && !clear:
                    WriteHidden(to, format, reader.ValueSpan);
                    break;
                default:
                    to.Raw(reader.ValueSpan); // a brace, a bracket, true, false, null, or a number in clear
                    break;
            }
            var opens = type is JsonTokenType.StartObject or JsonTokenType.StartArray;
            if (reader.CurrentDepth == depth && !opens) return;
        }
        while (reader.Read());
    }

    private static void WriteName(LineBuffer to, ref Utf8JsonReader reader)
    {
        if (!Utf8.IsValid(reader.ValueSpan)) throw new JsonException();
        to.Raw((byte)'"');
        to.Raw(reader.ValueSpan); // as it stood: still escaped, so it cannot end the string or the line
        to.Raw("\":"u8);
    }

    private static void WriteString(LineBuffer to, ref Utf8JsonReader reader, AuditFormat format, bool clear)
    {
        if (clear)
        {
            if (!Utf8.IsValid(reader.ValueSpan)) throw new JsonException();
            to.Raw((byte)'"');
            to.Raw(reader.ValueSpan);
            to.Raw((byte)'"');
            return;
        }
        if (!reader.ValueIsEscaped)
        {
            WriteHidden(to, format, reader.ValueSpan);
            return;
        }
        var plain = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        try
        {
            WriteHidden(to, format, plain.AsSpan(0, reader.CopyString(plain)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    /// <summary>Writes what stands in place of a value.</summary>
    public static void WriteHidden(LineBuffer to, AuditFormat format, ReadOnlySpan<byte> value)
    {
        if (format.ElideValues)
        {
            to.Raw(Elided);
            return;
        }
        to.Raw((byte)'"');
        format.Key.Write(to, value);
        to.Raw((byte)'"');
    }

    private static long CountAndSkip(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        var isObject = reader.TokenType is JsonTokenType.StartObject;
        var count = 0L;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.CurrentDepth > depth + 1) continue;
            if (isObject ? reader.TokenType is JsonTokenType.PropertyName
                : reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray)) count++;
        }
        return count;
    }

    private static bool IsNamed(ref Utf8JsonReader reader, IReadOnlyList<string>? names)
    {
        if (names is null) return false;
        for (var i = 0; i < names.Count; i++)
            if (reader.ValueTextEquals(names[i])) return true;
        return false;
    }

    private static bool IsNamed(ref Utf8JsonReader reader, IReadOnlyList<KeyValuePair<string, string>>? fields)
    {
        if (fields is null) return false;
        for (var i = 0; i < fields.Count; i++)
            if (reader.ValueTextEquals(fields[i].Key)) return true;
        return false;
    }
}
