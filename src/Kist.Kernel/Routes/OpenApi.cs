using System.Text.Json;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Routes;

/// <summary>Writes routes as an OpenAPI 3.0 document (https://spec.openapis.org/oas/v3.0.2).</summary>
public static class OpenApi
{
    /// <summary>Writes the members of the document; the caller has opened its object.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="version">The program's version.</param>
    /// <param name="mounts">Paths of mounts with their slash, and the routes below each.</param>
    public static void Write(
        Utf8JsonWriter json, string version, IEnumerable<(string Path, IReadOnlyList<Route> Routes)> mounts)
    {
        json.WriteString("openapi", "3.0.2");
        json.WriteStartObject("info");
        json.WriteString("title", "HashiCorp Vault API");
        json.WriteString("description", "Secrets management by Kist, over the HTTP API of HashiCorp Vault (`/v1/`).");
        json.WriteString("version", version);
        json.WriteEndObject();
        json.WriteStartObject("paths");
        foreach (var (path, routes) in mounts) WritePaths(json, path, routes);
        json.WriteEndObject();
    }

    /// <summary>
    /// The paths of one mount. OpenAPI has no list operation: a list is a read with <c>list=true</c>.
    /// </summary>
    private static void WritePaths(Utf8JsonWriter json, string mountPath, IReadOnlyList<Route> routes)
    {
        var paths = routes.GroupBy(r => PathOf(mountPath, r.Pattern)).OrderBy(g => g.Key, StringComparer.Ordinal);
        foreach (var group in paths)
        {
            json.WriteStartObject(group.Key);
            json.WriteString("description", group.First().Summary);
            if (group.Any(r => r.Access is Access.Sudo)) json.WriteBoolean("x-vault-sudo", true);
            if (group.All(r => r.Access is Access.Open)) json.WriteBoolean("x-vault-unauthenticated", true);
            if (group.Any(r => r.Exists is not null)) json.WriteBoolean("x-vault-createSupported", true);
            foreach (var method in group.GroupBy(r => MethodOf(r.Operation)).OrderBy(m =>
                m.Key, StringComparer.Ordinal))
                WriteOperation(json, group.Key, method.Key, [.. method]);
            json.WriteEndObject();
        }
    }

    private static string PathOf(string mountPath, string pattern) =>
        "/" + mountPath + pattern.Replace("...}", "}").Replace("+}", "}");

    private static string MethodOf(Operation operation) => operation switch
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
        json.WriteStartArray("tags");
        json.WriteStringValue(path.Split('/') is [_, var first, ..] ? first : "");
        json.WriteEndArray();
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
