using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Kist.Testing;

/// <summary>The only network that tests use.</summary>
public static class Loopback
{
    // The kernel gives ports from here on to those that ask for any, callers among them: none of these stays free.
    private static readonly int s_firstGiven = int.Parse(
        File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t', ' ')[0]);
    private static readonly ConcurrentBag<Socket> s_claims = [];

    /// <summary>
    /// A port that nobody listens at, and that no other test is given, in whatever process, while this process lives.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, Math.Max(s_firstGiven, 12_000));
            if (IsFree(port) && Claim(port)) return port;
        }
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

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Takes a name that one process at a time can have, and that ends with it (unix(7), abstract).</summary>
    private static bool Claim(int port)
    {
        var claim = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            claim.Bind(new UnixDomainSocketEndPoint($"\0kist-test-port-{port}"));
        }
        catch (SocketException)
        {
            claim.Dispose();
            return false;
        }
        s_claims.Add(claim);
        return true;
    }
}
