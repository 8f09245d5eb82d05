using System.Text.Json;

namespace Kist.Server.Engines.Sys;

/// <summary>Shapes that many answers have in common.</summary>
internal static class JsonShapes
{
    /// <summary>A list of texts.</summary>
    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    /// <summary>An object of texts, or null.</summary>
    public static void WriteMap(this Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string>? map)
    {
        if (map is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        foreach (var (key, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
    }

    /// <summary>A duration as whole seconds.</summary>
    public static void WriteSeconds(this Utf8JsonWriter json, string name, TimeSpan duration) =>
        json.WriteNumber(name, (long)duration.TotalSeconds);
}
