using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Kist.Contract.Tests;

/// <summary>
/// Compares an answer with what was recorded. Every recorded field must be there and be equal; further fields are
/// fine. Strings such as <c>&lt;uuid&gt;</c> and objects such as <c>{"&lt;unordered&gt;": […]}</c> are matchers.
/// </summary>
public static partial class Matcher
{
    private const int TtlMayBeLess = 30;
    private const int TtlMayBeMore = 2;

    /// <summary>All differences; empty when the answer is as recorded.</summary>
    public static List<Difference> Compare(JsonNode? expected, JsonNode? got, string path = "")
    {
        var found = new List<Difference>();
        Compare(expected, got, path, found);
        return found;
    }

    private static void Compare(JsonNode? expected, JsonNode? got, string path, List<Difference> found)
    {
        switch (expected)
        {
            case JsonObject wrapper when wrapper.Count == 1 && CompareWrapper(wrapper.First(), got, path, found):
                break;
            case JsonObject fields:
                CompareFields(fields, got, path, found);
                break;
            case JsonArray items:
                CompareItems(items, got, path, found);
                break;
            default:
                var text = JsonText.StringOf(expected);
                var equal = text is null ? SameScalar(expected, got) : MatchText(text, got);
                if (!equal) found.Add(Difference.Between(path, expected, got));
                break;
        }
    }

    private static void CompareFields(JsonObject expected, JsonNode? got, string path, List<Difference> found)
    {
        if (got is not JsonObject answer)
        {
            found.Add(Difference.Between(path, expected, got));
            return;
        }
        foreach (var (name, value) in expected)
        {
            var inner = path.Length == 0 ? name : $"{path}.{name}";
            if (!answer.TryGetPropertyValue(name, out var there))
                found.Add(new Difference(inner, Difference.Show(value), "(absent)"));
            else
                Compare(value, there, inner, found);
        }
    }

    private static void CompareItems(JsonArray expected, JsonNode? got, string path, List<Difference> found)
    {
        if (got is not JsonArray answer || answer.Count != expected.Count)
        {
            found.Add(Difference.Between(path, expected, got));
            return;
        }
        for (var i = 0; i < expected.Count; i++) Compare(expected[i], answer[i], $"{path}[{i}]", found);
    }

    private static bool SameScalar(JsonNode? expected, JsonNode? got)
    {
        if (!JsonText.IsNumber(expected) || !JsonText.IsNumber(got)) return JsonNode.DeepEquals(expected, got);
        string left = expected!.ToJsonString(), right = got!.ToJsonString();
        if (left == right) return true;
        return decimal.TryParse(left, NumberStyles.Float, CultureInfo.InvariantCulture, out var a)
            && decimal.TryParse(right, NumberStyles.Float, CultureInfo.InvariantCulture, out var b)
            && a == b;
    }

    /// <summary>Handles <c>{"&lt;name&gt;": argument}</c>; false when the object is an ordinary one.</summary>
    private static bool CompareWrapper(
        KeyValuePair<string, JsonNode?> wrapper, JsonNode? got, string path, List<Difference> found)
    {
        switch (wrapper.Key)
        {
            case "<unordered>": CompareUnordered(wrapper.Value!.AsArray(), got, path, found, exact: true); break;
            case "<contains>": CompareUnordered(wrapper.Value!.AsArray(), got, path, found, exact: false); break;
            case "<lacks>": CompareLacks(wrapper.Value!.AsArray(), got, path, found); break;
            case "<exact>": CompareExact(wrapper.Value!.AsObject(), got, path, found); break;
            case "<oneof>": CompareOneOf(wrapper.Value!.AsArray(), got, path, found); break;
            default: return false;
        }
        return true;
    }

    /// <summary>Each expected item is matched by another item of the answer; with exact none is left over.</summary>
    private static void CompareUnordered(
        JsonArray expected, JsonNode? got, string path, List<Difference> found, bool exact)
    {
        if (got is not JsonArray answer || (exact && answer.Count != expected.Count))
        {
            found.Add(Difference.Between(path, expected, got));
            return;
        }
        var rest = answer.ToList();
        foreach (var item in expected)
        {
            var hit = rest.FindIndex(candidate => Compare(item, candidate).Count == 0);
            if (hit >= 0) rest.RemoveAt(hit);
            else found.Add(new Difference($"{path}[*]", Difference.Show(item), $"none of {Difference.Show(got)}"));
        }
    }

