using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Kist.Contract.Tests;

/// <summary>What a scenario has saved, and its use in later requests and expectations.</summary>
public sealed partial class Variables
{
    private readonly Dictionary<string, JsonNode?> _values = new(StringComparer.Ordinal);

    /// <summary>Sets a variable.</summary>
    public void Set(string name, JsonNode? value) => _values[name] = value?.DeepClone();

    /// <summary>The variable as text, for a header or path.</summary>
    public string Text(string template) => AsText(Replace(template, literal: false));

    /// <summary>Replaces <c>$name</c> and <c>${name}</c> of known variables everywhere in a request.</summary>
    public JsonNode? InRequest(JsonNode? value) => value switch
    {
        JsonArray items => new JsonArray([.. items.Select(InRequest)]),
        JsonObject { Count: 1 } one when one["<repeat>"] is JsonArray repeat => Repeat(repeat),
        JsonObject fields => Fields(fields, InRequest),
        _ => JsonText.StringOf(value) is { } text ? Replace(text, literal: false) : value?.DeepClone(),
    };

    /// <summary>The same for an expectation: inside <c>&lt;re:…&gt;</c> a variable's value stands for itself.</summary>
    public JsonNode? InExpectation(JsonNode? value) => value switch
    {
        JsonArray items => new JsonArray([.. items.Select(InExpectation)]),
        JsonObject fields => Fields(fields, InExpectation),
        _ => JsonText.StringOf(value) is { } text
            ? Replace(text, literal: text.StartsWith("<re:", StringComparison.Ordinal))
            : value?.DeepClone(),
    };

    /// <summary>Reads the field that a <c>save</c> names from an answer.</summary>
    /// <exception cref="FormatException">The answer has no such field.</exception>
    public JsonNode? Extract(JsonNode? body, JsonNode? save)
    {
        var how = InRequest(save);
        if (JsonText.StringOf(how) is { } path) return Dig(body, path);
        var fields = how!.AsObject();
        if (fields["xor"] is JsonArray xor)
            return Xor(AsText(Dig(body, AsText(xor[0]))), AsText(xor[1]));
        if (fields["re"] is { } pattern)
        {
            var match = Regex.Match(AsText(Dig(body, AsText(fields["path"]))), AsText(pattern));
            return match.Success ? match.Groups[1].Value : throw new FormatException($"{pattern} does not match");
        }
        throw new FormatException($"unknown save {how.ToJsonString()}");
    }

    /// <summary>Follows a dotted path such as <c>data.keys.0</c>; a dot in a name is written <c>\.</c>.</summary>
    /// <exception cref="FormatException">There is nothing at the path.</exception>
    public static JsonNode? Dig(JsonNode? body, string path)
    {
        foreach (var part in UnescapedDot().Split(path).Select(p => p.Replace("\\.", ".", StringComparison.Ordinal)))
        {
            body = body switch
            {
                JsonArray items when int.TryParse(part, CultureInfo.InvariantCulture, out var i)
                    && i < items.Count && i >= -items.Count => items[i < 0 ? items.Count + i : i],
                JsonObject fields when fields.TryGetPropertyValue(part, out var inner) => inner,
                _ => throw new FormatException($"the answer has no {path}"),
            };
        }
        return body;
    }

    private static JsonObject Fields(JsonObject fields, Func<JsonNode?, JsonNode?> each, Func<string, string> name)
    {
        var result = new JsonObject();
        foreach (var (key, value) in fields) result[name(key)] = each(value);
        return result;
    }

    private JsonObject Fields(JsonObject fields, Func<JsonNode?, JsonNode?> each) => Fields(fields, each, Text);

    private static JsonValue Repeat(JsonArray repeat) =>
        JsonValue.Create(new StringBuilder().Insert(0, AsText(repeat[0]), repeat[1]!.GetValue<int>()).ToString());

    /// <summary>A variable alone keeps its type, so that a saved number stays a number.</summary>
    private JsonNode? Replace(string text, bool literal)
    {
        if (Alone().IsMatch(text) && _values.TryGetValue(text[1..], out var whole)) return whole?.DeepClone();
        return Anywhere().Replace(text, match =>
        {
            var name = match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value;
            if (!_values.TryGetValue(name, out var value)) return match.Value;
            return literal ? Regex.Escape(AsText(value)) : AsText(value);
        });
    }

    private static string AsText(JsonNode? value) =>
        JsonText.StringOf(value) ?? value?.ToJsonString(JsonText.Readable) ?? "null";

    /// <summary>A generated root token comes as base64(token XOR one-time password), without padding.</summary>
    private static string Xor(string encoded, string password)
    {
        var bytes = Convert.FromBase64String(encoded.PadRight((encoded.Length + 3) / 4 * 4, '='));
        var key = Encoding.UTF8.GetBytes(password);
        return Encoding.UTF8.GetString([.. bytes.Zip(key, (a, b) => (byte)(a ^ b))]);
    }

    [GeneratedRegex(@"(?<!\\)\.")]
    private static partial Regex UnescapedDot();

    [GeneratedRegex(@"\A\$\w+\z")]
    private static partial Regex Alone();

    [GeneratedRegex(@"\$\{(\w+)\}|\$(\w+)")]
    private static partial Regex Anywhere();
}
