using System.Text.Json;
using Kist.Kernel.Audit;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/config/auditing/request-headers</c>: which request headers the audit shows.</summary>
internal sealed class AuditHeaderPaths
{
    private const string Pattern = "config/auditing/request-headers";

    private static readonly Field<string> Header = Fields.Text("header", "The header's name.");
    private static readonly Field<bool> Hmac = Fields.Flag("hmac", "Whether its value is hashed.");

    private readonly Unsealed _kernel;
    private readonly SemaphoreSlim _changing = new(1, 1);

    public AuditHeaderPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, Pattern, ListAsync, "Lists the audited request headers") { Access = Access.Sudo },
            new(Operation.Read, Pattern + "/{header+}", ReadAsync, "Reads an audited request header", Header)
                { Access = Access.Sudo },
            new(Operation.Update, Pattern + "/{header+}", WriteAsync, "Audits a request header", Header, Hmac)
                { Access = Access.Sudo },
            new(Operation.Delete, Pattern + "/{header+}", DeleteAsync, "Stops auditing a request header", Header)
                { Access = Access.Sudo },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private ValueTask<Response> ListAsync(Call call) => new(Response.Json(json =>
    {
        json.WriteStartObject("headers");
        foreach (var header in _kernel.Audit.Broker.Headers) Write(json, header);
        json.WriteEndObject();
    }));

    private ValueTask<Response> ReadAsync(Call call) => new(
        _kernel.Audit.Broker.Headers.FirstOrDefault(h => h.Name == NameOf(call)) is { } header
            ? Response.Json(json => Write(json, header with { Name = call.Get(Header) }))
            : Fault.Invalid("Could not find header in config"));

    private async ValueTask<Response> WriteAsync(Call call)
    {
        if (NameOf(call) is "x-vault-token" or "authorization" or "cookie" && !call.Get(Hmac))
            return Fault.Invalid("this header carries a credential: it can only be audited with hmac");
        await ChangeAsync(call, new AuditedHeader(NameOf(call), call.Get(Hmac)));
        return Response.None;
    }

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        await ChangeAsync(call, null);
        return Response.None;
    }

    private async ValueTask ChangeAsync(Call call, AuditedHeader? header)
    {
        await _changing.WaitAsync(call.Aborted);
        try
        {
            var others = _kernel.Audit.Broker.Headers.Where(h => h.Name != NameOf(call));
            await _kernel.Audit.SetHeadersAsync(header is null ? [.. others] : [.. others, header], call.Aborted);
        }
        finally
        {
            _changing.Release();
        }
    }

    private static string NameOf(Call call) => call.Get(Header).ToLowerInvariant();

    private static void Write(Utf8JsonWriter json, AuditedHeader header)
    {
        json.WriteStartObject(header.Name);
        json.WriteBoolean("hmac", header.Hmac);
        json.WriteEndObject();
    }
}
