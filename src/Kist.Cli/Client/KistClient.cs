using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli.Client;

/// <summary>One request as a command words it.</summary>
/// <param name="Path">Below <c>/v1/</c>, percent-encoded (<see cref="ApiPath"/>); may have a query.</param>
/// <param name="Body">UTF-8 JSON, or null; stays the caller's to zero.</param>
internal sealed record Request(HttpMethod Method, string Path, SecretWriter? Body = null)
{
    /// <summary>Asks for the answer wrapped in a single-use token that lives so long, such as <c>5m</c>.</summary>
    public string? WrapTtl { get; init; }

    /// <summary>The token to send instead of the settings' one; empty: none.</summary>
    public string? Token { get; init; }
}

/// <summary>
/// The HTTP API as this program uses it. Synchronous on purpose: one request at a time, and a process that ends
/// sooner without a thread pool. The connection is kept between requests.
/// </summary>
internal sealed class KistClient : IDisposable
{
    private const int MaxBody = 64 << 20;
    private readonly Settings _settings;
    private readonly HttpMessageInvoker _invoker;
    private SslPolicyErrors? _certificate;

    public KistClient(Settings settings, X509Certificate2Collection? authorities)
    {
        _settings = settings;
        var handler = new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false, // a redirect carries the token along; FollowAsync decides where to
            ActivityHeadersPropagator = null,
            UseProxy = settings.Socket is null && UsesProxy(),
        };
        if (settings.Socket is { } socket) handler.ConnectCallback = (_, _) => Connect(socket);
        if (settings.Address.Scheme == "https") Secure(handler, authorities);
        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>Reads the authorities' certificates, when <paramref name="settings"/> name any.</summary>
    public static Problem? ReadAuthorities(Settings settings, out X509Certificate2Collection? authorities)
    {
        authorities = null;
        if (settings.CaCertificate is not { } path || settings.Address.Scheme != "https") return null;
        try
        {
            authorities = [];
            authorities.ImportFromPemFile(path);
            if (authorities.Count > 0) return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // One answer for a missing, unreadable or broken file.
        }
        return new Problem($"the CA certificate {path} cannot be read as PEM",
            "--ca-cert FILE or KIST_CACERT=FILE: the server's ca.pem");
    }

