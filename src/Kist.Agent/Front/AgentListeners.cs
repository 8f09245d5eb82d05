using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kist.Agent.Configuration;
using Kist.Server.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kist.Agent.Front;

/// <summary>The addresses and sockets on which the agent answers: Kestrel, and nothing of the framework above it.
/// </summary>
internal sealed partial class AgentListeners : IAsyncDisposable
{
    private const UnixFileMode OwnerFolder =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly WebApplication _host;
    private readonly IServer _server;
    private readonly List<string> _sockets;
    private readonly List<Certificates> _certificates;

    private AgentListeners(WebApplication host, List<string> sockets, List<Certificates> certificates)
    {
        (_host, _sockets, _certificates) = (host, sockets, certificates);
        _server = host.Services.GetRequiredService<IServer>();
    }

    /// <summary>
    /// Binds and begins to answer. Throws <see cref="IOException"/>, <see cref="SocketException"/> or
    /// <see cref="CryptographicException"/>, whose text names the address or file.
    /// </summary>
    public static async Task<AgentListeners> StartAsync(
        IReadOnlyList<AgentListener> listeners, IHttpApplication<AgentExchange> front)
    {
        var sockets = listeners.Select(l => l.SocketPath).OfType<string>().Select(Path.GetFullPath).ToList();
        var certificates = new List<Certificates>();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => Configure(options, listeners, certificates));
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddLogging(logging => logging.ClearProviders());
        foreach (var socket in sockets) MakeRoom(socket);
        var all = new AgentListeners(builder.Build(), sockets, certificates);
        // The sockets are made with no right for others, and only then given the mode that is asked for.
        var mask = SetMask(0b001_111_111);
        try
        {
            await all._server.StartAsync(front, CancellationToken.None);
        }
        catch
        {
            await all._host.DisposeAsync();
            throw;
        }
        finally
        {
            SetMask(mask);
        }
        foreach (var listener in listeners)
            if (listener.SocketPath is { } path) Permit(listener, path);
        return all;
    }

    /// <summary>Reads the certificates of the listeners again. Throws as <see cref="StartAsync"/> does.</summary>
    public void ReloadCertificates()
    {
        foreach (var certificate in _certificates) certificate.Reload(certificate.Listener);
    }

    /// <summary>Lets running requests end for a moment, and removes the sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _server.StopAsync(limit.Token);
        await _host.DisposeAsync();
        foreach (var socket in _sockets) File.Delete(socket);
    }

    private static void Configure(
        KestrelServerOptions options, IReadOnlyList<AgentListener> listeners, List<Certificates> certificates)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = null; // the server has limits of its own
        options.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        options.Limits.MaxConcurrentConnections = 4096;
        foreach (var listener in listeners)
        {
            if (listener.SocketPath is { } path)
                options.ListenUnixSocket(Path.GetFullPath(path), listen => Bind(listen, listener, null));
            else
            {
                var certificate = listener.Tls is { } tls ? new Certificates(tls, "", TimeProvider.System) : null;
                if (certificate is not null) certificates.Add(certificate);
                options.Listen(listener.EndPoint!, listen => Bind(listen, listener, certificate));
            }
        }
    }

    private static void Bind(ListenOptions listen, AgentListener listener, Certificates? certificate)
    {
        listen.Protocols = certificate is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
        // A request knows by this where it came in.
        listen.Use(next => connection =>
        {
            connection.Features.Set(listener);
            return next(connection);
        });
        if (certificate is not null)
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(certificate.Handshake()),
            });
    }

    /// <summary>Removes a socket that a dead agent has left; one that answers belongs to another.</summary>
    private static void MakeRoom(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder)) Directory.CreateDirectory(folder, OwnerFolder);
        if (!File.Exists(path)) return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException)
        {
            throw new IOException($"{path} is there already and is no socket of an agent");
        }
        throw new AddressInUseException($"another agent answers at {path}");
    }

    private static void Permit(AgentListener listener, string path)
    {
        if (listener.SocketUser is not null || listener.SocketGroup is not null)
            WrittenFile.Own(path, listener.SocketUser, listener.SocketGroup);
        File.SetUnixFileMode(path, listener.SocketMode);
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);
}
