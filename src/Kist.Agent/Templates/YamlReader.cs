using System.Text;
using Kist.Formats.Sops;
using Tree = Kist.Formats.Sops.Yaml.YamlReader;

namespace Kist.Agent.Templates;

/// <summary>Reads one YAML document into values (<c>parseYAML</c>), with the reader of encrypted files.</summary>
internal static class YamlReader
{
    /// <summary>The first document's value. Throws <see cref="TemplateFault"/>.</summary>
    public static object? Parse(string text)
    {
        if (text.Trim().Length == 0) return new TemplateMap();
        using var arena = new SecretArena();
        if (!Tree.Read(Encoding.UTF8.GetBytes(AsMap(text)), arena).Try(out var documents, out var fault))
            throw new TemplateFault($"parseYAML: the text is not YAML{Where(fault)}: {fault.Message}");
        return Value(documents[0].Branch[0].Value);
    }

    /// <summary>
    /// The document as the one value of a map, because encrypted files are maps and this may be a list or a word.
    /// </summary>
    private static string AsMap(string text)
    {
        var map = new StringBuilder("value:\n");
        var begun = false;
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            var isMark = line.StartsWith("---", StringComparison.Ordinal) && line.AsSpan(3).Trim().IsEmpty;
            if (begun && (isMark || line == "...")) break;
            begun |= line.Trim().Length > 0;
            map.Append(isMark ? "" : " ").Append(isMark ? "" : line).Append('\n');
        }
        return map.ToString();
    }

    private static string Where(SopsFault fault) => fault.Line > 1 ? $" (line {fault.Line - 1})" : "";

    private static object? Value(SopsValue value)
    {
        switch (value.Kind)
        {
            case SopsKind.Null or SopsKind.Comment: return null;
            case SopsKind.Integer: return value.Integer;
            case SopsKind.Float: return value.Float;
            case SopsKind.Boolean: return value.Boolean;
            case SopsKind.List:
                return value.List.Where(item => item.Kind is not SopsKind.Comment).Select(Value).ToList();
            case SopsKind.Branch:
                var map = new TemplateMap();
                foreach (var item in value.Branch)
                    if (!item.IsComment) map[item.Key] = Value(item.Value);
                return map;
            default: return Encoding.UTF8.GetString(value.Bytes.Span);
        }
    }
}
