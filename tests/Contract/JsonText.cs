using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kist.Contract.Tests;

/// <summary>How transcripts and answers are read and shown.</summary>
public static class JsonText
{
    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = 512, AllowDuplicateProperties = false };

    /// <summary>Writes characters as they are, for people.</summary>
    public static JsonSerializerOptions Readable { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 512 };

    /// <summary>Parses one value. No server may write a field twice, so that is an error as well.</summary>
    /// <exception cref="JsonException">The text is no JSON.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8) => JsonNode.Parse(utf8, documentOptions: s_strict);

    /// <summary>True for a number that is written without fraction and exponent.</summary>
    public static bool IsInteger(JsonNode? value) =>
        IsNumber(value) && value!.ToJsonString().AsSpan().IndexOfAny(".eE") < 0;

    /// <summary>True for any number.</summary>
    public static bool IsNumber(JsonNode? value) => value?.GetValueKind() == JsonValueKind.Number;

    /// <summary>True for true and false.</summary>
    public static bool IsBoolean(JsonNode? value) =>
        value?.GetValueKind() is JsonValueKind.True or JsonValueKind.False;

    /// <summary>The string, or null when the value is something else.</summary>
    public static string? StringOf(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
}
