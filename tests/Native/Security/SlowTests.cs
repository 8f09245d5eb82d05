using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>Requests that come a byte at a time (security.md G02): their connections are cut off.</summary>
public sealed class SlowTests(AttackedServer attacked)
{
    private const string Start = "POST /v1/auth/token/create HTTP/1.1\r\nHost: kist\r\n";

    private static readonly (string Start, string Drop)[] s_drips =
    [
        (Start + "X-Slow: ", "a"), (Start, "X-Slow: a\r\n"), ("", "G"), // the headers never end
        (Start + "Content-Length: 1000\r\n\r\n", "{"), (Start + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"),
        (Start + "Content-Length: 1000\r\n\r\n", ""), // the body never begins
    ];

    [Fact] // all at once, because each takes its time
    public async Task WhatDripsIsCutOff() =>
        await Task.WhenAll(s_drips.Select(drip => DripAsync(drip.Start, drip.Drop)));

    private async Task DripAsync(string start, string drop)
    {
        var server = await attacked.GetAsync();
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(start));
        var buffer = new byte[4_096];
        var answer = stream.ReadAsync(buffer).AsTask();

        for (var end = DateTime.UtcNow.AddSeconds(25); !answer.IsCompleted && DateTime.UtcNow < end;)
        {
            if (drop.Length > 0) await stream.WriteAsync(Encoding.ASCII.GetBytes(drop));
            await Task.WhenAny(answer, Task.Delay(500));
        }

        Assert.True(answer.IsCompleted, $"still open after 25 s: {start}{drop}");
        var text = Encoding.ASCII.GetString(buffer, 0, await answer);
        Assert.Matches("^HTTP/1.1 (400|408) |^$", text);
    }
}
