using System.Globalization;
using System.Text;
using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// What people note about a secret: names and short texts, shown with its metadata and never secret. Limits as in
/// Vault's API: 64 names of 1 to 128 bytes with texts of 1 to 512 bytes, printable.
/// </summary>
internal static class CustomMetadata
{
    public const int MostKeys = 64;
    public const int MostKeyBytes = 128;
    public const int MostValueBytes = 512;

    /// <summary>Checks a whole map and gives it as the JSON that is stored and shown; empty for an empty map.</summary>
    public static Fault? TryWrite(IReadOnlyDictionary<string, string> map, out byte[] json)
    {
        json = [];
        if (Check(map) is { } fault) return fault;
        if (map.Count == 0) return null;
        using var output = new SecretWriter();
        using (var writer = new Utf8JsonWriter(output, Response.JsonOptions))
        {
            writer.WriteStartObject();
            foreach (var (key, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
                writer.WriteString(key, value);
            writer.WriteEndObject();
        }
        json = output.WrittenSpan.ToArray();
        return null;
    }

    /// <summary>Merges a patch (names to texts, null removes) into what is stored.</summary>
    public static Fault? TryMerge(ReadOnlySpan<byte> stored, ReadOnlyMemory<byte> patch, out byte[] json)
    {
        json = [];
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (!stored.IsEmpty) TryRead(stored, map);
        var reader = new Utf8JsonReader(patch.Span);
        reader.Read();
        if (reader.TokenType is JsonTokenType.Null) return null;
        return TryRead(patch.Span, map)
            ? TryWrite(new Dictionary<string, string>(map), out json)
            : Fault.Invalid("custom_metadata validation failed: expected an object of strings");
    }

    private static bool TryRead(ReadOnlySpan<byte> json, SortedDictionary<string, string> map)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType is not JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            switch (reader.TokenType)
            {
                case JsonTokenType.Null: map.Remove(key); break;
                case JsonTokenType.String: map[key] = reader.GetString()!; break;
                case JsonTokenType.Number: map[key] = Encoding.UTF8.GetString(reader.ValueSpan); break;
                case JsonTokenType.True or JsonTokenType.False:
                    map[key] = reader.TokenType is JsonTokenType.True ? "1" : "0";
                    break;
                default: return false;
            }
        }
        return true;
    }

    private static Fault? Check(IReadOnlyDictionary<string, string> map)
    {
        if (map.Count > MostKeys)
            return Failed([$"payload must contain at most {MostKeys} keys, provided {map.Count}"]);
        var errors = new List<string>();
        foreach (var (key, value) in map)
        {
            var (keyBytes, valueBytes) = (Encoding.UTF8.GetByteCount(key), Encoding.UTF8.GetByteCount(value));
            var name = Quoted(key);
            if (keyBytes is 0 or > MostKeyBytes)
                errors.Add($"length of key {name} is {keyBytes} but must be 0 < len(key) <= {MostKeyBytes}");
            if (valueBytes is 0 or > MostValueBytes)
                errors.Add($"length of value for key {name} is {valueBytes} "
                    + $"but must be 0 < len(value) <= {MostValueBytes}");
            if (!IsPrintable(key)) errors.Add($"key {name} ({key}) contains unprintable characters");
            if (!IsPrintable(value)) errors.Add($"value for key {name} contains unprintable characters");
        }
        return errors.Count == 0 ? null : Failed(errors);
    }

    /// <summary>All that is wrong at once, in the list form of Vault's errors.</summary>
    private static Fault Failed(List<string> errors)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{errors.Count} error{(errors.Count == 1 ? "" : "s")} occurred:");
        foreach (var error in errors) text.Append("\n\t* custom_metadata validation failed: ").Append(error);
        return Fault.Invalid(text.Append("\n\n").ToString());
    }

    /// <summary>As Go quotes a text: what is not printable by its number.</summary>
    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
            quoted.Append(rune.Value switch
            {
                '"' => "\\\"",
                '\\' => @"\\",
                '\n' => @"\n",
                '\r' => @"\r",
                '\t' => @"\t",
                < 0x80 and var code when !IsPrintable(rune) => $@"\x{code:x2}",
                var code when !IsPrintable(rune) => code > 0xFFFF ? $@"\U{code:x8}" : $@"\u{code:x4}",
                _ => rune.ToString(),
            });
        return quoted.Append('"').ToString();
    }

    private static bool IsPrintable(string text)
    {
        foreach (var rune in text.EnumerateRunes())
            if (!IsPrintable(rune)) return false;
        return true;
    }

    private static bool IsPrintable(Rune rune) =>
        !(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
                || (Rune.GetUnicodeCategory(rune) is UnicodeCategory.SpaceSeparator && rune.Value != ' '));
}
