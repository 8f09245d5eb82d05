using System.Text.Json.Nodes;

namespace Kist.Contract.Tests;

/// <summary>One place where an answer is not as recorded.</summary>
/// <param name="Path">Dotted JSON path, or a part of the answer in brackets such as <c>(status)</c>.</param>
/// <param name="Expected">What was recorded, as text.</param>
/// <param name="Got">What came.</param>
public sealed record Difference(string Path, string Expected, string Got)
{
    private const int MaxShown = 600;

    /// <summary>A difference between two JSON values.</summary>
    public static Difference Between(string path, JsonNode? expected, JsonNode? got) =>
        new(path, Show(expected), Show(got));

    /// <summary>JSON as text, cut to a readable length.</summary>
    public static string Show(JsonNode? value) => Cut(value?.ToJsonString(JsonText.Readable) ?? "null");

    /// <summary>Text, cut to a readable length.</summary>
    public static string Cut(string text) => text.Length <= MaxShown ? text : text[..MaxShown] + "…";

    public override string ToString() =>
        $"{(Path.Length == 0 ? "(body)" : Path)}: expected {Expected}, got {Got}";
}
