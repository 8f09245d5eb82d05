using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>Requests made to cost memory or time (security.md G01, G02, G08, F14 as far as it is JSON).</summary>
public sealed class OversizeTests(OversizeTests.Target target) : IClassFixture<OversizeTests.Target>
{
    private const int Mebibyte = 1 << 20;

    /// <summary>
    /// What the server's memory may grow by in one test: generous, but far below what the attacks would cost.
    /// </summary>
    private const long MaxGrowthBytes = 96L * Mebibyte;

    private const string Path = "/v1/auth/token/create";

    /// <summary>Bodies within the size that anyone may send, each made to hurt a parser.</summary>
    public static TheoryData<string> Bombs =>
        ["depth", "array depth", "open depth", "keys", "many keys", "alike keys", "strings", "number", "fraction",
            "long string", "escapes", "blanks"];

    [Theory, MemberData(nameof(Bombs))] // G01
    public async Task AJsonBombWithoutATokenIsRefusedAndCostsLittle(string kind)
    {
        var server = target.Server;
        await server.SendAsync("POST", Path, null, "{}");
        var before = ResidentBytes(server);
        var usedBefore = ProcessStatus.ProcessorTime(server.ProcessId);
        var bomb = BombOf(kind);
        for (var i = 0; i < 20; i++)
        {
            var answer = await server.SendAsync("POST", Path, null, bomb);

            Assert.True(answer.Status is 400 or 413, $"{kind}: {answer.Status}");
            Assert.StartsWith("{\"errors\":[\"", answer.Text, StringComparison.Ordinal);
            Assert.True(answer.Body.Length < 512, "the answer repeats the bomb");
        }
        // Up to 2 MiB come in each time, most of whose cost is the system's; a parser that suffers needs seconds each.
        var used = ProcessStatus.ProcessorTime(server.ProcessId) - usedBefore;
        Assert.InRange(used, TimeSpan.Zero, TimeSpan.FromSeconds(1.5));
        Assert.InRange(ResidentBytes(server) - before, long.MinValue, MaxGrowthBytes);
    }

    [Theory] // G01: a length of 1 GiB, said or not said, from a stranger or with a token that nobody knows
    [InlineData(null, true)]
    [InlineData(null, false)]
    [InlineData("kst.000000000000000000000000000000000", true)]
    [InlineData("kst.000000000000000000000000000000000", false)]
    [InlineData("kstb.AAAA", false)]
    public async Task AGibibyteFromAStrangerIsRefusedWithoutBeingKept(string? token, bool isSaid)
    {
        var server = target.Server;
        await server.SendAsync("POST", Path, null, "{}");
        var before = ResidentBytes(server);
        const int connections = 8;

        var answers = await Task.WhenAll(
            Enumerable.Range(0, connections).Select(_ => FloodAsync(server, token, isSaid)));

        Assert.All(answers, answer => Assert.Matches(token is null ? "^HTTP/1.1 413 " : "^HTTP/1.1 403 ", answer));
        Assert.InRange(ResidentBytes(server) - before, long.MinValue, MaxGrowthBytes);
        Assert.Equal(200, (await server.SendAsync("GET", "/v1/auth/token/lookup-self",
            KistServer.DevRootToken)).Status);
    }

    [Fact] // G01, the other side of the limit
    public async Task AKnownTokenMaySendMoreThanAStranger()
    {
        var server = target.Server;
        var body = "{\"meta\":{\"a\":\"" + new string('x', 2 * Mebibyte) + "\"},\"ttl\":\"nonsense\"}";

        var answer = await server.SendAsync("POST", Path, KistServer.DevRootToken, body);

        Assert.Equal(400, answer.Status);
        Assert.Contains("ttl", answer.Text, StringComparison.Ordinal);
        Assert.Equal(413, (await server.SendAsync("POST", Path, KistServer.DevRootToken,
            "{\"meta\":{\"a\":\"" + new string('x', 33 * Mebibyte) + "\"}}")).Status);
    }

