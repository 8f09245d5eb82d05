using System.Security.Cryptography;

namespace Kist.Agent.Front;

/// <summary>A connection on which both sides have agreed on another protocol (RFC 9110, section 7.8), such as a
/// WebSocket with events: bytes go to and fro until one side ends.</summary>
internal static class UpgradedConnection
{
    /// <summary>Carries the bytes.</summary>
    public static async Task CarryAsync(AgentExchange http, HttpResponseMessage response)
    {
        foreach (var (name, values) in response.Headers)
            if (AgentExchange.PassesOn(name) || name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase))
                http.AnswerHeaders[name] = values.ToArray();
        await using var server = await response.Content.ReadAsStreamAsync(http.Aborted);
        await using var client = await http.UpgradeAsync();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.Aborted);
        var ways = new[] { CopyAsync(server, client, ending.Token), CopyAsync(client, server, ending.Token) };
        await Task.WhenAny(ways);
        await ending.CancelAsync();
        await Task.WhenAll(ways);
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken ct)
    {
        var piece = new byte[16 << 10];
        try
        {
            while (await from.ReadAsync(piece, ct) is > 0 and var count)
            {
                await to.WriteAsync(piece.AsMemory(0, count), ct);
                await to.FlushAsync(ct);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One side has gone; the other one is told by the end of its own connection.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(piece);
        }
    }
}
