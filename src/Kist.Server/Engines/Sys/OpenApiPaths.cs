using System.Text.Json;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/internal/specs/openapi</c>, written from the routes of the mounts that the caller may know
/// of.</summary>
internal sealed class OpenApiPaths
{
    private readonly Unsealed _kernel;

    public OpenApiPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "internal/specs/openapi", WriteAsync, "Describes the API") { Access = Access.Open },
            new(Operation.Update, "internal/specs/openapi", WriteAsync, "Describes the API") { Access = Access.Open },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var (caller, fault) = await UiPaths.CallerAsync(_kernel, call);
        if (fault is not null) return fault;
        var mounts = _kernel.Mounts.Current.All.Where(m => UiPaths.IsShown(m.Entry, caller)).ToList();
        return new Response { ContentType = "application/json" }.WithJson(json =>
        {
            json.WriteString("openapi", "3.0.2");
            json.WriteStartObject("info");
            json.WriteString("title", "Kist");
            json.WriteString("description", "Secrets management over the HTTP API of HashiCorp Vault.");
            json.WriteString("version", _kernel.Node.Parts.Version);
            json.WriteEndObject();
            json.WriteStartObject("paths");
            foreach (var mount in mounts) WritePaths(json, mount.Path, mount.Routes.Routes);
            json.WriteEndObject();
        });
    }

    /// <summary>The paths of one mount. OpenAPI has no list operation: a list is a read with
    /// <c>list=true</c>.</summary>
    internal static void WritePaths(Utf8JsonWriter json, string mountPath, IReadOnlyList<Route> routes)
    {
        var paths = routes.GroupBy(r => PathOf(mountPath, r.Pattern)).OrderBy(g => g.Key, StringComparer.Ordinal);
        foreach (var group in paths)
        {
            json.WriteStartObject(group.Key);
            json.WriteString("description", group.First().Summary);
            if (group.Any(r => r.Access is Access.Sudo)) json.WriteBoolean("x-vault-sudo", true);
            if (group.All(r => r.Access is Access.Open)) json.WriteBoolean("x-vault-unauthenticated", true);
            if (group.Any(r => r.Exists is not null)) json.WriteBoolean("x-vault-createSupported", true);
            foreach (var method in group.GroupBy(r => MethodOf(r.Operation)).OrderBy(m => m.Key))
                WriteOperation(json, group.Key, method.Key, [.. method]);
            json.WriteEndObject();
        }
    }

    internal static string PathOf(string mountPath, string pattern) =>
        "/" + mountPath + pattern.Replace("...}", "}").Replace("+}", "}");

    internal static string MethodOf(Operation operation) => operation switch
    {
        Operation.Read or Operation.List => "get",
        Operation.Delete => "delete",
        Operation.Patch => "patch",
        _ => "post",
    };

    private static void WriteOperation(Utf8JsonWriter json, string path, string method, IReadOnlyList<Route> routes)
    {
        json.WriteStartObject(method);
        json.WriteString("summary", routes[0].Summary);
        json.WriteString("operationId", method + path.Replace('/', '-').Replace("{", "").Replace("}", ""));
        json.WriteTexts("tags", [path.Split('/') is [_, var first, ..] ? first : ""]);
        var fields = routes.SelectMany(r => r.Fields).Distinct().ToList();
        var inPath = fields.Where(f => path.Contains("{" + f.Name + "}", StringComparison.Ordinal)).ToList();
        var others = fields.Except(inPath).ToList();
        var isBody = method is "post" or "patch";
        json.WriteStartArray("parameters");
        foreach (var field in inPath) WriteParameter(json, field, "path");
        if (!isBody)
            foreach (var field in others) WriteParameter(json, field, "query");
        if (routes.Any(r => r.Operation is Operation.List)) WriteList(json, isAlways: routes.Count == 1);
        json.WriteEndArray();
        if (isBody && others.Count > 0) WriteBody(json, others);
        json.WriteStartObject("responses");
        json.WriteStartObject(method == "delete" ? "204" : "200");
        json.WriteString("description", method == "delete" ? "empty body" : "OK");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, bool isAlways)
    {
        json.WriteStartObject();
        json.WriteString("name", "list");
        json.WriteString("in", "query");
        json.WriteString("description", "Return a list if `true`");
        if (isAlways) json.WriteBoolean("required", true);
        json.WriteStartObject("schema");
        json.WriteString("type", "string");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteParameter(Utf8JsonWriter json, Field field, string place)
    {
        json.WriteStartObject();
        json.WriteString("name", field.Name);
        json.WriteString("in", place);
        json.WriteString("description", field.Docs);
        if (place == "path") json.WriteBoolean("required", true);
        json.WriteStartObject("schema");
        WriteKind(json, field);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter json, IReadOnlyList<Field> fields)
    {
        json.WriteStartObject("requestBody");
        json.WriteStartObject("content");
        json.WriteStartObject("application/json");
        json.WriteStartObject("schema");
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        foreach (var field in fields)
        {
            json.WriteStartObject(field.Name);
            json.WriteString("description", field.Docs);
            WriteKind(json, field);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteKind(Utf8JsonWriter json, Field field)
    {
        json.WriteString("type", field.Kind);
        if (field.Kind != "array") return;
        json.WriteStartObject("items");
        json.WriteString("type", "string");
        json.WriteEndObject();
    }
}
