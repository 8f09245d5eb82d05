using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kist.Agent.Templates;

/// <summary>Reads one YAML document into values (<c>parseYAML</c>); aliases and deep nesting are refused.</summary>
internal static class YamlReader
{
    private const int MaxDepth = 100;

    /// <summary>The document's value. Throws <see cref="TemplateFault"/>.</summary>
    public static object? Parse(string text)
    {
        if (text.Trim().Length == 0) return new TemplateMap();
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _)) return new TemplateMap();
            return Value(parser, 0);
        }
        // The others are how the library's scanner meets what it does not expect.
        catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException)
        {
            throw new TemplateFault("parseYAML: the text is not YAML");
        }
    }

    private static object? Value(Parser parser, int depth)
    {
        if (depth > MaxDepth) throw new TemplateFault("parseYAML: the text is nested too deeply");
        if (parser.TryConsume<Scalar>(out var scalar)) return Scalar(scalar);
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var list = new List<object?>();
            while (!parser.TryConsume<SequenceEnd>(out _)) list.Add(Value(parser, depth + 1));
            return list;
        }
        if (!parser.TryConsume<MappingStart>(out _)) throw new TemplateFault("parseYAML: aliases are not read");
        var map = new TemplateMap();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var key))
                throw new TemplateFault("parseYAML: a key is not a plain text");
            map[key.Value] = Value(parser, depth + 1);
        }
        return map;
    }

    // The core schema of YAML 1.2, section 10.3.
    private static object? Scalar(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any)) return text;
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL": return null;
            case "true" or "True" or "TRUE": return true;
            case "false" or "False" or "FALSE": return false;
        }
        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('-' or '+' or '.')) return text;
        var culture = CultureInfo.InvariantCulture;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var whole)) return whole;
        if (text.StartsWith("0x", StringComparison.Ordinal)
            && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, culture, out whole)) return whole;
        return double.TryParse(text, NumberStyles.Float, culture, out var real) && double.IsFinite(real) ? real : text;
    }
}
