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

    /// <summary>
    /// A web server that has begun to listen at a free port, and its address without a slash at the end.
    /// </summary>
    public static (HttpListener Listener, string Address) Listen()
    {
        for (var attempt = 0; ; attempt++)
        {
            var address = $"http://127.0.0.1:{FreePort()}";
            var listener = new HttpListener { Prefixes = { address + "/" } };
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (attempt < 20)
            {
                // Somebody took the port in between, and a listener that did not start is of no more use.
            }
        }
    }
}
