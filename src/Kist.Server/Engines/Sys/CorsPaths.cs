using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/config/cors</c>: which web pages of other origins may call.</summary>
internal sealed class CorsPaths
{
    private static readonly Field<IReadOnlyList<string>> Origins =
        Fields.List("allowed_origins", "The origins that may call, or * alone for any.");

    private static readonly Field<IReadOnlyList<string>> Headers =
        Fields.List("allowed_headers", "Headers that pages may send, besides the usual ones.");

    private static readonly Field<bool> Enable =
        Fields.Flag("enable", "Kept for clients: setting origins enables, deleting disables.");

    private readonly Unsealed _kernel;

    public CorsPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "config/cors", ReadAsync, "Reads which web pages may call") { Access = Access.Sudo },
            new(Operation.Update, "config/cors", WriteAsync, "Allows web pages to call", Origins, Headers, Enable)
                { Access = Access.Sudo },
            new(Operation.Delete, "config/cors", DeleteAsync, "Allows no web page to call") { Access = Access.Sudo },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private ValueTask<Response> ReadAsync(Call call) => new(Response.Json(json =>
    {
        var config = _kernel.Cors.Current;
        json.WriteBoolean("enabled", config is not null);
        if (config is null) return;
        json.WriteTexts("allowed_origins", config.AllowedOrigins);
        json.WriteTexts("allowed_headers", config.AllowedHeaders);
    }));

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var origins = call.Get(Origins);
        if (origins.Count == 0) return Fault.ListedInvalid("at least one origin or the wildcard must be provided");
        if (origins.Contains("*") && origins.Count > 1)
            return Fault.ListedInvalid("to allow all origins the '*' must be the only value for allowed_origins");
        if (!call.Get(Headers).All(IsHeaderName))
            return Fault.ListedInvalid("allowed_headers must be names of headers");
        await _kernel.Cors.SetAsync(
            new CorsConfig(origins,
                [.. CorsConfig.StandardHeaders.Union(call.Get(Headers), StringComparer.OrdinalIgnoreCase)]),
            call.Aborted);
        return Response.None;
    }

    /// <summary>The names come back in a header, so nothing may end that header (RFC 9110, 5.6.2).</summary>
    private static bool IsHeaderName(string name) =>
        name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c));

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        await _kernel.Cors.SetAsync(null, call.Aborted);
        return Response.None;
    }
}
