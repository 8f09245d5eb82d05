using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Kist.Formats.Sops;
using Kist.Secrets;

namespace Kist.Cli.Files;

/// <summary>A key service of sops (<c>sops keyservice</c>, <c>kist file keyservice</c>): gRPC over a socket.</summary>
internal sealed class KeyServiceClient : IDisposable
{
    private const int MaxAnswer = 4 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2); // somebody may have to agree there
    private readonly HttpMessageInvoker _invoker;
    private readonly string _uri;

    private KeyServiceClient(string uri, EndPoint endpoint)
    {
        _uri = uri;
        _invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            UseProxy = false,
            ConnectCallback = async (_, ct) =>
            {
                var socket = endpoint is UnixDomainSocketEndPoint
                    ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                    : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(endpoint, ct);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        });
    }

    /// <summary>A client for <c>tcp://HOST:PORT</c> or <c>unix:///PATH</c>.</summary>
    public static SopsOutcome<KeyServiceClient> Of(string uri)
    {
        if (uri.StartsWith("unix://", StringComparison.Ordinal) && uri.Length is > 7 and < 110)
            return new KeyServiceClient(uri, new UnixDomainSocketEndPoint(uri[7..]));
        return Uri.TryCreate(uri, UriKind.Absolute, out var parsed) && parsed.Scheme == "tcp" && parsed.Port > 0
            ? new KeyServiceClient(uri, new DnsEndPoint(parsed.Host, parsed.Port))
            : new SopsFault(SopsExit.Generic, $"{uri} is no address of a key service: tcp://HOST:PORT, unix:///PATH");
    }

    /// <summary>Asks; the bytes of the answer.</summary>
    /// <param name="verb">Encrypt or Decrypt.</param>
    public async ValueTask<SopsOutcome<SecretBuffer>> AskAsync(string verb, byte[] message, CancellationToken ct)
    {
        var framed = new byte[message.Length + 5];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://keyservice/KeyService/" + verb)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(framed),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TryAddWithoutValidation("TE", "trailers");
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
            timeout.CancelAfter(Patience);
            using var response = await _invoker.SendAsync(request, timeout.Token);
            var body = await response.Content.ReadAsByteArrayAsync(timeout.Token);
            var status = Header(response.TrailingHeaders, "grpc-status") ?? Header(response.Headers, "grpc-status");
            if (status != "0")
                return Failed($"answers: {Header(response.TrailingHeaders, "grpc-message")
                    ?? Header(response.Headers,
                        "grpc-message") ?? $"status {status ?? ((int)response.StatusCode).ToString()}"}");
            if (body.Length is < 5 or > MaxAnswer || body[0] != 0
                || BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1)) != body.Length - 5
                || KeyMessage.ReadAnswer(body[5..]) is not { } bytes)
                return Failed("gives an answer that is none");
            var answer = SecretBuffer.Copy(bytes);
            body.AsSpan().Clear();
            bytes.AsSpan().Clear();
            return answer;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Failed("does not answer");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            return Failed($"cannot be reached: {(e.InnerException ?? e).Message.TrimEnd('.')}");
        }
        finally
        {
            framed.AsSpan().Clear();
        }
    }

    public void Dispose() => _invoker.Dispose();

    private static string? Header(HttpHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? Uri.UnescapeDataString(values.First()) : null;

    private SopsOutcome<SecretBuffer> Failed(string what) =>
        new SopsFault(SopsExit.NoDataKey, $"the key service {_uri} {what}");
}
