using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Kist.Kernel.Routes;

/// <summary>
/// The kinds of field, with the leniency that Vault's clients rely on: numbers and booleans as strings, lists as
/// comma-separated text, durations as seconds or Go's notation.
/// </summary>
public static class Fields
{
    /// <summary>Text. Numbers and booleans are taken by their JSON text.</summary>
    public static Field<string> Text(string name, string docs, string value = "") =>
        new(name, docs, value, ParseText, "string");

    /// <summary>A whole number.</summary>
    public static Field<long> Number(string name, string docs, long value = 0) =>
        new(name, docs, value, ParseNumber, "integer");

    /// <summary>A number with a fraction.</summary>
    public static Field<double> Decimal(string name, string docs, double value = 0) =>
        new(name, docs, value, ParseDecimal, "number");

    /// <summary>True or false.</summary>
    public static Field<bool> Flag(string name, string docs, bool value = false) =>
        new(name, docs, value, ParseFlag, "boolean");

    /// <summary>True unless it says otherwise; null says nothing (in most fields it is false).</summary>
    public static Field<bool> FlagUnlessNull(string name, string docs) =>
        new(name, docs, true, ParseFlagUnlessNull, "boolean");

    /// <summary>A length of time: seconds as a number or text, or <c>1h30m</c>.</summary>
    public static Field<TimeSpan> Duration(string name, string docs, TimeSpan value = default) =>
        new(name, docs, value, ParseDuration, "integer");

    /// <summary>A list of texts, or comma-separated text. Items are trimmed when separated by commas.</summary>
    public static Field<IReadOnlyList<string>> List(string name, string docs) =>
        new(name, docs, [], ParseList, "array");

    /// <summary>A list of texts; one text is a list of one, commas and all.</summary>
    public static Field<IReadOnlyList<string>> Texts(string name, string docs) =>
        new(name, docs, [], ParseTexts, "array");

    /// <summary>A list of whole numbers, or comma-separated text.</summary>
    public static Field<IReadOnlyList<long>> Numbers(string name, string docs) =>
        new(name, docs, [], ParseNumbers, "array");

    /// <summary>An object of texts.</summary>
    public static Field<IReadOnlyDictionary<string, string>> Map(string name, string docs) =>
        new(name, docs, new Dictionary<string, string>(), ParseMap, "object");

    /// <summary>Any JSON, as it stands in the request's buffer.</summary>
    public static Field<ReadOnlyMemory<byte>> Json(string name, string docs) =>
        new(name, docs, default, ParseJson, "object");

