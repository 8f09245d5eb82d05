using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Kist.Client.Http;
using Kist.Secrets;

namespace Kist.Agent.Link;

/// <summary>One question of the agent's own.</summary>
/// <param name="Path">Below <c>/v1/</c>, percent-encoded, with its query.</param>
/// <param name="Token">The token; empty: none.</param>
/// <param name="Body">UTF-8 JSON, or null; stays the caller's to zero.</param>
internal sealed record Question(HttpMethod Method, string Path, string Token, SecretWriter? Body = null)
{
    /// <summary>The namespace; null: the settings'.</summary>
    public string? Namespace { get; init; }

    /// <summary>The life of a token that shall be wrapped around the answer.</summary>
    public string? WrapTtl { get; init; }

    /// <summary>Not the token and not the body.</summary>
    public override string ToString() => $"{Method} {Path}";
}

/// <summary>
/// The connection to the server, shared by all that the agent does. Failures of the network are values.
/// </summary>
internal sealed class ServerLink : IDisposable
{
    private const int MaxBody = 64 << 20;
    private readonly HttpMessageInvoker _invoker;
    private readonly string _base;
    private volatile string? _certificate;

    /// <summary>A link that connects when it is first used. Throws
    /// <see cref="System.Security.Cryptography.CryptographicException"/> for files that cannot be read.</summary>
    public ServerLink(LinkSettings settings)
    {
        Settings = settings;
        var handler = new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // Addresses and certificates change; what is idle is asked for anew.
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            MaxConnectionsPerServer = 256,
        };
        if (settings.Address.Scheme == "https") Secure(handler);
        if (settings.Socket is { } socket) handler.ConnectCallback = (_, ct) => UnixSocket.ConnectAsync(socket, ct);
        _base = settings.Socket is null
            ? settings.Address.GetLeftPart(UriPartial.Path).TrimEnd('/') : "http://localhost";
        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>The server and how it is reached.</summary>
    public LinkSettings Settings { get; }

    /// <summary>Asks and reads the whole answer.</summary>
    public async Task<Reply> AskAsync(Question question, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(question.Method, At("/v1/" + question.Path));
        message.Headers.TryAddWithoutValidation("X-Vault-Request", "true");
        if (question.Token.Length > 0) message.Headers.TryAddWithoutValidation("X-Vault-Token", question.Token);
        if ((question.Namespace ?? Settings.Namespace) is { Length: > 0 } space)
            message.Headers.TryAddWithoutValidation("X-Vault-Namespace", space);
        if (question.WrapTtl is { } ttl) message.Headers.TryAddWithoutValidation("X-Vault-Wrap-TTL", ttl);
        if (question.Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body.WrittenMemory);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        }
        var (response, fault) = await SendAsync(message, Settings.Timeout, ct);
        if (response is null) return Reply.None(fault!);
        using (response) return await ReadAsync(response, ct);
    }

    /// <summary>
    /// Sends a message and gives its answer as soon as the headers are there, or why none came. Throws only
    /// <see cref="OperationCanceledException"/>, when <paramref name="ct"/> is cancelled.
    /// </summary>
    public async Task<(HttpResponseMessage? Response, LinkFault? Fault)> SendAsync(
        HttpRequestMessage message, TimeSpan patience, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        try
        {
            return (await _invoker.SendAsync(message, limit.Token), null);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (null, new LinkFault($"no answer from {Name} within {patience.TotalSeconds:0} s", IsTimeout: true));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            ct.ThrowIfCancellationRequested();
            return (null, Explain(e));
        }
    }

    /// <summary>The URL of a path of the server, exactly as it stands.</summary>
    public Uri At(string target) => new(_base + target,
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();

    private string Name => Settings.Name;

    private async Task<Reply> ReadAsync(HttpResponseMessage response, CancellationToken ct)
    {
        var body = new SecretWriter(2048);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Settings.Timeout);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(limit.Token);
            while (body.WrittenCount <= MaxBody)
            {
                var read = await stream.ReadAsync(body.GetMemory(2048), limit.Token);
                if (read == 0) return Reply.Of((int)response.StatusCode, body);
                body.Advance(read);
            }
            body.Dispose();
            return Reply.None(new LinkFault("the answer is larger than 64 MiB"));
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            body.Dispose();
            ct.ThrowIfCancellationRequested();
            return Reply.None(e is OperationCanceledException
                ? new LinkFault($"no whole answer from {Name} in time", IsTimeout: true)
                : new LinkFault($"the connection to {Name} broke"));
        }
    }

    private LinkFault Explain(Exception e)
    {
        if (e is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError })
            return new LinkFault($"the host of {Name} is not known");
        if (e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
            return new LinkFault(_certificate is { } wrong
                ? $"the certificate of {Name} {wrong}"
                : $"{Name} does not answer as HTTPS");
        return new LinkFault(e.InnerException is SocketException
            ? $"cannot connect to {Name}" : $"the connection to {Name} broke");
    }

    private void Secure(SocketsHttpHandler handler)
    {
        var options = handler.SslOptions;
        options.RemoteCertificateValidationCallback = (_, _, chain, errors) =>
        {
            _certificate = errors == SslPolicyErrors.None ? null : Wrong(chain, errors);
            return errors == SslPolicyErrors.None || Settings.SkipVerify;
        };
        if (Settings.ServerName is { } name) options.TargetHost = name;
        if (Settings.ReadOwn() is { } own) options.ClientCertificates = [own];
        if (Settings.ReadAuthorities() is not { } authorities) return;
        options.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
        };
        options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
    }

    private static string Wrong(X509Chain? chain, SslPolicyErrors errors)
    {
        var statuses = chain?.ChainStatus ?? [];
        if (statuses.Any(s => s.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)))
            return "has expired, or is not valid yet: renew it, or set this machine's clock";
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            ? "is for another name" : "is not trusted here: name its authority as ca_cert";
    }
}
