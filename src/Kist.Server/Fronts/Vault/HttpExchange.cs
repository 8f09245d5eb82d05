using System.IO.Pipelines;
using System.Net;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;
using Kist.Secrets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// One HTTP request and its answer, over Kestrel's own features. A connection (of HTTP/2: a stream) uses one exchange
/// again and again.
/// </summary>
internal sealed class HttpExchange
{
    private IFeatureCollection _features = null!;
    private IHttpRequestFeature _request = null!;
    private IHttpResponseFeature _response = null!;
    private IHttpResponseBodyFeature _answer = null!;
    private IHttpRequestLifetimeFeature _lifetime = null!;
    private IHttpConnectionFeature? _connection;

    public HttpExchange() => HeaderByName = Header;

    /// <summary>The body of the request, once it is read.</summary>
    public RequestBody ReadBody { get; } = new();

    /// <summary>What the connection remembers of its last token.</summary>
    public TokenMemo Memo { get; } = new();

    /// <summary><see cref="Header"/>, as a function that is made once.</summary>
    public Func<string, string?> HeaderByName { get; }

    /// <summary>The headers of Vault's that the request has.</summary>
    public VaultHeaders Vault { get; private set; }

    /// <summary>Turns to the next request.</summary>
    public void Begin(IFeatureCollection features)
    {
        // Kestrel's features are one object for the life of a connection, and asking for one is a look-up each time.
        if (!ReferenceEquals(_features, features))
        {
            _features = features;
            _request = features.GetRequiredFeature<IHttpRequestFeature>();
            _response = features.GetRequiredFeature<IHttpResponseFeature>();
            _answer = features.GetRequiredFeature<IHttpResponseBodyFeature>();
            _lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
            _connection = features.Get<IHttpConnectionFeature>();
        }
        Vault = new VaultHeaders(_request.Headers);
    }

    /// <summary>GET, LIST, POST, …</summary>
    public string Method => _request.Method;

    /// <summary>Path and query as they were sent, not decoded and not normalised.</summary>
    public string RawTarget => _request.RawTarget;

    /// <summary>The query with its question mark, or empty.</summary>
    public string QueryString => _request.QueryString;

    /// <summary>The request's headers.</summary>
    public IHeaderDictionary Headers => _request.Headers;

    /// <summary>The answer's headers.</summary>
    public IHeaderDictionary AnswerHeaders => _response.Headers;

    /// <summary>Whether the answer is on its way.</summary>
    public bool HasStarted => _response.HasStarted;

    /// <summary>Cancelled when the client goes away.</summary>
    public CancellationToken Aborted => _lifetime.RequestAborted;

    /// <summary>The peer of the connection.</summary>
    public IPAddress? Remote => _connection?.RemoteIpAddress;

    /// <summary>The peer's port.</summary>
    public int RemotePort => _connection?.RemotePort ?? 0;

    /// <summary>The request's body.</summary>
    public PipeReader Body => _features.Get<IRequestBodyPipeFeature>()?.Reader ?? PipeReader.Create(_request.Body);

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
        _request.Headers.TryGetValue(name, out var values) && values.Count > 0 ? values[0] : null;

    /// <summary>Sends Vault's error object; without a message its list is empty.</summary>
    public ValueTask SendErrorAsync(int status, string? message, bool isEmpty = false)
    {
        if (isEmpty || Method == "HEAD") return SendAsync(status, "application/json");
        var body = new SecretWriter(256);
        Response.WriteJson(body, message, static (json, message) =>
        {
            json.WriteStartObject();
            json.WriteStartArray("errors");
            if (message is not null) json.WriteStringValue(message);
            json.WriteEndArray();
            json.WriteEndObject();
        });
        body.Write("\n"u8);
        return SendAsync(status, "application/json", body);
    }

    /// <summary>Sends an answer without a body.</summary>
    public ValueTask SendAsync(int status, string contentType)
    {
        Begin(status, contentType, 0);
        return default;
    }

    /// <summary>Sends a whole answer, and disposes of <paramref name="body"/>.</summary>
    public ValueTask SendAsync(int status, string contentType, SecretWriter body)
    {
        Begin(status, contentType, body.WrittenCount);
        // In one step: what is written before the headers is first kept elsewhere and then copied.
        var sent = _answer.Writer.WriteAsync(body.WrittenMemory);
        if (!sent.IsCompletedSuccessfully) return FinishAsync(sent, body);
        body.Dispose();
        return default;
    }

    private static async ValueTask FinishAsync(ValueTask<FlushResult> sent, SecretWriter body)
    {
        using (body) await sent;
    }

    private void Begin(int status, string contentType, int length)
    {
        _response.StatusCode = status;
        var headers = _response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        if (status == StatusCodes.Status204NoContent) return;
        headers.ContentType = contentType;
        headers.ContentLength = length;
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
            _lifetime.Abort();
            throw;
        }
    }

    /// <summary>
    /// Begins an answer without an end, whose parts are then written to the stream that comes back.
    /// </summary>
    public Stream BeginStream(string contentType)
    {
        var headers = _response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentType = contentType;
        _response.StatusCode = StatusCodes.Status200OK;
        return _answer.Stream;
    }

    /// <summary>The connection itself, for another protocol; null when this request cannot leave HTTP.</summary>
    public async ValueTask<Stream?> UpgradeAsync(Action<IHeaderDictionary> headers)
    {
        if (_features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade) return null;
        headers(_response.Headers);
        return await upgrade.UpgradeAsync();
    }
}

/// <summary>
/// The headers of Vault's own that a request has, each looked up once: every request is asked for all of them.
/// </summary>
internal readonly struct VaultHeaders(IHeaderDictionary headers)
{
    /// <summary>The header with the token.</summary>
    public const string TokenName = "X-Vault-Token";

    private const string NamespaceName = "X-Vault-Namespace";
    private const string WrapTtlName = "X-Vault-Wrap-TTL";
    private const string WrapFormatName = "X-Vault-Wrap-Format";

    private readonly StringValues _token = headers[TokenName];
    private readonly StringValues _namespace = headers[NamespaceName];
    private readonly StringValues _wrapTtl = headers[WrapTtlName];
    private readonly StringValues _wrapFormat = headers[WrapFormatName];

    public string? Token => First(_token);

    public string? Namespace => First(_namespace);

    public string? WrapTtl => First(_wrapTtl);

    public string? WrapFormat => First(_wrapFormat);

    /// <summary>The name of one that was sent more than once; null: none was.</summary>
    public string? Repeated =>
        _token.Count > 1 ? TokenName
        : _namespace.Count > 1 ? NamespaceName
        : _wrapTtl.Count > 1 ? WrapTtlName
        : _wrapFormat.Count > 1 ? WrapFormatName
        : null;

    private static string? First(in StringValues values) => values.Count > 0 ? values[0] : null;
}
