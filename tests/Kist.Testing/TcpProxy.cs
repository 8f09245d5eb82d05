using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Kist.Testing;

/// <summary>What a proxy does with bytes that it has just read.</summary>
public enum Passing
{
    /// <summary>Sends them on.</summary>
    Pass,
    /// <summary>Drops them and cuts the connection.</summary>
    CutBefore,
    /// <summary>Sends them on and cuts the connection: no answer comes back.</summary>
    CutAfter,
    /// <summary>Drops them, and all that follows on this connection, but leaves it open.</summary>
    Swallow,
}

/// <summary>A TCP proxy on loopback that loses what a test wants lost.</summary>
public sealed class TcpProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<TcpClient, byte> _open = new();
    private volatile TaskCompletionSource _toServer = Opened(), _toClient = Opened();

    /// <summary>Passes everything to a port of this machine.</summary>
    public TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens on 127.0.0.1.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Decides on bytes that clients send.</summary>
    public Func<ReadOnlyMemory<byte>, Passing> FromClient { get; set; } = static _ => Passing.Pass;

    /// <summary>Decides on bytes that the server sends.</summary>
    public Func<ReadOnlyMemory<byte>, Passing> FromServer { get; set; } = static _ => Passing.Pass;

    /// <summary>Holds everything back, as a network does that has no way; new connections too.</summary>
    public void Pause()
    {
        PauseToServer();
        PauseToClient();
    }

    /// <summary>Holds back what clients send, new connections too; what the server sends gets through.</summary>
    public void PauseToServer()
    {
        if (_toServer.Task.IsCompleted)
            _toServer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Holds back what the server sends; what clients send gets through.</summary>
    public void PauseToClient()
    {
        if (_toClient.Task.IsCompleted)
            _toClient = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Lets everything go on, and what was held back arrives.</summary>
    public void Resume()
    {
        _toServer.TrySetResult();
        _toClient.TrySetResult();
    }

    /// <summary>Cuts all connections.</summary>
    public void CutAll()
    {
        foreach (var client in _open.Keys)
            client.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        Resume();
        CutAll();
    }

    private static TaskCompletionSource Opened()
    {
        var gate = new TaskCompletionSource();
        gate.SetResult();
        return gate;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        (_open[client], _open[server]) = (0, 0);
        try
        {
            await _toServer.Task;
            await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            client.NoDelay = server.NoDelay = true;
            await Task.WhenAny(
                PumpAsync(client, server, bytes => FromClient(bytes), () => _toServer),
                PumpAsync(server, client, bytes => FromServer(bytes), () => _toClient));
        }
        catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException
            or ObjectDisposedException)
        {
            // One side is gone; so is the other.
        }
        finally
        {
            _open.TryRemove(client, out _);
            _open.TryRemove(server, out _);
            client.Dispose();
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Func<ReadOnlyMemory<byte>, Passing> decide,
        Func<TaskCompletionSource> gate)
    {
        var buffer = new byte[64 * 1024];
        var isSwallowing = false;
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is > 0 and var count)
            {
                await gate().Task;
                var passing = isSwallowing ? Passing.Swallow : decide(buffer.AsMemory(0, count));
                isSwallowing = passing == Passing.Swallow;
                if (passing is Passing.Pass or Passing.CutAfter)
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, count), _stop.Token);
                if (passing is Passing.CutBefore or Passing.CutAfter)
                    return;
            }
        }
        catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException
            or ObjectDisposedException or InvalidOperationException)
        {
            // The connection ends.
        }
    }
}
