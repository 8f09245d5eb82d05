using System.Net.Sockets;

namespace Kist.Client.Http;

/// <summary>Connections to a server or an agent on this machine.</summary>
internal static class UnixSocket
{
    /// <summary>A stream to who listens at <paramref name="path"/>; a <see cref="SocketException"/> if nobody
    /// does.</summary>
    public static async ValueTask<Stream> ConnectAsync(string path, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
