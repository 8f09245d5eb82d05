using System.Text;
using Kist.Agent.Templates;

namespace Kist.Fuzz;

/// <summary>Templates of the agent: read and rendered, over answers that hold the template itself.</summary>
internal static class AgentTargets
{
    public static void Template(ReadOnlySpan<byte> bytes)
    {
        var source = Encoding.UTF8.GetString(bytes);
        var (template, _) = Agent.Templates.Template.Parse(source);
        template?.Render(new TemplateContext
        {
            Answer = _ => new TemplateMap { ["Data"] = new TemplateMap { ["x"] = source, ["n"] = 1L } },
            Environment = static _ => null,
            ReadFile = static _ => throw new TemplateFault("there are no files"),
            Clock = TimeProvider.System,
        });
    }

    public static void Yaml(ReadOnlySpan<byte> bytes)
    {
        try
        {
            DataText.Yaml(YamlReader.Parse(Encoding.UTF8.GetString(bytes)));
        }
        catch (TemplateFault)
        {
            // Said what is wrong.
        }
    }
}
