using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kist.Agent.Tests;

/// <summary>A server of HTTP/1.1 on loopback that answers as a test says, with TLS where it has a certificate.
/// </summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<Asked, (int Status, string Body)> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly List<Asked> _asked = [];

    /// <summary>One request as it came.</summary>
    public sealed record Asked(string Method, string Path, string Token, string Body);

    public ScriptedServer(Func<Asked, (int Status, string Body)> answer, X509Certificate2? certificate = null)
    {
        (_answer, _certificate) = (answer, certificate);
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Address => new(
        $"{(_certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>What was asked so far.</summary>
    public List<Asked> Requests
    {
        get { lock (_asked) return [.. _asked]; }
    }

    public void Dispose() => _listener.Stop();

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                Stream stream = client.GetStream();
                if (_certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(_certificate);
                    stream = tls;
                }
                while (await ReadAsync(stream) is { } asked)
                {
                    lock (_asked) _asked.Add(asked);
                    var (status, body) = _answer(asked);
                    var text = $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
                        + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
                }
            }
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client has seen enough.
        }
    }

    private static async Task<Asked?> ReadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0) return null;
            head.Append((char)one[0]);
        }
        var lines = head.ToString().Split("\r\n");
        string Header(string name) => lines.FirstOrDefault(
            l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim() ?? "";
        var body = new byte[int.TryParse(Header("Content-Length"), out var length) ? length : 0];
        await stream.ReadExactlyAsync(body);
        var words = lines[0].Split(' ');
        return new Asked(words[0], words[1], Header("X-Vault-Token"), Encoding.UTF8.GetString(body));
    }
}