    /// <summary>Sends the request; a failure to reach the server or a refusal is the answer's problem.</summary>
    public Answer Send(Request request) => Trying(timeout =>
    {
        using var first = Exchange(request, At(_settings.Address, request.Path), timeout.Token);
        if (first.StatusCode is not (HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
            return Read(request, first, timeout.Token);
        if (Redirected(first) is not { } elsewhere)
            return Answer.None(new Problem("the server points to an address that cannot be trusted",
                "set KIST_ADDR to the active server", Problem.Remote));
        using var second = Exchange(request, elsewhere, timeout.Token);
        return Read(request, second, timeout.Token);
    });

    /// <summary>
    /// Sends a request whose answer is a file and copies that to <paramref name="target"/>. The timeout is for each
    /// piece of it.
    /// </summary>
    public Answer Download(Request request, Func<Stream, Stream> watch, Stream target) => Trying(timeout =>
    {
        using var response = Exchange(request, At(_settings.Address, request.Path), timeout.Token);
        if (!response.IsSuccessStatusCode) return Read(request, response, timeout.Token);
        using var content = watch(response.Content.ReadAsStream(timeout.Token));
        // Reading takes no token.
        using var stop = timeout.Token.Register(response.Dispose);
        var piece = new byte[1 << 17];
        while (true)
        {
            timeout.CancelAfter(_settings.Timeout);
            var read = content.Read(piece);
            if (read == 0) return Answer.Nothing;
            try
            {
                target.Write(piece.AsSpan(0, read));
            }
            catch (IOException e)
            {
                return Answer.None(new Problem(
                    $"the file cannot be written: {e.Message.TrimEnd('.')}", "make room, or choose another place"));
            }
        }
    });

    /// <summary>Sends a file as the request's body; the answer takes as long as the server works on it.</summary>
    public Answer Upload(Request request, Stream source) => Trying(timeout =>
    {
        timeout.CancelAfter(System.Threading.Timeout.InfiniteTimeSpan);
        using var content = new StreamContent(source, 1 << 17);
        content.Headers.TryAddWithoutValidation("Content-Type", "application/gzip");
        using var response = Exchange(request, At(_settings.Address, request.Path), timeout.Token, content);
        return Read(request, response, timeout.Token);
    });

    /// <summary>
    /// Follows server-sent events for as long as they come and gives them to <paramref name="take"/>, in whatever
    /// pieces they come. A server says something every ten seconds: who has not heard of it for the timeout has lost
    /// it.
    /// </summary>
    public Answer Follow(Request request, Action<byte[], int> take) => Trying(timeout =>
    {
        using var response = Exchange(request, At(_settings.Address, request.Path), timeout.Token);
        if (!response.IsSuccessStatusCode) return Read(request, response, timeout.Token);
        using var stream = response.Content.ReadAsStream(timeout.Token);
        // Reading takes no token.
        using var end = timeout.Token.Register(response.Dispose);
        var piece = new byte[8192];
        while (true)
        {
            timeout.CancelAfter(_settings.Timeout);
            var count = stream.Read(piece);
            if (count == 0) return Answer.Nothing;
            take(piece, count);
        }
    });

    private Answer Trying(Func<CancellationTokenSource, Answer> exchange)
    {
        try
        {
            using var timeout = new CancellationTokenSource(_settings.Timeout);
            return exchange(timeout);
        }
        catch (OperationCanceledException)
        {
            return Answer.None(Hints.Timeout(_settings));
        }
        catch (HttpRequestException e)
        {
            return Answer.None(Hints.Unreachable(_settings, e, _certificate));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidDataException)
        {
            return Answer.None(Hints.Broken(_settings));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();

    private HttpResponseMessage Exchange(
        Request request, Uri target, CancellationToken ct, HttpContent? file = null)
    {
        using var message = new HttpRequestMessage(request.Method, target);
        message.Headers.TryAddWithoutValidation("X-Vault-Request", "true");
        if ((request.Token ?? _settings.Token) is { Length: > 0 } token)
            message.Headers.TryAddWithoutValidation("X-Vault-Token", token);
        if (_settings.Namespace is { } space) message.Headers.TryAddWithoutValidation("X-Vault-Namespace", space);
        if (request.WrapTtl is { } ttl) message.Headers.TryAddWithoutValidation("X-Vault-Wrap-TTL", ttl);
        message.Content = file;
        // Who is refused need not send it all first.
        if (file is not null) message.Headers.ExpectContinue = true;
        if (request.Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body.WrittenMemory);
            message.Content.Headers.TryAddWithoutValidation("Content-Type",
                request.Method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        }
        return _invoker.Send(message, ct);
    }

    private Answer Read(Request request, HttpResponseMessage response, CancellationToken ct)
    {
        var body = new SecretWriter(4096);
        using var stream = response.Content.ReadAsStream(ct);
        while (true)
        {
            var read = stream.Read(body.GetSpan(4096));
            if (read == 0) break;
            body.Advance(read);
            if (body.WrittenCount <= MaxBody) continue;
            body.Dispose();
            return Answer.None(new Problem("the answer is larger than 64 MiB", null, Problem.Remote));
        }
        return Answer.Of((int)response.StatusCode, body, (status, root) => Hints.Refused(request, status, root));
    }

    // At once: who asks synchronously waits for it anyway.
    private static ValueTask<Stream> Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return ValueTask.FromResult<Stream>(new NetworkStream(socket, ownsSocket: true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The path stays as it was built: canonicalising it here could turn one name into another.
    private static Uri At(Uri address, string path) => new(
        $"{address.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v1/{path}",
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    // Never from https down to http: the token would travel in clear.
    private Uri? Redirected(HttpResponseMessage response)
    {
        if (response.Headers.Location is not { } location) return null;
        var absolute = location.IsAbsoluteUri ? location : new Uri(_settings.Address, location);
        var safe = absolute.Scheme == "https" || (absolute.Scheme == "http" && _settings.Address.Scheme == "http");
        return safe && absolute.AbsolutePath.StartsWith("/v1/", StringComparison.Ordinal) ? absolute : null;
    }

    private static bool UsesProxy()
    {
        foreach (var name in (ReadOnlySpan<string>)["http_proxy", "https_proxy", "all_proxy"])
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 }
                || Environment.GetEnvironmentVariable(name.ToUpperInvariant()) is { Length: > 0 }) return true;
        return false;
    }

    private void Secure(SocketsHttpHandler handler, X509Certificate2Collection? authorities)
    {
        // --skip-verify, which every use warns about, is the only way past an error.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, errors) =>
        {
            _certificate = errors;
            return errors == SslPolicyErrors.None || _settings.SkipVerify;
        };
        if (authorities is not null)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.AddRange(authorities);
            handler.SslOptions.CertificateChainPolicy = policy;
        }
    }
}
