using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kist.Secrets;

namespace Kist.Cli.Output;

/// <summary>JSON values as text for people, shells and programs, without passing through strings.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions Pretty = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // for terminals and pipes, never inside HTML
    };

    /// <summary>Writes <paramref name="value"/> as indented JSON with a last newline.</summary>
    public static void WriteIndented(JsonElement value, SecretWriter to)
    {
        using (var writer = new Utf8JsonWriter(to, Pretty)) value.WriteTo(writer);
        to.Write("\n"u8);
    }

    /// <summary>
    /// Writes a string without quotes and escapes, a list of strings with commas between, null as nothing, and
    /// anything else as its JSON text.
    /// </summary>
    public static void WritePlain(JsonElement value, SecretWriter to)
    {
        if (value.ValueKind == JsonValueKind.Array && AllStrings(value))
        {
            var first = true;
            foreach (var item in value.EnumerateArray())
            {
                if (!first) to.Write(", "u8);
                WriteValue(item, to);
                first = false;
            }
        }
        else if (value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)) WriteValue(value, to);
    }

    /// <summary>Writes a string without quotes and escapes, and anything else as its JSON text.</summary>
    public static void WriteValue(JsonElement value, SecretWriter to)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        if (value.ValueKind != JsonValueKind.String)
        {
            to.Write(raw);
            return;
        }
        var reader = new Utf8JsonReader(raw);
        reader.Read();
        to.Advance(reader.CopyString(to.GetSpan(raw.Length)));
    }

    /// <summary>The member as a string; empty when it is missing or no string. Not for secret values.</summary>
    public static string Text(this JsonElement element, string member) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(member, out var value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString()! : ""
            : "";

    /// <summary>The member, or an undefined element.</summary>
    public static JsonElement Member(this JsonElement element, string member) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(member, out var value) ? value : default;

    /// <summary>The member as a whole number; 0 when it is missing or none.</summary>
    public static long Number(this JsonElement element, string member) =>
        element.Member(member) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var n) ? n : 0;

    /// <summary>Whether the member is <c>true</c>.</summary>
    public static bool Flag(this JsonElement element, string member) =>
        element.Member(member).ValueKind == JsonValueKind.True;

    /// <summary>The strings of a list; nothing when it is no list.</summary>
    public static List<string> Strings(this JsonElement element)
    {
        var strings = new List<string>();
        if (element.ValueKind != JsonValueKind.Array) return strings;
        foreach (var item in element.EnumerateArray())
            if (item.ValueKind == JsonValueKind.String) strings.Add(item.GetString()!);
        return strings;
    }

    private static bool AllStrings(JsonElement list)
    {
        foreach (var item in list.EnumerateArray())
            if (item.ValueKind != JsonValueKind.String) return false;
        return true;
    }
}
