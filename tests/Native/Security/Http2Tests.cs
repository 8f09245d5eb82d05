using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>
/// Frames that cost a server more than their sender (security.md G02): each flood ends with its connection, and
/// nobody else notices. Written by hand, because no client library sends such things.
/// </summary>
public sealed class Http2Tests(Http2Tests.Target target) : IClassFixture<Http2Tests.Target>
{
    private const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, Ping = 6, WindowUpdate = 8, Continuation = 9;
    private const byte EndStream = 1, EndHeaders = 4;
    private const long MaxGrowthBytes = 128L << 20;

    /// <summary>What is sent over and over; the number is the count of the frame.</summary>
    private static readonly Dictionary<string, Func<int, byte[]>> s_floods = new()
    {
        ["requests that are taken back"] = i =>
        [
            .. Frame(Headers, EndHeaders | EndStream, Stream(i), Request), .. Frame(Reset, 0, Stream(i), [0, 0, 0, 8]),
        ],
        ["headers without an end"] = i => i == 0
            ? Frame(Headers, 0, 1, Request)
            : Frame(Continuation, 0, 1, [.. Enumerable.Repeat<byte[]>([0, 1, (byte)'a', 1, (byte)'b'], 200)
                .SelectMany(field => field)]),
        ["empty continuations"] = i => i == 0 ? Frame(Headers, 0, 1, Request) : Frame(Continuation, 0, 1, []),
        ["streams that stay open"] = i => Frame(Headers, EndHeaders, Stream(i), Request),
        ["settings"] = _ => Frame(Settings, 0, 0, [0, 4, 0, 0, 255, 255]),
        ["pings"] = _ => Frame(Ping, 0, 0, new byte[8]),
        ["empty data"] = i => i == 0 ? Frame(Headers, EndHeaders, 1, Request) : Frame(Data, 0, 1, []),
        ["small windows"] = i => i == 0
            ? Frame(Headers, EndHeaders, 1, Request)
            : Frame(WindowUpdate, 0, 1, [0, 0, 0, 1]),
    };

    /// <summary>The names of the floods.</summary>
    public static TheoryData<string> Floods => [.. s_floods.Keys];

    // GET / with the static table's entries and a literal authority (RFC 7541, appendix A).
    private static byte[] Request => [0x82, 0x87, 0x84, 0x41, 4, .. "kist"u8];

    [Theory, MemberData(nameof(Floods))]
    public async Task AFloodOfFramesCostsLittleAndHurtsNobodyElse(string flood)
    {
        const int frames = 30_000;
        var server = target.Server;
        Assert.Equal(200, (await server.SendAsync("GET", "/v1/sys/seal-status")).Status);
        var before = ProcessStatus.ResidentBytes(server.ProcessId);
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        });
        Assert.Equal(SslApplicationProtocol.Http2, tls.NegotiatedApplicationProtocol);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var reading = DrainAsync(tls, limit.Token);
        try
        {
            await tls.WriteAsync((byte[])
                [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])], limit.Token);
            for (var i = 0; i < frames && !reading.IsCompleted; i++)
                await tls.WriteAsync(s_floods[flood](i), limit.Token);
        }
        catch (IOException)
        {
            // The server has hung up, as it may.
        }
        for (var i = 0; i < 5; i++)
            Assert.Equal(200, (await server.SendAsync("GET", "/v1/sys/seal-status")).Status);
        Assert.InRange(ProcessStatus.ResidentBytes(server.ProcessId) - before, long.MinValue, MaxGrowthBytes);
    }

    [Fact]
    public async Task HeadersWithoutEndCloseTheConnectionSoon()
    {
        var server = target.Server;
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var reading = DrainAsync(tls, limit.Token);
        var sent = 0;
        try
        {
            await tls.WriteAsync((byte[])
                [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])], limit.Token);
            for (; sent < 100_000_000 && !reading.IsCompleted; sent += 1_000)
                await tls.WriteAsync(s_floods["headers without an end"](sent), limit.Token);
        }
        catch (IOException)
        {
            // The server has hung up, as it must.
        }
        Assert.InRange(sent, 1, 20_000_000);
        await reading;
        Assert.False(limit.IsCancellationRequested);
    }

    /// <summary>A server with TLS, and HTTP/2 therefore, for this class alone.</summary>
    public sealed class Target : IAsyncLifetime
    {
        /// <summary>The server.</summary>
        public KistServer Server { get; private set; } = null!;

        /// <inheritdoc/>
        public async ValueTask InitializeAsync() =>
            Server = await KistServer.StartConfiguredAsync((directory, port) =>
            {
                using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
                    .CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
                File.WriteAllText(Path.Combine(directory, "cert.pem"), certificate.ExportCertificatePem());
                File.WriteAllText(Path.Combine(directory, "key.pem"), key.ExportPkcs8PrivateKeyPem());
                File.SetUnixFileMode(
                    Path.Combine(directory, "key.pem"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
                return $$"""
                    storage "sqlite" { path = "{{directory}}/store" }
                    listener "tcp" {
                      address = "127.0.0.1:{{port}}"
                      tls_cert_file = "{{directory}}/cert.pem"
                      tls_key_file = "{{directory}}/key.pem"
                    }
                    """;
            }, "https");

        /// <inheritdoc/>
        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }

    private static int Stream(int i) => (2 * i) + 1;

    // RFC 9113, section 4.1.
    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload) =>
    [
        (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags,
        (byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream, .. payload,
    ];

    /// <summary>Reads until the server closes.</summary>
    private static async Task DrainAsync(SslStream tls, CancellationToken ct)
    {
        var buffer = new byte[65_536];
        try
        {
            while (await tls.ReadAsync(buffer, ct) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Closed without a farewell, or by us.
        }
    }
}
