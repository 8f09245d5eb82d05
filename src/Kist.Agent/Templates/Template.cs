using System.Text;

namespace Kist.Agent.Templates;

/// <summary>
/// A template in the language of Go's text/template with the functions that Vault Agent's templates use
/// (consul-template's, https://github.com/hashicorp/consul-template/blob/main/docs/templating-language.md). Immutable.
/// </summary>
internal sealed class Template
{
    private readonly Dictionary<string, IReadOnlyList<Node>> _named = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<Node> _body;

    private Template(string source, string left, string right) =>
        _body = TemplateParser.Parse(source, left, right, _named);

    /// <summary>Reads a template; the fault names the line.</summary>
    public static (Template? Template, TemplateFault? Fault) Parse(
        string source, string left = "{{", string right = "}}")
    {
        try
        {
            return (new Template(source, left.Length > 0 ? left : "{{", right.Length > 0 ? right : "}}"), null);
        }
        catch (TemplateFault fault)
        {
            return (null, fault);
        }
    }

    /// <summary>Renders it once. The text is a secret.</summary>
    public (string? Text, TemplateFault? Fault) Render(TemplateContext context)
    {
        var output = new StringBuilder();
        try
        {
            new TemplateRun(context, _named, output).Execute(_body);
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
}
