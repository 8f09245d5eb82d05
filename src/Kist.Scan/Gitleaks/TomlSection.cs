using Tomlyn.Syntax;

namespace Kist.Scan.Gitleaks;

/// <summary>One table of a configuration file, read by the names of its keys.</summary>
internal sealed class TomlSection
{
    private readonly Dictionary<string, ValueSyntax> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a table.</summary>
    public TomlSection(TableSyntaxBase table, string file)
    {
        Name = table.Name!.ToString().Trim();
        Place = $"{file}:{table.Span.Start.Line + 1}";
        foreach (var item in table.Items)
            if (item.Key?.ToString().Trim() is { } key && item.Value is { } value) _values[key] = value;
    }

    /// <summary>Reads the values of an inline table.</summary>
    public TomlSection(InlineTableSyntax table, string name, string place)
    {
        (Name, Place) = (name, place);
        foreach (var item in table.Items)
            if (item.KeyValue is { Key: { } key, Value: { } value }) _values[key.ToString().Trim()] = value;
    }

    /// <summary>The table's name, with dots.</summary>
    public string Name { get; }

    /// <summary>File and line, for messages.</summary>
    public string Place { get; }

    /// <summary>The first thing that is wrong with it.</summary>
    public string? Problem { get; private set; }

    /// <summary>A text; null if it is not there.</summary>
    public string? Text(string key)
    {
        if (!_values.TryGetValue(key, out var value)) return null;
        if (value is StringValueSyntax text) return text.Value;
        Problem ??= $"{Place}: {key} is no text";
        return null;
    }

    /// <summary>A number; null if it is not there.</summary>
    public double? Number(string key)
    {
        if (!_values.TryGetValue(key, out var value)) return null;
        if (value is FloatValueSyntax real) return real.Value;
        if (value is IntegerValueSyntax whole) return whole.Value;
        Problem ??= $"{Place}: {key} is no number";
        return null;
    }

    /// <summary>Whether a switch is on.</summary>
    public bool Flag(string key) => _values.TryGetValue(key, out var value)
        && value is BooleanValueSyntax { Value: true };

    /// <summary>A list of texts; empty if it is not there.</summary>
    public List<string> Texts(string key)
    {
        var texts = new List<string>();
        if (!_values.TryGetValue(key, out var value)) return texts;
        if (value is not ArraySyntax array)
        {
            Problem ??= $"{Place}: {key} is no list";
            return texts;
        }
        foreach (var item in array.Items)
        {
            if (item.Value is StringValueSyntax { Value: { } text }) texts.Add(text);
            else Problem ??= $"{Place}: {key} holds something that is no text";
        }
        return texts;
    }

    /// <summary>The inline tables under a key: one, or a list of them.</summary>
    public IEnumerable<TomlSection> Sections(string key)
    {
        if (!_values.TryGetValue(key, out var value)) yield break;
        if (value is InlineTableSyntax one) yield return new TomlSection(one, $"{Name}.{key}", Place);
        if (value is not ArraySyntax array) yield break;
        foreach (var item in array.Items)
            if (item.Value is InlineTableSyntax inner) yield return new TomlSection(inner, $"{Name}.{key}", Place);
    }
}
