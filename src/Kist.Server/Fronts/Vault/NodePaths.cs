using System.Collections.Frozen;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Secrets;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// The paths that answer while the node is sealed, and so do not go through the pipeline: health, initialisation,
/// unseal, rekey, generate-root. They answer with plain JSON objects, without the envelope
/// (https://developer.hashicorp.com/vault/api-docs/system).
/// </summary>
internal sealed class NodePaths(Node node, RequestPipeline pipeline)
{
    private readonly FrozenDictionary<string, NodePath> _paths = new Dictionary<string, NodePath>()
        .With(new StatusPaths(node).All)
        .With(new InitPaths(node).All)
        .With(new UnsealPaths(node).All)
        .With(new RekeyPaths(node, "sys/rekey", kernel => kernel.Rekey).All)
        .With(new RekeyPaths(node, "sys/rekey-recovery-key", kernel => kernel.RecoveryRekey).All)
        .With(new RootPaths(node).All)
        .ToFrozenDictionary();

    /// <summary>The paths and their methods, for the table of what anyone may call.</summary>
    public IEnumerable<string> Known =>
        from path in _paths.Values
        from method in (string[])["GET", "HEAD", "PUT", "DELETE"]
        where path.HandlerOf(method) is not null
        select $"{method} {path.Path}";

    /// <summary>Answers if <paramref name="path"/> is one of these; false: it is the pipeline's.</summary>
    public ValueTask<bool> TryAnswerAsync(HttpExchange http, RequestPath path, RequestBody body) =>
        path.Value.StartsWith("sys/", StringComparison.Ordinal) ? TryAnswerSysAsync(http, path, body) : new(false);

    private async ValueTask<bool> TryAnswerSysAsync(HttpExchange http, RequestPath path, RequestBody body)
    {
        if (path.Value == "sys/seal")
        {
            await SealAsync(http, path, body);
            return true;
        }
        if (path.Value == "sys/metrics" && node.Current is null && RequestReader.TokenOf(http) is null)
        {
            // The one path of the pipeline that Vault asks for a token before it says that it is sealed.
            await ResponseSender.SendAsync(http, Fault.NoToken);
            return true;
        }
        if (!_paths.TryGetValue(path.Value, out var found)) return false;
        if (found.HandlerOf(http.Method) is not { } handler)
        {
            await http.SendErrorAsync(405, null);
            return true;
        }
        using var response = await RunAsync(http, path, body, found.MaxBodyBytes, handler);
        await SendAsync(http, response);
        return true;
    }

    private async ValueTask<Response> RunAsync(
        HttpExchange http, RequestPath path, RequestBody body, int maxBytes, NodeHandler handler)
    {
        if (!await body.ReadAsync(http, maxBytes, drains: false))
            return new Fault(FaultKind.TooLarge, "http: request body too large");
        if (await RequestReader.CheckBodyAsync(http, body) is { } malformed) return malformed;
        try
        {
            return await handler(new NodeCall(
                new NodeBody(body.Memory), RequestReader.ParseQuery(http.QueryString), http.Aborted));
        }
        catch (Exception e) when (RequestPipeline.FaultOf(e) is not null)
        {
            var fault = RequestPipeline.FaultOf(e)!;
            if (fault.Kind is FaultKind.Internal or FaultKind.Unavailable or FaultKind.StorageFull)
                node.Log.Write(LogLevel.Error, $"request failed path={path.Value}", e);
            return fault;
        }
    }

    /// <summary>
    /// Sealing needs a token and is audited, so it goes through the pipeline; here are only the forms in which Vault
    /// refuses it, which differ from those of all other paths.
    /// </summary>
    private async ValueTask SealAsync(HttpExchange http, RequestPath path, RequestBody body)
    {
        if (http.Method is not ("PUT" or "POST"))
        {
            await http.SendErrorAsync(405, null);
            return;
        }
        if (node.Current is null && RequestReader.TokenOf(http) is null)
        {
            await http.SendAsync(204, "");
            return;
        }
        var (request, fault) = await RequestReader.ReadAsync(http, pipeline, path, body);
        if (request is null)
        {
            await ResponseSender.SendAsync(http, fault!);
            return;
        }
        using var response = await pipeline.HandleAsync(request);
        if (ReferenceEquals(response.Fault, Fault.NoToken))
            await ResponseSender.SendAsync(http, Fault.NoToken with { Listed = true });
        else await ResponseSender.SendAsync(http, request, response);
    }

    private static async ValueTask SendAsync(HttpExchange http, Response response)
    {
        if (response.Fault is { } fault)
        {
            await ResponseSender.SendAsync(http, fault);
            return;
        }
        var status = response.Status ?? (response.HasData ? 200 : 204);
        if (!response.HasData || status is 204 or 304 || http.Method == "HEAD")
        {
            await http.SendAsync(status, "application/json");
            return;
        }
        var line = new SecretWriter(response.Data.Length + 1);
        line.Write(response.Data.Span);
        line.Write("\n"u8);
        await http.SendAsync(status, "application/json", line);
    }
}