    private static bool ParseText(in FieldValue value, out string? result, [NotNullWhen(false)] out string? error)
    {
        error = null;
        result = value.Text;
        if (value.IsText) return true;
        var reader = Open(value.Json);
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                result = reader.GetString();
                return true;
            case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False:
                result = Encoding.UTF8.GetString(value.Json.Span);
                if (reader.TokenType is not JsonTokenType.Number) result = reader.TokenType is JsonTokenType.True ? "1"
                    : "0";
                return true;
            case JsonTokenType.Null:
                result = "";
                return true;
            default:
                error = "expected a string";
                return false;
        }
    }

    private static bool ParseNumber(in FieldValue value, out long result, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (AsText(value, out var text, out var reader))
        {
            if (string.IsNullOrEmpty(text)) { result = 0; return true; }
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out result))
                return true;
        }
        else if (reader.TokenType is JsonTokenType.Number)
        {
            // 2.0 and 1e3 are none to Vault's clients either; a fraction must not be cut off silently.
            if (reader.TryGetInt64(out result)) return true;
        }
        else if (reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null)
        {
            result = reader.TokenType is JsonTokenType.True ? 1 : 0;
            return true;
        }
        result = 0;
        error = "expected a whole number";
        return false;
    }

    private static bool ParseDecimal(in FieldValue value, out double result, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (AsText(value, out var text, out var reader))
        {
            if (string.IsNullOrEmpty(text)) { result = 0; return true; }
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out result)) return true;
        }
        else if (reader.TokenType is JsonTokenType.Number && reader.TryGetDouble(out result)) return true;
        result = 0;
        error = "expected a number";
        return false;
    }

    private static bool ParseFlag(in FieldValue value, out bool result, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (AsText(value, out var text, out var reader))
        {
            if ((text is "" ? false : GoBool.Parse(text)) is { } said)
            {
                result = said;
                return true;
            }
        }
        else if (reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null)
        {
            result = reader.TokenType is JsonTokenType.True;
            return true;
        }
        else if (reader.TokenType is JsonTokenType.Number && reader.TryGetDouble(out var number))
        {
            result = number != 0;
            return true;
        }
        result = false;
        error = "expected true or false";
        return false;
    }

    private static bool ParseFlagUnlessNull(
        in FieldValue value, out bool result, [NotNullWhen(false)] out string? error)
    {
        (result, error) = (true, null);
        return (!value.IsText && Open(value.Json).TokenType is JsonTokenType.Null)
            || ParseFlag(value, out result, out error);
    }

    private static bool ParseDuration(in FieldValue value, out TimeSpan result, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (AsText(value, out var text, out var reader))
        {
            if (GoDuration.TryParse(text ?? "", out result)) return true;
        }
        else if (reader.TokenType is JsonTokenType.Null) { result = default; return true; }
        else if (reader.TokenType is JsonTokenType.Number && reader.TryGetDouble(out var seconds)
            && Math.Abs(seconds) <= GoDuration.MaxSeconds)
        {
            result = TimeSpan.FromSeconds((long)seconds);
            return true;
        }
        result = default;
        error = "expected a duration such as 90, \"90s\" or \"1h30m\"";
        return false;
    }

    private static bool ParseList(in FieldValue value, out IReadOnlyList<string>? result,
        [NotNullWhen(false)] out string? error)
    {
        error = null;
        result = [];
        if (value.IsText) { result = Split(value.Text!); return true; }
        var reader = Open(value.Json);
        if (reader.TokenType is JsonTokenType.Null) return true;
        if (reader.TokenType is not JsonTokenType.StartArray)
        {
            if (!ParseText(value, out var single, out error)) { error = "expected a list of strings"; return false; }
            result = Split(single!);
            return true;
        }
        var items = new List<string>();
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            if (Scalar(ref reader) is not { } item) { error = "expected a list of strings"; return false; }
            items.Add(item);
        }
        result = items;
        return true;
    }

    private static bool ParseTexts(in FieldValue value, out IReadOnlyList<string>? result,
        [NotNullWhen(false)] out string? error)
    {
        if (!value.IsText && Open(value.Json).TokenType is not JsonTokenType.String) return ParseList(
            value, out result, out error);
        var ok = ParseText(value, out var single, out error);
        result = string.IsNullOrEmpty(single) ? [] : [single];
        return ok;
    }

    private static bool ParseNumbers(in FieldValue value, out IReadOnlyList<long>? result,
        [NotNullWhen(false)] out string? error)
    {
        result = [];
        if (!ParseList(value, out var texts, out error)) { error = "expected a list of whole numbers"; return false; }
        var numbers = new List<long>(texts!.Count);
        foreach (var text in texts)
        {
            if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                error = "expected a list of whole numbers";
                return false;
            }
            numbers.Add(number);
        }
        result = numbers;
        return true;
    }

    private static bool ParseMap(in FieldValue value, out IReadOnlyDictionary<string, string>? result,
        [NotNullWhen(false)] out string? error)
    {
        error = null;
        var map = new Dictionary<string, string>();
        result = map;
        if (value.IsText || Open(value.Json).TokenType is JsonTokenType.String or JsonTokenType.StartArray)
            return ParseMapText(value, map, out error);
        var reader = Open(value.Json);
        if (reader.TokenType is JsonTokenType.Null) return true;
        if (reader.TokenType is not JsonTokenType.StartObject)
            { error = "expected an object of strings"; return false; }
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (Scalar(ref reader) is not { } text) { error = "expected an object of strings"; return false; }
            map[key] = text;
        }
        return true;
    }

    /// <summary>Maps may come as a list of <c>key=value</c> texts, as Vault's own command line sends them.</summary>
    private static bool ParseMapText(in FieldValue value, Dictionary<string, string> map,
        [NotNullWhen(false)] out string? error)
    {
        if (!ParseList(value, out var pairs, out error)) return false;
        foreach (var pair in pairs!)
        {
            var at = pair.IndexOf('=');
            if (at <= 0) { error = "expected an object of strings"; return false; }
            map[pair[..at].Trim()] = pair[(at + 1)..].Trim();
        }
        return true;
    }

    private static bool ParseJson(in FieldValue value, out ReadOnlyMemory<byte> result,
        [NotNullWhen(false)] out string? error)
    {
        error = null;
        result = value.IsText ? Encoding.UTF8.GetBytes(JsonEncodedText.Encode(value.Text!).ToString()) : value.Json;
        return true;
    }

    /// <summary>The reader stands on the value's first token afterwards.</summary>
    private static Utf8JsonReader Open(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        reader.Read();
        return reader;
    }

    private static bool AsText(in FieldValue value, out string? text, out Utf8JsonReader reader)
    {
        text = value.Text;
        reader = default;
        if (value.IsText) return true;
        reader = Open(value.Json);
        if (reader.TokenType is not JsonTokenType.String) return false;
        text = reader.GetString();
        return true;
    }

    private static string? Scalar(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
        JsonTokenType.True => "1",
        JsonTokenType.False => "0",
        JsonTokenType.Null => "",
        _ => null,
    };

    private static IReadOnlyList<string> Split(string text) =>
        text.Length == 0 ? [] : text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
