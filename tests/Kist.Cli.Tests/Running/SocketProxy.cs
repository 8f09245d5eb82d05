using System.Net.Sockets;

namespace Kist.Cli.Tests.Running;

/// <summary>A Unix socket behind which a loopback port answers.</summary>
internal sealed class SocketProxy : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly int _port;

    public SocketProxy(string path, int port)
    {
        _port = port;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _ = ServeAsync();
    }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                var client = await _listener.AcceptAsync();
                _ = CarryAsync(new NetworkStream(client, ownsSocket: true));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task CarryAsync(NetworkStream client)
    {
        using var server = new TcpClient();
        await server.ConnectAsync("127.0.0.1", _port);
        await using var stream = server.GetStream();
        await using (client)
        {
            try
            {
                await Task.WhenAny(client.CopyToAsync(stream), stream.CopyToAsync(client));
            }
            catch (IOException)
            {
                // Either side went away.
            }
        }
    }
}
