using System.Text.Json;
using Kist.Agent.Templates;

namespace Kist.Agent.Tests.Templates;

/// <summary>Renders templates over answers that a test gives as JSON.</summary>
internal static class Rendering
{
    /// <summary>What the secrets of the tests hold, by the path that a template names.</summary>
    public static readonly IReadOnlyDictionary<string, string> Answers = new Dictionary<string, string>
    {
        ["prod/data/db"] = """
            {"data":{"url":"postgres://db","user":"app","password":"s<&>3","port":5432,"tags":["a","b"],"empty":"",
             "nested":{"x":"1","y":true}},"metadata":{"version":3}}
            """,
        ["old/api"] = """{"key":"k-1","b64":"aGVsbG8="}""",
    };

    /// <summary>The context of the tests.</summary>
    public static TemplateContext Context(bool failsOnMissingKey = false) => new()
    {
        Answer = query => query.Kind == QueryKind.List
            ? new List<object?> { "api", "db" }
            : Answers.TryGetValue(query.Path, out var json) ? Answered(json) : null,
        Environment = name => name == "HOME" ? "/home/app" : null,
        ReadFile = path => path == "motd" ? "hello\n" : throw new TemplateFault("there is no such file"),
        Clock = TimeProvider.System,
        FailsOnMissingKey = failsOnMissingKey,
    };

    /// <summary>The text, or <c>line N: what is wrong</c>.</summary>
    public static string Render(string source, bool failsOnMissingKey = false) =>
        Render(source, Context(failsOnMissingKey));

    /// <summary>As above, with a context of the test's own.</summary>
    public static string Render(string source, TemplateContext context)
    {
        var (template, malformed) = Template.Parse(source);
        if (malformed is not null) return $"line {malformed.Line}: {malformed.Message}";
        var (text, fault) = template!.Render(context);
        return fault is null ? text! : $"line {fault.Line}: {fault.Message}";
    }

    private static TemplateObject Answered(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new TemplateObject("the answer", new Dictionary<string, object?>
        {
            ["Data"] = TemplateValue.Of(document.RootElement), ["LeaseID"] = "", ["LeaseDuration"] = 0L,
            ["Renewable"] = false,
        });
    }
}
