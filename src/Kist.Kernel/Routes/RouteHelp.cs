using System.Text;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Routes;

/// <summary>The answer to <c>?help=1</c>, written from the routes: on a path, its operations and fields; on a mount,
/// its paths.</summary>
internal static class RouteHelp
{
    /// <summary>The help of one pattern.</summary>
    public static Route Of(RoutePattern pattern) => new(Operation.Help, pattern.Pattern,
        call => new(Answer(call, OfPattern(call.Request.Path.Value, pattern), pattern.Routes)), "Describes this path");

    /// <summary>The help of a mount.</summary>
    public static Route Of(IReadOnlyList<Route> routes) => new(Operation.Help, "",
        call => new(Answer(call, OfMount(call.Mount.Entry.Type, routes), routes)), "Describes this mount");

    private static Response Answer(Call call, string text, IReadOnlyList<Route> routes) =>
        new Response { ContentType = "application/json" }.WithJson(json =>
        {
            json.WriteString("help", text);
            json.WriteNull("see_also");
            json.WriteStartObject("openapi");
            OpenApi.Write(json, "", [(call.Mount.Path, routes)]);
            json.WriteEndObject();
        });

    private static string OfPattern(string path, RoutePattern pattern)
    {
        var text = new StringBuilder();
        text.Append("Request:        ").Append(path).Append('\n');
        text.Append("Matching Route: ").Append(pattern.Pattern).Append("\n\n");
        foreach (var route in pattern.Routes)
            text.Append($"{Verb(route.Operation),-8}{route.Summary}")
                .Append(route.Access is Access.Sudo ? " (needs sudo)\n" : "\n");
        var fields = pattern.Routes.SelectMany(r => r.Fields).Distinct()
            .OrderBy(f => f.Name, StringComparer.Ordinal).ToList();
        if (fields.Count == 0) return text.ToString();
        text.Append("\n## PARAMETERS\n");
        foreach (var field in fields) text.Append($"\n    {field.Name} ({field.Kind})\n\n        {field.Docs}\n");
        return text.ToString();
    }

    private static string OfMount(string type, IReadOnlyList<Route> routes)
    {
        var text = new StringBuilder($"## DESCRIPTION\n\nThe {type} engine.\n\n## PATHS\n\n");
        text.Append("The following paths are supported. To view help for any of them, ask for help on the path.\n");
        foreach (var group in routes.GroupBy(r => r.Pattern).OrderBy(g => g.Key, StringComparer.Ordinal))
            text.Append($"\n    {(group.Key.Length == 0 ? "/" : group.Key)}\n        {group.First().Summary}\n");
        return text.ToString();
    }

    private static string Verb(Operation operation) => operation switch
    {
        Operation.Create or Operation.Update => "write",
        _ => operation.ToString().ToLowerInvariant(),
    };
}
