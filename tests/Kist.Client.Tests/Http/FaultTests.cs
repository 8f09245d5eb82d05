using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kist.Client.Tests.Http;

public sealed class FaultTests
{
    [Theory]
    [InlineData("GET", 429, 2)]
    [InlineData("GET", 412, 2)]
    [InlineData("GET", 503, 2)]
    [InlineData("GET", 500, 2)]
    [InlineData("GET", 502, 2)]
    [InlineData("POST", 429, 2)]
    [InlineData("POST", 412, 2)]
    [InlineData("POST", 503, 2)]
    // It may have been done.
    [InlineData("POST", 500, 1)]
    [InlineData("GET", 400, 1)]
    [InlineData("GET", 501, 1)]
    public async Task SendsAgainWhatMayBeSentAgain(string method, int status, int requests)
    {
        using var server = new Script(request => request.Number == 1
            ? (status, """{"errors":["not now"]}""") : (200, """{"data":{"a":"b"}}"""));
        await using var client = TestServer.NewClient(server.Address);
        async Task Ask() => (method == "GET" ? await client.ReadAsync("a/b")
            : await client.WriteAsync("a/b", json => json.WriteString("x", "y")))!.Dispose();
        if (requests == 2) await Ask();
        else
        {
            var e = await Assert.ThrowsAsync<KistException>(Ask);
            Assert.Equal((HttpStatusCode)status, e.Status);
            Assert.Equal(["not now"], e.Errors);
            Assert.Contains($"{method} a/b", e.Message);
        }
        Assert.Equal(requests, server.Count("a/b"));
    }

    [Fact]
    public async Task GivesUpAfterSomeTimes()
    {
        using var server = new Script(_ => (503, """{"errors":["Vault is sealed"]}"""));
        await using var client = TestServer.NewClient(server.Address, change: o => o.Retries = 2);
        var e = await Assert.ThrowsAsync<KistException>(() => client.Sys.MountsAsync());
        Assert.Equal(KistFailure.Sealed, e.Failure);
        Assert.Contains("Vault is sealed", e.Message);
    }

