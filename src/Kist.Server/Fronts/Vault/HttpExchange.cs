using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;
using Kist.Secrets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// One HTTP request and its answer, over Kestrel's own features. A connection (of HTTP/2: a stream) uses one exchange
/// again and again.
/// </summary>
internal sealed class HttpExchange
{
    private IFeatureCollection _features = null!;

    public HttpExchange() => HeaderByName = Header;

    /// <summary>What the connection remembers of its last token.</summary>
    public TokenMemo Memo { get; } = new();

    /// <summary><see cref="Header"/>, as a function that is made once.</summary>
    public Func<string, string?> HeaderByName { get; }

    private IHttpRequestFeature Request { get; set; } = null!;

    private IHttpResponseFeature Response { get; set; } = null!;

    /// <summary>Turns to the next request.</summary>
    public void Begin(IFeatureCollection features)
    {
        _features = features;
        Request = features.GetRequiredFeature<IHttpRequestFeature>();
        Response = features.GetRequiredFeature<IHttpResponseFeature>();
    }

    /// <summary>GET, LIST, POST, …</summary>
    public string Method => Request.Method;

    /// <summary>Path and query as they were sent, not decoded and not normalised.</summary>
    public string RawTarget => Request.RawTarget;

    /// <summary>The query with its question mark, or empty.</summary>
    public string QueryString => Request.QueryString;

    /// <summary>The request's headers.</summary>
    public IHeaderDictionary Headers => Request.Headers;

    /// <summary>The answer's headers.</summary>
    public IHeaderDictionary AnswerHeaders => Response.Headers;

    /// <summary>Whether the answer is on its way.</summary>
    public bool HasStarted => Response.HasStarted;

    /// <summary>Cancelled when the client goes away.</summary>
    public CancellationToken Aborted => _features.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;

    /// <summary>The peer of the connection.</summary>
    public IPAddress? Remote => _features.Get<IHttpConnectionFeature>()?.RemoteIpAddress;

    /// <summary>The peer's port.</summary>
    public int RemotePort => _features.Get<IHttpConnectionFeature>()?.RemotePort ?? 0;

    /// <summary>The request's body.</summary>
    public PipeReader Body => _features.Get<IRequestBodyPipeFeature>()?.Reader ?? PipeReader.Create(Request.Body);

    /// <summary>
    /// Lets the front count the body itself, so that it can answer 413 instead of breaking the connection.
    /// </summary>
    public void LiftBodyLimit()
    {
        if (_features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize =
            null;
    }

    /// <summary>A header's single value; null when absent. Two values of one header are never joined: the first counts
    /// only where <see cref="RequestReader.RefusalOf"/> has not refused the request for it.</summary>
    public string? Header(string name) =>
        Request.Headers.TryGetValue(name, out var values) && values.Count > 0 ? values[0] : null;

    /// <summary>Sends Vault's error object; without a message its list is empty.</summary>
    public ValueTask SendErrorAsync(int status, string? message, bool isEmpty = false)
    {
        if (isEmpty || Method == "HEAD") return SendAsync(status, "application/json", default);
        using var body = new SecretWriter(256);
        using (var json = new Utf8JsonWriter(body, Kernel.Pipeline.Response.JsonOptions))
        {
            json.WriteStartObject();
            json.WriteStartArray("errors");
            if (message is not null) json.WriteStringValue(message);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        body.Write("\n"u8);
        return SendAsync(status, "application/json", body.WrittenSpan);
    }

    /// <summary>Sends a whole answer. The bytes are copied into Kestrel's buffer before this returns.</summary>
    public ValueTask SendAsync(int status, string contentType, ReadOnlySpan<byte> body)
    {
        var response = Response;
        response.StatusCode = status;
        var headers = response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        if (status != StatusCodes.Status204NoContent)
        {
            headers.ContentType = contentType;
            headers.ContentLength = body.Length;
        }
        var output = _features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        if (body.IsEmpty) return default;
        System.Buffers.BuffersExtensions.Write(output, body);
        return Flushed(output.FlushAsync());
    }

    /// <summary>
    /// Sends an answer as it is made. If that fails the connection is broken: nobody may take a part for the whole.
    /// </summary>
    public async ValueTask SendAsync(string contentType, Func<Stream, CancellationToken, ValueTask> write)
    {
        var stream = BeginStream(contentType);
        try
        {
            await write(stream, Aborted);
        }
        catch
        {
            _features.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();
            throw;
        }
    }

    /// <summary>
    /// Begins an answer without an end, whose parts are then written to the stream that comes back.
    /// </summary>
    public Stream BeginStream(string contentType)
    {
        var headers = Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentType = contentType;
        Response.StatusCode = StatusCodes.Status200OK;
        return _features.GetRequiredFeature<IHttpResponseBodyFeature>().Stream;
    }

    /// <summary>The connection itself, for another protocol; null when this request cannot leave HTTP.</summary>
    public async ValueTask<Stream?> UpgradeAsync(Action<IHeaderDictionary> headers)
    {
        if (_features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade) return null;
        headers(Response.Headers);
        return await upgrade.UpgradeAsync();
    }

    private static ValueTask Flushed(ValueTask<FlushResult> flush) =>
        flush.IsCompletedSuccessfully ? default : new ValueTask(flush.AsTask());
}
