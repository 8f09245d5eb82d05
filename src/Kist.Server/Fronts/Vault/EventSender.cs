using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Events;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// Sends messages as they come: as text frames of a WebSocket (RFC 6455) where the client asks for one, else as
/// server-sent events (WHATWG HTML, section 9.2).
/// </summary>
internal static class EventSender
{
    // RFC 6455, section 1.3.
    private const string WebSocketId = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(10);

    /// <summary>Sends all of them; returns when there are no more or the client has gone.</summary>
    public static ValueTask SendAsync(HttpExchange http, IAsyncEnumerable<EventMessage> messages) =>
        IsWebSocket(http) ? ToWebSocketAsync(http, messages) : ToEventStreamAsync(http, messages);

    private static bool IsWebSocket(HttpExchange http) =>
        "websocket".Equals(http.Header("Upgrade"), StringComparison.OrdinalIgnoreCase);

    private static async ValueTask ToEventStreamAsync(HttpExchange http, IAsyncEnumerable<EventMessage> messages)
    {
        var stream = http.BeginStream("text/event-stream");
        try
        {
            await foreach (var message in messages.WithCancellation(http.Aborted))
            {
                await stream.WriteAsync(Frame(message), http.Aborted);
                await stream.FlushAsync(http.Aborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The client went away, or the node seals or stops.
        }
    }

    // A frame without data only moves the id on, which the client sends back as Last-Event-ID.
    private static byte[] Frame(EventMessage message)
    {
        var frame = new StringBuilder().Append("id: ").Append(message.Id).Append('\n');
        if (message.Type is { } type)
            frame.Append("event: ").Append(type).Append('\n')
                .Append("data: ").Append(Encoding.UTF8.GetString(message.Json.Span)).Append('\n');
        return Encoding.UTF8.GetBytes(frame.Append('\n').ToString());
    }

    private static async ValueTask ToWebSocketAsync(HttpExchange http, IAsyncEnumerable<EventMessage> messages)
    {
        // A page in a browser cannot set the token's header; whoever comes from one has no business here.
        if (http.Header("Origin") is not null)
        {
            await http.SendErrorAsync(403, "a web page may not open this stream");
            return;
        }
        if (http.Header("Sec-WebSocket-Version") != "13" || http.Header("Sec-WebSocket-Key") is not { } key
            || await http.UpgradeAsync(headers =>
            {
                headers.Upgrade = "websocket";
                headers.SecWebSocketAccept = Accept(key);
            }) is not { } stream)
        {
            await http.SendErrorAsync(400, "this is not an opening of a WebSocket (RFC 6455, version 13)");
            return;
        }
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions
        {
            IsServer = true, KeepAliveInterval = s_keepAlive, KeepAliveTimeout = s_keepAlive,
        });
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.Aborted);
        var closing = ReadUntilClosedAsync(socket, ending);
        await SendFramesAsync(socket, messages, ending.Token);
        await ending.CancelAsync();
        await closing;
    }

    private static async Task SendFramesAsync(
        WebSocket socket, IAsyncEnumerable<EventMessage> messages, CancellationToken ct)
    {
        try
        {
            await foreach (var message in messages.WithCancellation(ct))
                if (message.Type is not null)
                    await socket.SendAsync(message.Json, WebSocketMessageType.Text, endOfMessage: true, ct);
            await socket.CloseOutputAsync(
                WebSocketCloseStatus.NormalClosure, "the right to these events has ended", ct);
        }
        catch (OperationCanceledException)
        {
            // The client went away, or the node seals or stops: no time for a farewell.
            if (socket.State is not WebSocketState.Closed) socket.Abort();
        }
        catch (WebSocketException)
        {
            socket.Abort();
        }
    }

    // What the client says is not listened to, but its farewell is.
    private static async Task ReadUntilClosedAsync(WebSocket socket, CancellationTokenSource ending)
    {
        var scrap = new byte[256];
        try
        {
            while ((await socket.ReceiveAsync(scrap, ending.Token)).MessageType != WebSocketMessageType.Close)
            {
            }
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, ending.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // Gone without a farewell.
        }
        await ending.CancelAsync();
    }

    // RFC 6455, section 4.2.2, demands SHA-1; it protects nothing there.
    private static string Accept(string key)
    {
        Span<byte> hash = stackalloc byte[20];
        CryptographicOperations.HashData(HashAlgorithmName.SHA1, Encoding.ASCII.GetBytes(key + WebSocketId), hash);
        return Convert.ToBase64String(hash);
    }
}
