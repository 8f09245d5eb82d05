using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Kist.Agent.Templates;

/// <summary>A number of an answer, as it was written: version numbers and sizes keep all their digits.</summary>
internal readonly record struct JsonNumber(string Text)
{
    public override string ToString() => "[REDACTED]";
}

/// <summary>A map, in the order in which Go prints and ranges over one.</summary>
internal sealed class TemplateMap() : SortedDictionary<string, object?>(StringComparer.Ordinal);

/// <summary>A value with fixed fields, such as an answer: asking for another field is a mistake.</summary>
internal sealed class TemplateObject(string name, IReadOnlyDictionary<string, object?> fields)
{
    /// <summary>What error texts call it.</summary>
    public string Name { get; } = name;

    /// <summary>Its fields.</summary>
    public IReadOnlyDictionary<string, object?> Fields { get; } = fields;
}

/// <summary>
/// What values mean to a template: their truth, their text, their order. A value is null, a bool, long, double, string,
/// <see cref="JsonNumber"/>, list of values, <see cref="TemplateMap"/> or <see cref="TemplateObject"/>.
/// </summary>
internal static class TemplateValue
{
    /// <summary>Whether <c>if</c> takes it: not zero, not empty, not nil.</summary>
    public static bool Truth(object? value) => value switch
    {
        null => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        JsonNumber number => number.Text.Length > 0,
        IReadOnlyList<object?> list => list.Count > 0,
        TemplateMap map => map.Count > 0,
        _ => true,
    };

    /// <summary>The text that is written for it.</summary>
    public static string Text(object? value) => value is null ? "<no value>" : Inner(value);

    /// <summary>Reads JSON; numbers as they are written, or (Go's parseJSON) as floating point.</summary>
    public static object? Of(JsonElement json, bool asFloat = false)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var map = new TemplateMap();
                foreach (var member in json.EnumerateObject()) map[member.Name] = Of(member.Value, asFloat);
                return map;
            case JsonValueKind.Array:
                var list = new List<object?>(json.GetArrayLength());
                foreach (var item in json.EnumerateArray()) list.Add(Of(item, asFloat));
                return list;
            case JsonValueKind.String: return json.GetString();
            case JsonValueKind.Number: return asFloat ? json.GetDouble() : new JsonNumber(json.GetRawText());
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
            default: return null;
        }
    }

    /// <summary>A value's kind, for error texts.</summary>
    public static string Kind(object? value) => value switch
    {
        null => "nil",
        bool => "a truth value",
        long => "a whole number",
        double or JsonNumber => "a number",
        string => "a string",
        IReadOnlyList<object?> => "a list",
        TemplateMap => "a map",
        TemplateObject thing => thing.Name,
        _ => "a value",
    };

    /// <summary>Less than, equal or greater; null: the two cannot be compared.</summary>
    public static int? Compare(object? a, object? b)
    {
        if (a is JsonNumber first && b is long or double) a = Number(first);
        if (b is JsonNumber second && a is long or double) b = Number(second);
        return (a, b) switch
        {
            (long x, long y) => x.CompareTo(y),
            (double x, double y) => x.CompareTo(y),
            (long x, double y) => ((double)x).CompareTo(y),
            (double x, long y) => x.CompareTo(y),
            (string x, string y) => string.CompareOrdinal(x, y),
            (JsonNumber x, JsonNumber y) => string.CompareOrdinal(x.Text, y.Text),
            (JsonNumber x, string y) => string.CompareOrdinal(x.Text, y),
            (string x, JsonNumber y) => string.CompareOrdinal(x, y.Text),
            _ => null,
        };
    }

    /// <summary>Equality; null: the two cannot be compared.</summary>
    public static bool? AreEqual(object? a, object? b)
    {
        if (a is null || b is null) return a is null && b is null;
        if (a is bool x && b is bool y) return x == y;
        return Compare(a, b) is { } order ? order == 0 : null;
    }

    /// <summary>
    /// A float as Go's fmt prints it: the shortest digits that mean it, with an exponent below 1e-04 and from 1e+06 on.
    /// </summary>
    public static string Float(double value)
    {
        if (double.IsNaN(value)) return "NaN";
        if (double.IsInfinity(value)) return value > 0 ? "+Inf" : "-Inf";
        if (value == 0) return double.IsNegative(value) ? "-0" : "0";
        var parts = value.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = int.Parse(parts.AsSpan(parts.IndexOf('E') + 1), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture);
        var digits = Digits(shortest);
        var sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 6)
        {
            var mantissa = digits.Length > 1 ? $"{digits[0]}.{digits[1..]}" : digits;
            var magnitude = Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{magnitude}";
        }
        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        if (digits.Length <= exponent + 1) return sign + digits.PadRight(exponent + 1, '0');
        return $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    private static string Digits(string shortest)
    {
        var mantissa = shortest.Split('E')[0].Replace("-", "").Replace(".", "").TrimStart('0').TrimEnd('0');
        return mantissa.Length > 0 ? mantissa : "0";
    }

    private static object Number(JsonNumber number)
    {
        var culture = CultureInfo.InvariantCulture;
        return long.TryParse(number.Text, NumberStyles.AllowLeadingSign, culture, out var whole)
            ? whole
            : double.TryParse(number.Text, NumberStyles.Float, culture, out var real) ? real : double.NaN;
    }

    private static string Inner(object? value)
    {
        switch (value)
        {
            case null: return "<nil>";
            case string text: return text;
            case bool flag: return flag ? "true" : "false";
            case long number: return number.ToString(CultureInfo.InvariantCulture);
            case double number: return Float(number);
            case JsonNumber number: return number.Text;
            case IReadOnlyList<object?> list: return $"[{string.Join(' ', list.Select(Inner))}]";
            case TemplateMap map: return Joined("map[", map, "]");
            case TemplateObject thing: return Joined("{", thing.Fields, "}");
            default: return "";
        }
    }

    private static string Joined(string open, IEnumerable<KeyValuePair<string, object?>> pairs, string close)
    {
        var text = new StringBuilder(open);
        foreach (var (name, value) in pairs)
        {
            if (text.Length > open.Length) text.Append(' ');
            text.Append(name).Append(':').Append(Inner(value));
        }
        return text.Append(close).ToString();
    }
}
