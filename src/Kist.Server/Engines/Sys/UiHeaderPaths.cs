using System.Text.Json;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/config/ui/headers</c>: answer headers of the browser interface.</summary>
internal sealed class UiHeaderPaths
{
    private const string Prefix = "ui-header/";

    private static readonly Field<string> Header = Fields.Text("header", "The header's name.");
    private static readonly Field<IReadOnlyList<string>> Values = Fields.List("values", "The header's values.");
    private static readonly Field<bool> MultiValue = Fields.Flag("multivalue", "Whether all values are shown.");

    private readonly Unsealed _kernel;

    public UiHeaderPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.List, "config/ui/headers", ListAsync, "Lists the headers") { Access = Access.Sudo },
            new(Operation.Read, "config/ui/headers/{header+}", ReadAsync, "Reads a header", Header, MultiValue)
                { Access = Access.Sudo },
            new(Operation.Update, "config/ui/headers/{header+}", WriteAsync, "Sets a header", Header, Values,
                MultiValue)
                { Access = Access.Sudo },
            new(Operation.Delete, "config/ui/headers/{header+}", DeleteAsync, "Removes a header", Header)
                { Access = Access.Sudo },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    /// <summary>Names are kept as HTTP libraries write them: <c>X-Custom-Header</c>.</summary>
    private static string KeyOf(Call call) => Prefix + string.Join('-', call.Get(Header).Split('-')
        .Select(part => part.Length == 0 ? "" : char.ToUpperInvariant(part[0]) + part[1..].ToLowerInvariant()));

    private async ValueTask<Response> ListAsync(Call call)
    {
        var names = await _kernel.Core.ListAsync(Prefix, "", 0, call.Aborted);
        return names.Count == 0 ? Response.None : Response.Json(json => json.WriteTexts("keys", names));
    }

    private async ValueTask<Response> ReadAsync(Call call)
    {
        using var stored = await _kernel.Core.GetAsync(KeyOf(call), call.Aborted);
        if (stored is null) return Response.None;
        var values = new List<string>();
        var reader = new Utf8JsonReader(stored.Span);
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.String) values.Add(reader.GetString()!);
        return Response.Json(json =>
        {
            if (call.Get(MultiValue)) json.WriteTexts("values", values);
            else json.WriteString("value", values.Count == 0 ? "" : values[0]);
        });
    }

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var (header, values) = (call.Get(Header), call.Get(Values));
        if (header.StartsWith("X-Vault-", StringComparison.OrdinalIgnoreCase))
            return Fault.Invalid("X-Vault headers cannot be set");
        if (!call.Has(Values)) return Fault.Invalid("header and values must be specified");
        if (values.Count == 0) return Fault.Invalid("header values must be configured");
        if (values.Any(v => v.Any(char.IsControl)))
            return Fault.Invalid("header values must not have control characters");
        using var data = new Secrets.SecretWriter();
        using (var json = new Utf8JsonWriter(data, Response.JsonOptions))
        {
            json.WriteStartArray();
            foreach (var value in values) json.WriteStringValue(value);
            json.WriteEndArray();
        }
        await _kernel.Core.PutAsync(KeyOf(call), data.WrittenMemory, call.Aborted);
        var done = new Response { Status = 200 };
        return header.Equals("Content-Security-Policy", StringComparison.OrdinalIgnoreCase)
            ? done.Warn(
                "overriding default Content-Security-Policy which is secure by default, proceed with caution")
            : done;
    }

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        await _kernel.Core.DeleteAsync(KeyOf(call), call.Aborted);
        return Response.None;
    }
}
