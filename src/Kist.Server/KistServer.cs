using System.Net;
using System.Net.Security;
using Kist.Kernel.Node;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kist.Server;

/// <summary>A node with its fronts on their listeners: Kestrel, and nothing of the web framework above it.</summary>
public sealed class KistServer : IAsyncDisposable
{
    private readonly WebApplication _host;
    private readonly IServer _server;

    private KistServer(Node node, WebApplication host)
    {
        Node = node;
        _host = host;
        _server = host.Services.GetRequiredService<IServer>();
    }

    /// <summary>The node.</summary>
    public Node Node { get; }

    /// <summary>Binds the listeners and begins to answer.</summary>
    public static async Task<KistServer> StartAsync(Node node, IReadOnlyList<Listener> listeners, CancellationToken ct)
    {
        // The host is used only to make Kestrel; it never runs, so it brings no signal handlers and no lifetime.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => Configure(options, listeners));
        builder.WebHost.UseKestrelHttpsConfiguration();
        // A request runs where its bytes were received and its answer is sent from where it is ready: three queues
        // fewer. The thread pool brings further threads for other connections where one of them takes its time.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.AddLogging(logging => logging.ClearProviders());
        var server = new KistServer(node, builder.Build());
        // What the start has left behind would otherwise be collected during the first requests, which wait for that
        // (13 ms were seen). Nobody waits now.
        GC.Collect(generation: 0);
        await server._server.StartAsync(Catalog.Front(node), ct);
        return server;
    }

    /// <summary>Stops taking requests, lets the running ones end, seals and closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        Node.EndStreams();
        await _server.StopAsync(limit.Token);
        await Node.DisposeAsync();
        await _host.DisposeAsync();
    }

    private static void Configure(KestrelServerOptions options, IReadOnlyList<Listener> listeners)
    {
        options.AddServerHeader = false;
        options.AllowSynchronousIO = false;
        options.Limits.MaxRequestBodySize = Kernel.Pipeline.Limits.MaxBodyBytes;
        options.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        options.Limits.MaxRequestHeaderCount = 64;
        options.Limits.MaxRequestLineSize = 16 * 1024;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        options.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        options.Limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        options.Limits.MaxConcurrentConnections = 20_000;
        options.Limits.Http2.MaxStreamsPerConnection = 100;
        foreach (var listener in listeners)
            options.Listen(listener.EndPoint, listen =>
            {
                listen.Protocols = listener.Handshake is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
                if (listener.Handshake is { } handshake)
                    listen.UseHttps(new TlsHandshakeCallbackOptions
                    {
                        OnConnection = _ => ValueTask.FromResult(handshake()),
                    });
            });
    }
}

/// <summary>Where a front listens. <paramref name="Handshake"/> is asked at each handshake, so that a reload needs no
/// new listener; null: plain HTTP.</summary>
public sealed record Listener(IPEndPoint EndPoint, Func<SslServerAuthenticationOptions>? Handshake);
