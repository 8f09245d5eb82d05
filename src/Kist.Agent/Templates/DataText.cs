using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Kist.Agent.Templates;

/// <summary>Values as JSON (as Go's encoding/json writes it), YAML and TOML.</summary>
internal static partial class DataText
{
    private const int MaxDepth = 100;

    /// <summary>JSON; maps in the order of their keys, two spaces a level when indented.</summary>
    public static string Json(object? value, bool indented, bool escapesHtml)
    {
        var text = new StringBuilder();
        Json(text, value, indented ? 0 : -1, escapesHtml, 0);
        return text.ToString();
    }

    /// <summary>YAML in blocks. Strings that could be taken for something else stand in double quotes.</summary>
    public static string Yaml(object? value)
    {
        var text = new StringBuilder();
        Yaml(text, value, 0, 0);
        return text.ToString().TrimEnd('\n').TrimStart('\n');
    }

    /// <summary>TOML: first the values of a table, then its tables.</summary>
    public static string Toml(TemplateMap map)
    {
        var text = new StringBuilder();
        Toml(text, map, "", 0);
        return text.ToString().TrimEnd('\n');
    }

    private static void Json(StringBuilder text, object? value, int level, bool escapesHtml, int depth)
    {
        Deeper(depth);
        switch (value)
        {
            case IReadOnlyList<object?> list:
                var inner = level < 0 ? -1 : level + 1;
                text.Append('[');
                for (var i = 0; i < list.Count; i++)
                {
                    if (i > 0) text.Append(',');
                    NewLine(text, inner);
                    Json(text, list[i], inner, escapesHtml, depth + 1);
                }
                if (list.Count > 0) NewLine(text, level);
                text.Append(']');
                break;
            case TemplateMap or TemplateObject:
                JsonMap(text, Pairs(value), level, escapesHtml, depth);
                break;
            case string word:
                Quote(text, word, escapesHtml);
                break;
            default:
                text.Append(JsonScalar(value));
                break;
        }
    }

    private static void JsonMap(StringBuilder text, IEnumerable<KeyValuePair<string, object?>> pairs, int level,
        bool escapesHtml, int depth)
    {
        var inner = level < 0 ? -1 : level + 1;
        var isFirst = true;
        text.Append('{');
        foreach (var (key, value) in pairs)
        {
            if (!isFirst) text.Append(',');
            isFirst = false;
            NewLine(text, inner);
            Quote(text, key, escapesHtml);
            text.Append(level < 0 ? ":" : ": ");
            Json(text, value, inner, escapesHtml, depth + 1);
        }
        if (!isFirst) NewLine(text, level);
        text.Append('}');
    }

    private static string JsonScalar(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        JsonNumber number => number.Text,
        double number when !double.IsFinite(number) => throw new TemplateFault("JSON has no such number"),
        // Go's encoder writes an exponent below 1e-6 and from 1e21 on.
        double number when number != 0 && Math.Abs(number) is < 1e-6 or >= 1e21 => TemplateValue.Float(number),
        double number => number.ToString("0.################", CultureInfo.InvariantCulture) is var plain
            && double.Parse(plain, CultureInfo.InvariantCulture) == number ? plain
            : ((decimal)number).ToString(CultureInfo.InvariantCulture),
        _ => TemplateValue.Text(value),
    };

    private static void Quote(StringBuilder text, string word, bool escapesHtml)
    {
        text.Append('"');
        foreach (var c in word)
        {
            switch (c)
            {
                case '"' or '\\':
                    text.Append('\\').Append(c);
                    break;
                case '\n': text.Append("\\n"); break;
                case '\r': text.Append("\\r"); break;
                case '\t': text.Append("\\t"); break;
                case '\b': text.Append("\\b"); break;
                case '\f': text.Append("\\f"); break;
                case < ' ' or '\u2028' or '\u2029':
                case '<' or '>' or '&' when escapesHtml:
                    text.Append($"\\u{(int)c:x4}");
                    break;
                default:
                    text.Append(c);
                    break;
            }
        }
        text.Append('"');
    }

    private static void NewLine(StringBuilder text, int level)
    {
        if (level >= 0) text.Append('\n').Append(' ', 2 * level);
    }