    private static void CompareLacks(JsonArray expected, JsonNode? got, string path, List<Difference> found)
    {
        if (got is not (JsonObject or JsonArray))
        {
            found.Add(new Difference(path, "object or list", Difference.Show(got)));
            return;
        }
        foreach (var unwanted in expected)
        {
            var there = got is JsonArray items
                ? items.Any(item => JsonNode.DeepEquals(item, unwanted))
                : JsonText.StringOf(unwanted) is { } name && got.AsObject().ContainsKey(name);
            if (there) found.Add(new Difference(path, $"no {Difference.Show(unwanted)}", Difference.Show(got)));
        }
    }

    private static void CompareExact(JsonObject expected, JsonNode? got, string path, List<Difference> found)
    {
        CompareFields(expected, got, path, found);
        if (got is not JsonObject answer) return;
        foreach (var (name, value) in answer)
            if (!expected.ContainsKey(name))
                found.Add(new Difference($"{path}.{name}", "(absent)", Difference.Show(value)));
    }

    private static void CompareOneOf(JsonArray expected, JsonNode? got, string path, List<Difference> found)
    {
        if (!expected.Any(choice => Compare(choice, got).Count == 0))
            found.Add(new Difference(path, $"one of {Difference.Show(expected)}", Difference.Show(got)));
    }

    /// <summary>Compares with a recorded string, which may be a matcher.</summary>
    private static bool MatchText(string expected, JsonNode? got)
    {
        var text = JsonText.StringOf(got);
        return expected switch
        {
            "<any>" => true,
            "<int>" => JsonText.IsInteger(got),
            "<number>" => JsonText.IsNumber(got),
            "<string>" => text is not null,
            "<bool>" => JsonText.IsBoolean(got),
            "<list>" => got is JsonArray,
            "<object>" => got is JsonObject,
            "<uuid>" => text is not null && Uuid().IsMatch(text),
            "<time>" => text is not null && Time().IsMatch(text),
            "<token>" => text is not null && Token().IsMatch(text),
            "<base64>" => IsBase64(text),
            _ => MatchWithArgument(expected, got, text),
        };
    }

    private static bool MatchWithArgument(string expected, JsonNode? got, string? text)
    {
        var matcher = WithArgument().Match(expected);
        if (!matcher.Success) return text == expected;
        var argument = matcher.Groups[2].Value;
        switch (matcher.Groups[1].Value)
        {
            case "re":
                return text is not null && Regex.IsMatch(text, argument, RegexOptions.CultureInvariant);
            case "len":
                return LengthOf(got, text) == Number(argument);
            case "ttl":
                return JsonText.IsInteger(got)
                    && decimal.Parse(got!.ToJsonString(), CultureInfo.InvariantCulture) is var seconds
                    && seconds >= Number(argument) - TtlMayBeLess && seconds <= Number(argument) + TtlMayBeMore;
            default: // pem
                var block = $"^-----BEGIN {argument}-----\n[A-Za-z0-9+/=\n]+\n-----END {argument}-----\n?$";
                return text is not null && Regex.IsMatch(text, block);
        }
    }

    /// <summary>Characters (code points), items or fields; null for anything else.</summary>
    private static int? LengthOf(JsonNode? got, string? text) => got switch
    {
        JsonArray items => items.Count,
        JsonObject fields => fields.Count,
        _ => text?.EnumerateRunes().Count(),
    };

    private static int Number(string argument) => int.Parse(argument, CultureInfo.InvariantCulture);

    /// <summary>Standard base64 with its padding, no white space, not empty.</summary>
    private static bool IsBase64(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Any(char.IsWhiteSpace)) return false;
        return Convert.TryFromBase64String(text, new byte[text.Length], out _);
    }

    [GeneratedRegex(@"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$")]
    private static partial Regex Time();

    [GeneratedRegex(@"^[a-z]{1,4}[._][0-9A-Za-z_.-]{20,}$")]
    private static partial Regex Token();

    [GeneratedRegex(@"^<(re|len|ttl|pem):?([\s\S]*)>$")]
    private static partial Regex WithArgument();
}
