using System.IO.Pipelines;
using System.Net;
using System.Text;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// Turns an HTTP request into the kernel's. Everything a client can get wrong in the form of a request is refused
/// here, once: method, target, headers, encoding, body.
/// </summary>
internal static class RequestReader
{
    /// <summary>Paths whose body is a file of any size, which only their handlers read.</summary>
    private static readonly string[] UploadPaths = ["sys/storage/raft/snapshot", "sys/storage/raft/snapshot-force"];

    /// <summary>What is wrong before the path is even looked at.</summary>
    public static (int Status, string? Message)? RefusalOf(HttpExchange http)
    {
        // Kestrel goes by the chunks and keeps the length under this name; whoever stood before it may have gone by the
        // length (request smuggling, RFC 9112 section 6.1).
        var headers = http.Headers;
        if (headers.TransferEncoding.Count > 0 && headers.ContainsKey("X-Content-Length"))
            return (400, "the request has two lengths");
        var repeated = http.Vault.Repeated
            ?? (headers.Authorization.Count > 1 ? "Authorization"
            : headers.ContentType.Count > 1 ? "Content-Type" : null);
        if (repeated is not null) return (400, $"the header {repeated} was sent more than once");
        if (headers.ContentEncoding.Count > 0 && headers.ContentEncoding != "identity")
            return (415, "the request body must not be compressed");
        if (http.Vault.Namespace is { Length: > 0 } ns && ns.Trim('/') is not ("" or "root"))
            return (400, "namespaces are not supported: remove the X-Vault-Namespace header");
        return null;
    }

    /// <summary>
    /// The path behind <c>/v1/</c>. False without an error: it is not of this API (404); with one: it is malformed
    /// (400).
    /// </summary>
    public static bool TryPath(HttpExchange http, out RequestPath path, out string? error)
    {
        path = default;
        error = null;
        var target = http.RawTarget.AsSpan();
        var query = target.IndexOfAny('?', '#');
        if (query >= 0) target = target[..query];
        if (!target.StartsWith("/v1/")) return false;
        return RequestPath.TryDecode(target["/v1/".Length..], out path, out error);
    }

    /// <summary>Reads the rest. One of the two is null.</summary>
    public static async ValueTask<(Request? Request, Fault? Fault)> ReadAsync(
        HttpExchange http, RequestPipeline pipeline, RequestPath path, RequestBody body)
    {
        var query = ParseQuery(http.QueryString);
        if (http.Method == "GET" && Query(query, "list") is { Length: > 0 } list && GoBool.Parse(list) is null)
            return (null, new Fault(FaultKind.Invalid, null));
        if (OperationOf(http.Method, query) is not { } operation
            || (operation is Operation.Patch && !IsMergePatch(http)))
            return (null, new Fault(FaultKind.UnsupportedOperation, null));
        if (operation is Operation.List) path = path.AsFolder();
        if (!TryWrapTtl(http, out var wrapTtl, out var wrapError)) return (null, Fault.Invalid(wrapError!));
        var token = TokenOf(http);
        var isUpload = operation is Operation.Update && Array.IndexOf(UploadPaths, path.Value) >= 0;
        if (isUpload) http.LiftBodyLimit();
        else if (operation is Operation.Update or Operation.Patch)
        {
            if (await ReadBodyAsync(http, pipeline, token, body) is { } tooLarge) return (null, tooLarge);
            if (await CheckBodyAsync(http, body) is { } malformed) return (null, malformed);
            query = null;
        }
        return (new Request
        {
            Id = PublicRandom.NewGuid(),
            Operation = operation,
            Path = path,
            Body = body.Memory,
            Upload = isUpload ? http.Body.AsStream(leaveOpen: true) : null,
            Query = query,
            Token = token,
            Memo = http.Memo,
            Remote = http.Remote,
            RemotePort = http.RemotePort,
            WrapTtl = wrapTtl,
            WrapFormat = http.Vault.WrapFormat,
            States = pipeline.ReadsStates && http.Headers.TryGetValue("X-Vault-Index", out var states)
                ? (IReadOnlyList<string?>)states
                : null,
            Header = http.HeaderByName,
            Aborted = http.Aborted,
        }, null);
    }

    /// <summary>
    /// Reads the body. What is larger than anyone may send costs nothing to a stranger: the token, by itself, must be
    /// known before more than that is kept.
    /// </summary>
    private static async ValueTask<Fault?> ReadBodyAsync(
        HttpExchange http, RequestPipeline pipeline, string? token, RequestBody body)
    {
        if (await body.ReadAsync(http, Limits.MaxOpenBodyBytes, drains: false)) return null;
        if (token is not null && !await pipeline.KnowsAsync(token, http.Aborted)) return Fault.BadToken;
        if (token is not null && await body.ReadAsync(http, Limits.MaxBodyBytes, drains: true)) return null;
        return new Fault(FaultKind.TooLarge, "http: request body too large");
    }