    [Fact] // G02: whoever says nothing, or says it slowly, holds a connection and nothing else
    public async Task TwoThousandIdleAndFiveHundredSlowConnectionsLeaveTheServerToOthers()
    {
        var server = target.Server;
        var held = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 2_500; i++)
            {
                var client = new TcpClient();
                await client.ConnectAsync(server.Address.Host, server.Address.Port);
                held.Add(client);
                if (i % 5 != 0) continue;
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(i % 10 == 0
                    ? $"POST {Path} HTTP/1.1\r\nHost: kist\r\nContent-Length: 1000\r\n\r\n{{"
                    : $"POST {Path} HTTP/1.1\r\nHost: ki"));
            }

            for (var i = 0; i < 20; i++)
            {
                var answer = await server.SendAsync("GET", "/v1/auth/token/lookup-self", KistServer.DevRootToken);
                Assert.Equal(200, answer.Status);
            }
            Assert.InRange(ResidentBytes(server), 1, 512L * Mebibyte);
        }
        finally
        {
            foreach (var client in held) client.Dispose();
        }
    }

    [Fact] // G02
    public async Task HeadersWithoutEndAreRefused()
    {
        var server = target.Server;
        var request = new StringBuilder("GET /v1/sys/health HTTP/1.1\r\nHost: kist\r\n");
        for (var i = 0; i < 5_000; i++) request.Append(CultureInfo.InvariantCulture, $"X-{i}: {i}\r\n");

        var answer = await server.SendRawAsync(Encoding.ASCII.GetBytes(request + "\r\n"));

        Assert.Matches("^HTTP/1.1 431 |^$", answer);
        Assert.True(server.IsRunning);
    }

    /// <summary>
    /// A server for this class alone, because its memory is watched. These tests run one after the other.
    /// </summary>
    public sealed class Target : IAsyncLifetime
    {
        /// <summary>The server.</summary>
        public KistServer Server { get; private set; } = null!;

        /// <inheritdoc/>
        public async ValueTask InitializeAsync() => Server = await KistServer.StartDevAsync();

        /// <inheritdoc/>
        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }

    private static string BombOf(string kind) => kind switch
    {
        "depth" => string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000),
        "array depth" => "{\"a\":" + new string('[', 10_000) + new string(']', 10_000) + "}",
        "open depth" => "{\"a\":" + new string('[', 1_000_000),
        "keys" => "{" + string.Join(',', Enumerable.Range(0, 1_000_000).Select(i => $"\"{i}\":1")) + "}",
        "many keys" => "{" + string.Join(',', Enumerable.Range(0, 80_000).Select(i => $"\"{i}\":1")) + "}",
        "alike keys" => "{" + string.Join(',', Enumerable.Range(0, 2_000)
            .Select(i => $"\"{new string('k', 400)}{i:D5}\":1")) + "}",
        "strings" => "{\"a\":[" + string.Join(',', Enumerable.Repeat("\"\"", 340_000)) + "]}",
        "number" => "{\"a\":" + new string('9', 1_000_000) + "}",
        "fraction" => "{\"a\":0." + new string('9', 1_000_000) + "e999999999}",
        "long string" => "{\"a\":\"" + new string('x', 2 * Mebibyte) + "\"}",
        "escapes" => "{\"a\":\"" + string.Concat(Enumerable.Repeat("\\ud83d", 100_000)) + "\"}",
        "blanks" => new string(' ', 1_000_000) + "{\"a\":}",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Sends up to 1 GiB and stops when the server does not take more; returns what it said.</summary>
    private static async Task<string> FloodAsync(KistServer server, string? token, bool isSaid)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        var stream = client.GetStream();
        var head = $"POST {Path} HTTP/1.1\r\nHost: kist\r\n" + (token is null ? "" : $"X-Vault-Token: {token}\r\n")
            + (isSaid ? "Content-Length: 1073741824\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        var answer = ReadSomeAsync(stream);
        byte[] block = isSaid ? new byte[65_536] : [.. "10000\r\n"u8, .. new byte[65_536], .. "\r\n"u8];
        try
        {
            for (long sent = 0; sent < 1L << 30 && !answer.IsCompleted; sent += 65_536) await stream.WriteAsync(block);
        }
        catch (IOException)
        {
            // The server closed while we were still sending, as it should.
        }
        return await answer;
    }

    private static async Task<string> ReadSomeAsync(NetworkStream stream)
    {
        var buffer = new byte[4_096];
        return Encoding.Latin1.GetString(buffer, 0, await stream.ReadAsync(buffer));
    }

    private static long ResidentBytes(KistServer server) => ProcessStatus.ResidentBytes(server.ProcessId);
}
