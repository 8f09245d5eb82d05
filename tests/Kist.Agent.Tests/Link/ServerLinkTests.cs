using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Agent.Link;

namespace Kist.Agent.Tests.Link;

/// <summary>What goes wrong on the way to the server is said in words.</summary>
public sealed class ServerLinkTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kist-agent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(-10, -1, true, "has expired, or is not valid yet: renew it, or set this machine's clock")]
    [InlineData(1, 10, true, "has expired, or is not valid yet: renew it, or set this machine's clock")]
    [InlineData(-1, 10, false, "is not trusted here: name its authority as ca_cert")]
    public async Task A_certificate_that_does_not_hold_is_explained(int from, int until, bool isTrusted, string why)
    {
        using var certificate = Certificate(from, until, out var file);
        using var server = new ScriptedServer(_ => (200, "{}"), certificate);
        using var link = new ServerLink(new LinkSettings
        {
            Address = server.Address, CaFile = isTrusted ? file : null, Timeout = TimeSpan.FromSeconds(20),
        });
        using var reply = await link.AskAsync(Question, CancellationToken.None);
        Assert.Equal($"the certificate of {server.Address.GetLeftPart(UriPartial.Authority)} {why}",
            reply.Fault!.Message);
        Assert.True(reply.IsAway);
    }

    [Fact]
    public async Task A_certificate_of_a_named_authority_holds()
    {
        using var certificate = Certificate(-1, 10, out var file);
        using var server = new ScriptedServer(_ => (200, """{"data":{"a":"b"}}"""), certificate);
        using var link = new ServerLink(new LinkSettings { Address = server.Address, CaFile = file });
        using var reply = await link.AskAsync(Question, CancellationToken.None);
        Assert.Equal("b", reply.Root.Get("data").Text("a"));
    }

    [Fact]
    public async Task A_server_that_is_away_silent_or_no_server_is_told_apart()
    {
        using var silent = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
        var settings = new LinkSettings { Address = address, Timeout = TimeSpan.FromMilliseconds(200) };
        using (var link = new ServerLink(settings))
        using (var reply = await link.AskAsync(Question, CancellationToken.None))
            Assert.True(reply.Fault!.IsTimeout);
        silent.Stop();
        using (var link = new ServerLink(settings with { Timeout = TimeSpan.FromSeconds(20) }))
        using (var reply = await link.AskAsync(Question, CancellationToken.None))
            Assert.StartsWith("cannot connect to http://127.0.0.1:", reply.Explanation);
    }

    [Theory]
    [InlineData(403, """{"errors":["1 error occurred:\n\t* permission denied\n\n"]}""",
        "the server answers 403: permission denied", false)]
    [InlineData(503, """{"errors":["Vault is sealed"]}""", "the server is sealed or not ready", true)]
    [InlineData(500, "<html>", "the server answers 500", true)]
    public async Task A_refusal_is_told_in_the_server_s_words(int status, string body, string expected, bool isAway)
    {
        using var server = new ScriptedServer(_ => (status, body));
        using var link = new ServerLink(new LinkSettings { Address = server.Address });
        using var reply = await link.AskAsync(Question, CancellationToken.None);
        Assert.Equal((expected, isAway), (reply.Explanation.Trim(), reply.IsAway));
    }

    private static Question Question => new(HttpMethod.Get, "sys/health", "token");

    private X509Certificate2 Certificate(int from, int until, out string file)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(from), now.AddDays(until));
        file = Path.Combine(_folder, "ca.pem");
        File.WriteAllText(file, made.ExportCertificatePem());
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