    private static void Yaml(StringBuilder text, object? value, int level, int depth)
    {
        Deeper(depth);
        switch (value)
        {
            case IReadOnlyList<object?> { Count: > 0 } list:
                foreach (var item in list)
                {
                    text.Append('\n').Append(' ', 2 * level).Append('-');
                    Below(text, item, level + 1, depth);
                }
                break;
            case TemplateMap { Count: > 0 } or TemplateObject:
                foreach (var (key, item) in Pairs(value))
                {
                    text.Append('\n').Append(' ', 2 * level).Append(YamlWord(key)).Append(':');
                    Below(text, item, level + 1, depth);
                }
                break;
            default:
                text.Append(YamlScalar(value));
                break;
        }
    }

    private static void Below(StringBuilder text, object? value, int level, int depth)
    {
        var isBlock = value is IReadOnlyList<object?> { Count: > 0 } or TemplateMap { Count: > 0 } or TemplateObject;
        if (!isBlock) text.Append(' ');
        Yaml(text, value, level, depth + 1);
    }

    private static string YamlScalar(object? value) => value switch
    {
        IReadOnlyList<object?> => "[]",
        TemplateMap => "{}",
        string word => YamlWord(word),
        double number when double.IsNaN(number) => ".nan",
        double number when double.IsInfinity(number) => number > 0 ? ".inf" : "-.inf",
        _ => JsonScalar(value),
    };

    private static string YamlWord(string word)
    {
        if (PlainYaml().IsMatch(word) && !YamlMeaning().IsMatch(word)) return word;
        var quoted = new StringBuilder();
        Quote(quoted, word, escapesHtml: false);
        return quoted.ToString();
    }

    private static void Toml(StringBuilder text, TemplateMap map, string path, int depth)
    {
        Deeper(depth);
        foreach (var (key, value) in map)
            if (value is not TemplateMap)
                text.Append(TomlKey(key)).Append(" = ").Append(TomlValue(value, depth)).Append('\n');
        foreach (var (key, value) in map)
        {
            if (value is not TemplateMap table) continue;
            var name = path.Length > 0 ? $"{path}.{TomlKey(key)}" : TomlKey(key);
            text.Append("\n[").Append(name).Append("]\n");
            Toml(text, table, name, depth + 1);
        }
    }

    private static string TomlValue(object? value, int depth)
    {
        Deeper(depth);
        return value switch
        {
            null => throw new TemplateFault("TOML has no null"),
            IReadOnlyList<object?> list => $"[{string.Join(", ", list.Select(v => TomlValue(v, depth + 1)))}]",
            TemplateMap map => "{ " + string.Join(", ",
                map.Select(p => $"{TomlKey(p.Key)} = {TomlValue(p.Value, depth + 1)}")) + " }",
            string word => TomlQuoted(word),
            _ => JsonScalar(value),
        };
    }

    private static string TomlKey(string key) => BareToml().IsMatch(key) ? key : TomlQuoted(key);

    private static string TomlQuoted(string word)
    {
        var quoted = new StringBuilder();
        Quote(quoted, word, escapesHtml: false);
        return quoted.ToString();
    }

    private static IEnumerable<KeyValuePair<string, object?>> Pairs(object value) =>
        value is TemplateMap map ? map : ((TemplateObject)value).Fields;

    private static void Deeper(int depth)
    {
        if (depth > MaxDepth) throw new TemplateFault($"a value is nested deeper than {MaxDepth} levels");
    }

    [GeneratedRegex(@"^[A-Za-z0-9_./+@][A-Za-z0-9_./+@-]*( [A-Za-z0-9_./+@-]+)*\z")]
    private static partial Regex PlainYaml();

    // What a reader of YAML 1.1 or 1.2 takes for null, a truth value, a number, a time.
    [GeneratedRegex(
        @"^(?:~|null|y|n|yes|no|on|off|true|false|=|<<|[-+]?[.0-9].*|0x.*|\.(?:inf|nan)|@.*)\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex YamlMeaning();

    [GeneratedRegex(@"^[A-Za-z0-9_-]+\z")]
    private static partial Regex BareToml();
}