    [Fact]
    public async Task ASlowServerIsNotWaitedForForEver()
    {
        using var never = new ManualResetEventSlim();
        using var server = new Script(_ =>
        {
            never.Wait();
            return (200, "{}");
        });
        await using var client = TestServer.NewClient(
            server.Address, change: o => o.Timeout = TimeSpan.FromMilliseconds(300));
        var e = await Assert.ThrowsAsync<KistException>(() => client.ReadAsync("a/b"));
        Assert.Equal(KistFailure.TimedOut, e.Failure);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.ReadAsync("a/b", stop.Token));
        never.Set();
    }

    [Theory]
    [InlineData(200, "<html>", KistFailure.Server)]
    [InlineData(200, "", null)]
    [InlineData(200, "[]", null)]
    [InlineData(204, "", null)]
    [InlineData(500, "<html>", KistFailure.Server)]
    [InlineData(403, """{"errors":[]}""", KistFailure.Denied)]
    [InlineData(418, """{"errors":[7,null,"teapot"]}""", KistFailure.Invalid)]
    public async Task AnAnswerOfAnyKindIsUnderstoodOrRefused(int status, string body, KistFailure? failure)
    {
        using var server = new Script(_ => (status, body));
        await using var client = TestServer.NewClient(server.Address, change: o =>
        {
            o.Login = null;
            o.Retries = 0;
        });
        if (failure is null)
        {
            using var answer = await client.ReadAsync("a/b");
            Assert.Null(answer!.LeaseId);
            Assert.Empty(answer.Warnings);
        }
        else Assert.Equal(failure, (await Assert.ThrowsAsync<KistException>(() => client.ReadAsync("a/b"))).Failure);
    }

    [Fact]
    public async Task AnExpiredCertificateIsNamedAsSuch()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(
            new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2021, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var folder = Directory.CreateTempSubdirectory("kist-tls-").FullName;
        var ca = Path.Combine(folder, "ca.pem");
        File.WriteAllText(ca, certificate.ExportCertificatePem());
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            while (true)
            {
                using var tcp = await listener.AcceptTcpClientAsync();
                await using var tls = new SslStream(tcp.GetStream());
                try
                {
                    await tls.AuthenticateAsServerAsync(certificate);
                    await tls.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false);
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // What is expected: the client goes away.
                }
            }
        });
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var client = TestServer.NewClient(
            new Uri($"https://localhost:{port}"), change: o => o.CaCertificate = ca);
        var failure = await Assert.ThrowsAsync<KistException>(() => client.ReadAsync("a/b"));
        Assert.Equal(KistFailure.Certificate, failure.Failure);
        Assert.Contains("expired", failure.Message);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void WrongSettingsAreSaid()
    {
        foreach (var address in new[] { "ftp://x", "http://user:hunter2@x/", "http://x/?hunter2" })
        {
            var e = Assert.Throws<KistException>(() => TestServer.NewClient(new Uri(address)));
            Assert.Equal(KistFailure.Settings, e.Failure);
            Assert.DoesNotContain("hunter2", e.Message);
        }
        Assert.Throws<KistException>(() => TestServer.NewClient(
            new Uri("https://x"), change: o => o.CaCertificate = "/nonexistent"));
        Assert.Throws<KistException>(() => EnvironmentSettings.Read(n => n == "KIST_ADDR" ? "nothing" : null));
    }

    [Fact]
    public async Task TheServerMayListenOnAUnixSocket()
    {
        var folder = Directory.CreateTempSubdirectory("kist-sock-").FullName;
        var path = Path.Combine(folder, "s");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        var serving = Task.Run(async () =>
        {
            using var one = await socket.AcceptAsync();
            var request = new byte[4096];
            var length = await one.ReceiveAsync(request);
            await one.SendAsync(Encoding.ASCII.GetBytes(
                "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{\"data\":{\"a\":\"b\"}}  "));
            return Encoding.ASCII.GetString(request, 0, length);
        });
        await using var client = TestServer.NewClient(new Uri($"unix://{path}"), change: o =>
        {
            o.Login = null;
            o.Namespace = "team";
        });
        using (var answer = await client.ReadAsync("a/b"))
            Assert.Equal("b", answer!.Data.GetProperty("a").GetString());
        var sent = await serving;
        Assert.StartsWith("GET /v1/a/b HTTP/1.1", sent);
        Assert.Contains("X-Vault-Namespace: team", sent);
        Assert.DoesNotContain("X-Vault-Token", sent);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task LastKnownValuesStandInWhileTheServerIsAway()
    {
        await using var server = await KistServer.StartQuickAsync();
        var token = server.QuickStart.RootToken;
        await server.SendAsync("POST", "/v1/sys/mounts/kv", token, """{"type":"kv","options":{"version":"2"}}""");
        await server.SendAsync("POST", "/v1/kv/data/x", token, """{"data":{"k":"one"}}""");
        await using var client = TestServer.NewClient(server.Address, Kist.Client.Logins.TokenLogin.Of(token), o =>
        {
            o.Timeout = TimeSpan.FromSeconds(2);
            o.CacheFor = o.CacheWhilePushed = TimeSpan.FromMilliseconds(50);
        });
        Assert.Equal("one", (await client.Secrets.GetAsync("kv/x"))["k"].Reveal());
        await server.KillAsync();
        await Task.Delay(100);
        Assert.Equal("one", (await client.Secrets.GetAsync("kv/x"))["k"].Reveal());
        await TestServer.UntilAsync(() => client.Secrets.StandInCount == 1, "the value is known to stand in");
        Assert.Equal("one", (await client.Secrets.GetAsync("kv/x"))["k"].Reveal());
        Assert.Equal(KistFailure.Unreachable,
            (await Assert.ThrowsAsync<KistException>(() => client.Secrets.GetAsync("kv/never-read").AsTask())).Failure);
        await server.RestartAsync();
        await server.SendAsync("POST", "/v1/kv/data/x", token, """{"data":{"k":"two"}}""");
        await TestServer.UntilAsync(async () => (await client.Secrets.GetAsync("kv/x"))["k"].Reveal() == "two",
            "the value is read again");
        Assert.Equal(0, client.Secrets.StandInCount);
    }
}

/// <summary>A server that answers as it is told.</summary>
internal sealed class Script : IDisposable
{
    private readonly HttpListener _listener;
    private readonly List<string> _paths = [];

    public Script(Func<(string Path, int Number), (int Status, string Body)> answer)
    {
        (_listener, var address) = Loopback.Listen();
        Address = new Uri(address + "/");
        _ = Task.Run(async () =>
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                _ = Task.Run(() => Answer(context, answer));
            }
        });
    }

    public Uri Address { get; }

    public int Count(string path)
    {
        lock (_paths) return _paths.Count(p => p == $"/v1/{path}");
    }

    public void Dispose() => _listener.Close();

    private void Answer(HttpListenerContext context, Func<(string Path, int Number), (int Status, string Body)> answer)
    {
        var path = context.Request.Url!.AbsolutePath;
        if (path == "/v1/auth/token/lookup-self")
        {
            Send(context, 200, """{"data":{"ttl":0}}""");
            return;
        }
        int number;
        lock (_paths)
        {
            _paths.Add(path);
            number = _paths.Count;
        }
        var (status, body) = answer((path, number));
        Send(context, status, body);
    }

    private static void Send(HttpListenerContext context, int status, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        try
        {
            context.Response.StatusCode = status;
            if (bytes.Length > 0) context.Response.OutputStream.Write(bytes);
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // The client gave up.
        }
    }
}
