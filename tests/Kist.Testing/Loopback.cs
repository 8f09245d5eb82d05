using System.Net;
using System.Net.Sockets;

namespace Kist.Testing;

/// <summary>The only network that tests use.</summary>
public static class Loopback
{
    /// <summary>A port that nobody listens at now; somebody may before the caller does.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