    /// <summary>The token: Vault's header, or a bearer. As with Vault, the word has one spelling.</summary>
    public static string? TokenOf(HttpExchange http)
    {
        if (http.Vault.Token is { Length: > 0 } token) return token;
        return http.Header("Authorization") is { } bearer && bearer.StartsWith("Bearer ", StringComparison.Ordinal)
            ? bearer["Bearer ".Length..].Trim()
            : null;
    }

    /// <summary>
    /// Checks what was read into <paramref name="body"/>: one JSON object, or nothing. A form becomes an object of
    /// strings.
    /// </summary>
    public static ValueTask<Fault?> CheckBodyAsync(HttpExchange http, RequestBody body)
    {
        var isForm = http.Headers.ContentType.Count > 0
            && http.Headers.ContentType[0]!.StartsWith(FormBody.ContentType, StringComparison.OrdinalIgnoreCase);
        var text = body.Memory.Span.Trim(" \t\r\n"u8);
        // Clients that have nothing to send write null as JSON.
        if (text.IsEmpty || (!isForm && text.SequenceEqual("null"u8)))
        {
            // Nobody behind the edge has to know that blanks are no body.
            body.Replace(new SecretWriter(1));
            return new((Fault?)null);
        }
        if (isForm && body.Memory.Span[0] is not ((byte)'{' or (byte)'['))
        {
            if (FormBody.ToJson(body.Memory.Span) is not { } json)
                return new(Fault.Invalid(
                    "error parsing the form: malformed percent-encoding, invalid UTF-8 or too many fields"));
            body.Replace(json);
        }
        return new(Limits.CheckJson(body.Memory.Span));
    }

    /// <summary>The query's pairs, decoded; null when there are none. A name without a value has an empty
    /// one.</summary>
    public static List<KeyValuePair<string, string>>? ParseQuery(string text)
    {
        if (text.Length < 2) return null;
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var part in text[1..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf('=');
            pairs.Add(at < 0
                ? new(WebUtility.UrlDecode(part), "")
                : new(WebUtility.UrlDecode(part[..at]), WebUtility.UrlDecode(part[(at + 1)..])));
        }
        return pairs;
    }

    /// <summary>The value of a query parameter; null when absent.</summary>
    public static string? Query(List<KeyValuePair<string, string>>? query, string name)
    {
        if (query is null) return null;
        foreach (var (key, value) in query)
            if (key == name) return value;
        return null;
    }

    private static Operation? OperationOf(string method, List<KeyValuePair<string, string>>? query) => method switch
    {
        "GET" when Query(query, "help") is "1" or "true" => Operation.Help,
        "GET" when GoBool.Parse(Query(query, "list")) is true => Operation.List,
        "GET" => Operation.Read,
        "LIST" => Operation.List,
        "POST" or "PUT" => Operation.Update,
        "PATCH" => Operation.Patch,
        "DELETE" => Operation.Delete,
        "OPTIONS" => Operation.Unknown,
        _ => null,
    };

    /// <summary>
    /// Whether a PATCH says that it is a merge patch (RFC 7386), the one kind there is. Without that it is what it
    /// was to Vault before it knew patches, on every path and for every caller: no operation.
    /// </summary>
    private static bool IsMergePatch(HttpExchange http) =>
        http.Header("Content-Type")?.Split(';', 2)[0].Trim()
            .Equals("application/merge-patch+json", StringComparison.OrdinalIgnoreCase) is true;

    private const string WrapError = "error parsing X-Vault-Wrap-TTL header: ";

    private static bool TryWrapTtl(HttpExchange http, out TimeSpan? ttl, out string? error)
    {
        ttl = null;
        error = null;
        if (http.Vault.WrapTtl is not { Length: > 0 } text) return true;
        if (!GoDuration.TryParse(text, out var asked))
            error = WrapError + "expected a duration such as 90, \"90s\" or \"1h30m\"";
        else if (asked < TimeSpan.Zero)
            error = WrapError + "requested wrap ttl cannot be negative";
        else if (asked > Limits.MaxWrapTtl)
            error = WrapError + "requested wrap ttl is too long";
        else if (asked > TimeSpan.Zero)
            ttl = asked;
        return error is null;
    }
}
