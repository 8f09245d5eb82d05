using System.Text;
using Kist.Agent.Templates;
using Kist.Client.References;

namespace Kist.Agent.Rendering;

/// <summary>
/// A text with <c>kist://MOUNT/PATH#FIELD</c> references, line by line: a <c>.env</c> or any configuration file that is
/// safe to commit.
/// </summary>
internal sealed class PlainText
{
    private readonly List<(ReferenceText Text, int Line)> _lines = [];

    private PlainText()
    {
    }

    /// <summary>Reads the text; the fault names the line.</summary>
    public static (PlainText? Text, TemplateFault? Fault) Parse(string source)
    {
        var plain = new PlainText();
        var lines = source.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!ReferenceText.TryParse(lines[i], out var text, out var fault))
                return (null, new TemplateFault(fault.ToString(), i + 1));
            plain._lines.Add((text, i + 1));
        }
        return (plain, null);
    }

    /// <summary>The text with the values in it.</summary>
    public (string? Text, TemplateFault? Fault) Render(TemplateContext context)
    {
        var output = new StringBuilder();
        try
        {
            foreach (var (text, line) in _lines)
            {
                if (line > 1) output.Append('\n');
                output.Append(text.Fill(reference => Value(reference, context, line)));
            }
            return (output.ToString(), null);
        }
        catch (TemplateFault fault)
        {
            return (null, fault);
        }
        finally
        {
            output.Clear();
        }
    }

    private static string Value(KistReference reference, TemplateContext context, int line)
    {
        var path = reference.Version is { } version ? $"{reference.Path}?version={version}" : reference.Path;
        var optional = reference.Default is not null;
        var answer = context.Answer(new SecretQuery(QueryKind.Read, path, []) { IsOptional = optional });
        if (answer is not TemplateObject secret || secret.Fields["Data"] is not TemplateMap data)
            return reference.Default ?? throw new TemplateFault($"there is no secret {reference.Path}", line);
        // kv version 2 has the fields below data, beside the metadata.
        if (data.GetValueOrDefault("data") is TemplateMap inner && data.GetValueOrDefault("metadata") is TemplateMap)
            data = inner;
        if (reference.Field is { } field)
            return data.TryGetValue(field, out var found)
                ? TemplateValue.Text(found)
                : reference.Default ?? throw new TemplateFault($"{reference.Path} has no field {field}", line);
        return data.Count == 1
            ? TemplateValue.Text(data.Values.First())
            : throw new TemplateFault($"{reference.Path} has {data.Count} fields: name one, {reference}#FIELD", line);
    }
}
