using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kist.Agent.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kist.Agent.Front;

/// <summary>One request to the agent and its answer, over Kestrel's features.</summary>
internal sealed class AgentExchange(IFeatureCollection features)
{
    // Quotes as other servers write them, not as numbers.
    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IHttpRequestFeature _request = features.GetRequiredFeature<IHttpRequestFeature>();
    private readonly IHttpResponseFeature _response = features.GetRequiredFeature<IHttpResponseFeature>();
    private readonly IHttpResponseBodyFeature _answer = features.GetRequiredFeature<IHttpResponseBodyFeature>();

    /// <summary>Where it came in.</summary>
    public AgentListener Listener { get; } = features.GetRequiredFeature<AgentListener>();

    public string Method => _request.Method;

    /// <summary>Path and query as sent.</summary>
    public string Target => _request.RawTarget;

    /// <summary>The target without its query.</summary>
    public string Path => Target.Split('?')[0];

    public IHeaderDictionary RequestHeaders => _request.Headers;

    public IHeaderDictionary AnswerHeaders => _response.Headers;

    public Stream RequestBody => _request.Body;

    public Stream AnswerBody => _answer.Stream;

    public bool HasStarted => _response.HasStarted;

    public CancellationToken Aborted { get; } =
        features.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;

    /// <summary>Whether a body comes with the request.</summary>
    public bool HasBody => !AsksForWebSocket
        && features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };

    /// <summary>A header's first value, or null.</summary>
    public string? Header(string name) =>
        _request.Headers.TryGetValue(name, out var values) && values.Count > 0 ? values[0] : null;

    /// <summary>Whether the client asks for a WebSocket on this connection (RFC 6455).</summary>
    public bool AsksForWebSocket => features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        && "websocket".Equals(Header("Upgrade"), StringComparison.OrdinalIgnoreCase);

    /// <summary>Hands the connection over, after the headers of the answer; the status is 101.</summary>
    public Task<Stream> UpgradeAsync() => features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();

    /// <summary>Cuts the connection, so that nobody takes a part for the whole.</summary>
    public void Abort() => features.Get<IHttpRequestLifetimeFeature>()?.Abort();

    /// <summary>The status of the answer; headers follow.</summary>
    public void Begin(int status)
    {
        _response.StatusCode = status;
        _response.ReasonPhrase = null;
    }

    /// <summary>Sends a whole answer.</summary>
    public async Task SendAsync(int status, string contentType, ReadOnlyMemory<byte> body)
    {
        Begin(status);
        AnswerHeaders.CacheControl = "no-store";
        if (body.Length > 0) AnswerHeaders.ContentType = contentType;
        if (status != 204) AnswerHeaders.ContentLength = body.Length;
        if (body.Length > 0 && Method != "HEAD") await AnswerBody.WriteAsync(body, Aborted);
    }

    /// <summary>Sends Vault's error object.</summary>
    public Task SendErrorAsync(int status, string message)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_json))
        {
            json.WriteStartObject();
            json.WriteStartArray("errors");
            json.WriteStringValue(message);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return SendAsync(status, "application/json", buffer.ToArray());
    }

    /// <summary>Sends text.</summary>
    public Task SendAsync(string contentType, string text) => SendAsync(200, contentType, Encoding.UTF8.GetBytes(text));

    /// <summary>Copies headers that a proxy passes on (RFC 9110, section 7.6.1).</summary>
    public static bool PassesOn(string header) => !s_ownHop.Contains(header);

    private static readonly HashSet<string> s_ownHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Host", "Content-Length", "Expect",
    };
}
