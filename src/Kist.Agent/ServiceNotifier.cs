using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Kist.Agent;

/// <summary>
/// Tells systemd how the service is (sd_notify(3)): states go to the socket in NOTIFY_SOCKET, signs of life as often as
/// WATCHDOG_USEC asks. Without the socket it does nothing.
/// </summary>
public sealed class ServiceNotifier
{
    private readonly EndPoint? _socket;
    private readonly TimeSpan? _watchdog;

    /// <summary>Reads the variables.</summary>
    public ServiceNotifier(Func<string, string?> environment)
    {
        if (environment("NOTIFY_SOCKET") is not { Length: > 1 } path || path[0] is not ('/' or '@')) return;
        // A leading @ names an abstract socket, which begins with a zero byte.
        _socket = new EndPoint(path[0] == '@' ? "\0" + path[1..] : path);
        if (long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var span)
            && span > 0
            && (environment("WATCHDOG_PID") is not { Length: > 0 } pid
                || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture)))
            _watchdog = TimeSpan.FromMicroseconds(span);
    }

    /// <summary>It has logged in and rendered everything.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>What it does, for people.</summary>
    public void Status(string status) => Send($"STATUS={status}");

    /// <summary>It reads its configuration again; <see cref="Ready"/> ends that.</summary>
    public void Reloading()
    {
        var microseconds = TimeProvider.System.GetTimestamp() / (TimeProvider.System.TimestampFrequency / 1_000_000.0);
        Send($"RELOADING=1\nMONOTONIC_USEC={(long)microseconds}");
    }

    /// <summary>It ends.</summary>
    public void Stopping() => Send("STOPPING=1");

    /// <summary>Gives signs of life until it is cancelled, at half of the time that is asked for.</summary>
    public async Task WatchAsync(CancellationToken ct)
    {
        if (_watchdog is not { } span) return;
        try
        {
            while (true)
            {
                Send("WATCHDOG=1");
                await Task.Delay(span / 2, ct);
            }
        }
        catch (OperationCanceledException)
        {
            // The agent ends.
        }
    }

    private void Send(string state)
    {
        if (_socket is null) return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(_socket.Path));
        }
        catch (SocketException)
        {
            // Nobody listens any more: the work goes on.
        }
    }

    private sealed record EndPoint(string Path);
}
