using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Secrets;

namespace Kist.Client.Http;

/// <summary>The connection to one server: sends, sends again, gives up in time. It knows no tokens but those given.
/// </summary>
internal sealed class Transport : IDisposable
{
    private const int MostBytes = 64 << 20;
    private readonly KistClientOptions _options;
    private readonly HttpMessageInvoker _http;
    private readonly Uri _base;
    private volatile string? _certificateFault;

    public Transport(KistClientOptions options)
    {
        _options = options;
        var handler = new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false, // a redirect would carry the token along
            ActivityHeadersPropagator = null,
            PooledConnectionLifetime = TimeSpan.FromMinutes(15), // so that a change of DNS is noticed
            MaxConnectionsPerServer = 64,
            ConnectTimeout = TimeSpan.FromSeconds(10),
        };
        _base = options.Address;
        if (_base.Scheme == "unix") _base = OverSocket(handler, _base.LocalPath);
        else if (_base.Scheme == "https") Secure(handler);
        else if (_base.Scheme != "http") throw Wrong("is neither http, https nor unix");
        if (_base.UserInfo.Length > 0 || _base.Query.Length > 0) throw Wrong("has a user or a query in it");
        _http = new HttpMessageInvoker(handler);
    }

    /// <summary>
    /// Sends until there is an answer that is not "later": at most <see cref="KistClientOptions.Retries"/> times more,
    /// and within <see cref="KistClientOptions.Timeout"/>. A write that may have been done is not sent again.
    /// </summary>
    public async Task<KistResponse> SendAsync(ApiRequest request, SecretBytes? token, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(_options.Timeout, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        KistException? last = null;
        for (var attempt = 0; ; attempt++)
        {
            TimeSpan? wait;
            try
            {
                using var message = Message(request, token, _base);
                using var answer = await ExchangeAsync(message, request, token, either.Token);
                wait = ServerAnswer.IsLater(answer, request, out var asked) ? asked ?? Backoff.After(attempt) : null;
                if (wait is null || attempt >= _options.Retries)
                    return await ServerAnswer.ReadAsync(answer, request, MostBytes, either.Token);
                last = await ServerAnswer.FailureAsync(answer, request, MostBytes, either.Token);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                last = Unreachable(request, e);
                if (attempt >= _options.Retries || !MayRepeat(request, e)) throw last;
                wait = Backoff.After(attempt);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                throw last ?? TimedOut(request);
            }
            await PauseAsync(wait.Value, last, limit.Token, ct);
        }
    }

    /// <summary>Opens a stream of events, which lives until it is disposed; the time limit is for its beginning.
    /// </summary>
    public async Task<HttpResponseMessage> OpenAsync(
        ApiRequest request, SecretBytes? token, string? lastEventId, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(_options.Timeout, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        using var message = Message(request, token, _base);
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastEventId is not null) message.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        try
        {
            return await ExchangeAsync(message, request, token, either.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Unreachable(request, e);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw TimedOut(request);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task PauseAsync(
        TimeSpan wait, KistException last, CancellationToken limit, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit);
        try
        {
            await Task.Delay(wait, _options.Clock, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw last;
        }
    }

    private async Task<HttpResponseMessage> ExchangeAsync(
        HttpRequestMessage message, ApiRequest request, SecretBytes? token, CancellationToken ct)
    {
        _certificateFault = null;
        var answer = await _http.SendAsync(message, ct);
        if (answer.StatusCode is not (HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
            return answer;
        // A standby names the active server.
        using (answer)
        {
            if (Redirected(answer) is not { } elsewhere)
                throw new KistException(KistFailure.Server, $"{request}: the server points to an address that cannot "
                    + "be trusted") { Status = answer.StatusCode };
            using var second = Message(request, token, elsewhere);
            second.RequestUri = elsewhere;
            return await _http.SendAsync(second, ct);
        }
    }

    // Never from https down to http: the token would travel in clear.
    private Uri? Redirected(HttpResponseMessage response)
    {
        if (response.Headers.Location is not { } location) return null;
        var to = location.IsAbsoluteUri ? location : new Uri(_base, location);
        var isSafe = to.Scheme == "https" || (to.Scheme == "http" && _base.Scheme == "http");
        return isSafe && to.AbsolutePath.StartsWith("/v1/", StringComparison.Ordinal) ? to : null;
    }

    private HttpRequestMessage Message(ApiRequest request, SecretBytes? token, Uri at)
    {
        var query = request.Query is { } q ? "?" + q : "";
        var uri = new Uri($"{at.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v1/{ApiPath.Encode(request.Path)}{query}",
            // Canonicalising here could turn one name into another.
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(request.Method, uri);
        var headers = message.Headers;
        if (token is not null) headers.TryAddWithoutValidation("X-Vault-Token", token.RevealText());
        headers.TryAddWithoutValidation("X-Vault-Request", "true");
        if (_options.Namespace is { } space) headers.TryAddWithoutValidation("X-Vault-Namespace", space);
        if (request.WrapFor is { } wrap)
            headers.TryAddWithoutValidation("X-Vault-Wrap-TTL", $"{(long)wrap.TotalSeconds}s");
        if (request.Body.IsEmpty) return message;
        message.Content = new ReadOnlyMemoryContent(request.Body);
        message.Content.Headers.TryAddWithoutValidation("Content-Type",
            request.Method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        return message;
    }

    // A failure before the request was sent can do no harm; one behind it may have done the work.
    private static bool MayRepeat(ApiRequest request, Exception e) =>
        e is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError
            or HttpRequestError.NameResolutionError }
        || (request.IsSafe && e is not HttpRequestException
            { HttpRequestError: HttpRequestError.SecureConnectionError });

    private KistException Unreachable(ApiRequest request, Exception e)
    {
        if (e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
            return new KistException(KistFailure.Certificate, $"{request}: no secure connection to {_options.Address}: "
                + (_certificateFault ?? "the server does not speak TLS as this process does"));
        var reason = e switch
        {
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "its name is unknown",
            { InnerException: SocketException socket } => socket.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "nothing listens there",
                SocketError.AddressNotAvailable => "there is no such socket",
                var code => code.ToString(),
            },
            _ => "the connection broke",
        };
        return new KistException(
            KistFailure.Unreachable, $"{request}: the server {_options.Address} cannot be reached: {reason}", e);
    }

    private KistException TimedOut(ApiRequest request) => new(KistFailure.TimedOut,
        $"{request}: no answer from {_options.Address} within {_options.Timeout.TotalSeconds:0.#} s");

    private static KistException Wrong(string how) =>
        new(KistFailure.Settings, $"the server's address {how}; it is a URL such as https://kist.example:8200");

    private static Uri OverSocket(SocketsHttpHandler handler, string path)
    {
        handler.UseProxy = false;
        handler.ConnectCallback = (_, ct) => UnixSocket.ConnectAsync(path, ct);
        return new Uri("http://localhost/");
    }

    private void Secure(SocketsHttpHandler handler)
    {
        // It only remembers why: nothing is accepted that the system does not accept.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            if (errors == SslPolicyErrors.None) return true;
            _certificateFault = errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
                ? "its certificate is for another name"
                : chain?.ChainStatus.Any(s => s.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)) == true
                    ? "its certificate has expired or is not valid yet"
                    : certificate is null ? "it shows no certificate"
                        : "its certificate is of an unknown authority; name the authority's file in KIST_CACERT";
            return false;
        };
        if (_options.CaCertificate is not { } file) return;
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new KistException(KistFailure.Settings, $"the CA certificate {file} cannot be read as PEM", e);
        }
        handler.SslOptions.CertificateChainPolicy = policy;
    }
}
