using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Secrets;

namespace Kist.Formats.Sops.Keys;

/// <summary>An answer over HTTP.</summary>
internal sealed record KeyAnswer(int Status, SecretWriter Body) : IDisposable
{
    public void Dispose() => Body.Dispose();
}

/// <summary>Small requests to services that hold keys. Redirects are not followed: they would carry credentials along.
/// </summary>
internal sealed class KeyHttp : IDisposable
{
    private const int MaxBody = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HttpMessageInvoker _invoker;

    private KeyHttp(SocketsHttpHandler handler) => _invoker = new HttpMessageInvoker(handler);

    /// <summary>A client that trusts what the system trusts.</summary>
    public static KeyHttp Create() => new(Handler());

    /// <summary>A client with the TLS settings that a Vault client takes from <c>VAULT_…</c>, and from <c>KIST_…</c>.
    /// </summary>
    public static KeyHttp? Create(KeyHost host, out string reason)
    {
        var handler = Handler();
        reason = "";
        try
        {
            if (host.Either("SKIP_VERIFY") is "1" or "t" or "T" or "true" or "TRUE" or "True")
                handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
            else if (host.Either("CACERT") is { } authority)
            {
                reason = $"the CA certificate {authority} cannot be read as PEM";
                var policy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    RevocationMode = X509RevocationMode.NoCheck,
                };
                policy.CustomTrustStore.ImportFromPemFile(authority);
                handler.SslOptions.CertificateChainPolicy = policy;
            }
            if (host.Either("TLS_SERVER_NAME") is { } server) handler.SslOptions.TargetHost = server;
            if (host.Either("CLIENT_CERT") is { } certificate && host.Either("CLIENT_KEY") is { } key)
            {
                reason = $"the client certificate {certificate} or its key {key} cannot be read as PEM";
                handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, key)];
            }
            return new KeyHttp(handler);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            handler.Dispose();
            return null;
        }
    }

    /// <summary>Sends a request; null when the service cannot be reached.</summary>
    public KeyAnswer? Send(HttpRequestMessage request, CancellationToken ct, out string reason)
    {
        var host = request.RequestUri!.Authority;
        reason = $"{host} does not answer within {Patience.TotalSeconds} seconds";
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
            timeout.CancelAfter(Patience);
            using var response = _invoker.Send(request, timeout.Token);
            using var stream = response.Content.ReadAsStream(timeout.Token);
            var body = new SecretWriter(1024);
            while (stream.Read(body.GetSpan(4096)) is > 0 and var read)
            {
                body.Advance(read);
                if (body.WrittenCount <= MaxBody) continue;
                body.Dispose();
                reason = $"{host} answers with more than 1 MiB";
                return null;
            }
            return new KeyAnswer((int)response.StatusCode, body);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            reason = $"{host} cannot be reached: {(e.InnerException ?? e).Message.TrimEnd('.')}";
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();

    private static SocketsHttpHandler Handler() => new()
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(10),
    };
}
