using System.Runtime.CompilerServices;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// The HTTP API of HashiCorp Vault over the kernel: reads a request into the kernel's terms, runs the pipeline, writes
/// the answer. It sits on Kestrel directly, without middleware, because each request would pay for it.
/// </summary>
internal sealed class VaultFront : IHttpApplication<HttpExchange>
{
    private readonly Node _node;
    private readonly RequestPipeline _pipeline;
    private readonly NodePaths _nodePaths;

    /// <summary>A front for one node.</summary>
    public VaultFront(Node node)
    {
        _node = node;
        _pipeline = new RequestPipeline(node);
        _nodePaths = new NodePaths(node, _pipeline);
    }

    /// <inheritdoc/>
    public HttpExchange CreateContext(IFeatureCollection contextFeatures)
    {
        var connection = contextFeatures as IHostContextContainer<HttpExchange>;
        var exchange = connection?.HostContext ?? new HttpExchange();
        if (connection is not null) connection.HostContext = exchange;
        exchange.Begin(contextFeatures);
        return exchange;
    }

    /// <inheritdoc/>
    public void DisposeContext(HttpExchange context, Exception? exception)
    {
    }

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(HttpExchange context)
    {
        var http = context;
        try
        {
            // Kestrel wants a task, which cannot be pooled; so what waits is kept in one that is, and this stays small.
            await AnswerAsync(http, http.ReadBody);
        }
        catch (BadHttpRequestException e)
        {
            // Found while the body was read: bad chunks, an end too early, a body that comes too slowly.
            if (!http.HasStarted) await http.SendErrorAsync(
                e.StatusCode, "the request body is malformed or came too slowly");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A defect, or the client went away. The text of the exception stays here; the answer has an id only.
            var id = Guid.NewGuid();
            if (http.Aborted.IsCancellationRequested) return;
            _node.Log.Write(LogLevel.Error, $"unhandled failure id={id} kind={e.GetType().Name}", e);
            if (!http.HasStarted) await http.SendErrorAsync(500, $"internal error, request id {id}");
        }
        finally
        {
            http.ReadBody.Dispose();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AnswerAsync(HttpExchange http, RequestBody body)
    {
        if (RefuseEarly(http, out var path) is { } refused)
        {
            await refused;
            return;
        }
        if (await _nodePaths.TryAnswerAsync(http, path, body)) return;
        if (http.Method == "HEAD")
        {
            await http.SendErrorAsync(405, null, isEmpty: true);
            return;
        }
        var (request, fault) = await RequestReader.ReadAsync(http, _pipeline, path, body);
        if (request is null)
        {
            await ResponseSender.SendAsync(http, fault!);
            return;
        }
        using var response = await _pipeline.HandleAsync(request);
        await ResponseSender.SendAsync(http, request, response);
    }

    /// <summary>What is refused before anything is looked up; null: the request goes on.</summary>
    private ValueTask? RefuseEarly(HttpExchange http, out RequestPath path)
    {
        path = default;
        if (RequestReader.RefusalOf(http) is { } refusal) return http.SendErrorAsync(refusal.Status, refusal.Message);
        if (!RequestReader.TryPath(http, out path, out var pathError))
            return http.SendErrorAsync(pathError is null ? 404 : 400, pathError);
        return Cors.Admit(http, _node, out var done) ? null
            : http.SendErrorAsync(done.Status, done.Message, done.IsEmpty);
    }
}
