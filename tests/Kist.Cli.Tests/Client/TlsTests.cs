using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kist.Cli.Tests.Client;

/// <summary>Against a real TLS server with a certificate that signed itself, as a generated one does.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate = SelfSigned("127.0.0.1");
    private readonly string _address;

    public TlsTests()
    {
        _listener.Start();
        _address = $"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _ = ServeAsync();
    }

    [Fact]
    public async Task An_unknown_certificate_is_refused_and_the_hint_names_KIST_CACERT()
    {
        using var kist = new KistRun(_address);
        var ran = await kist.RunAsync("status");
        Assert.Equal(1, ran.ExitCode);
        Assert.StartsWith(
            $"Error: the certificate of {_address} is not trusted here\nTry:   KIST_CACERT=FILE", ran.Error);
    }

    [Theory]
    [InlineData("KIST_CACERT")]
    [InlineData("VAULT_CACERT")]
    public async Task A_named_certificate_is_trusted(string variable)
    {
        using var kist = new KistRun(_address);
        var path = Path.Combine(kist.Home, "ca.pem");
        await File.WriteAllTextAsync(path, _certificate.ExportCertificatePem());
        var ran = await kist.With(variable, path).RunAsync("status", "--json");
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
    }

    [Fact]
    public async Task Another_authority_is_not_trusted_and_neither_is_another_name()
    {
        using var kist = new KistRun(_address);
        var path = Path.Combine(kist.Home, "ca.pem");
        using var other = SelfSigned("127.0.0.1");
        await File.WriteAllTextAsync(path, other.ExportCertificatePem());
        var stranger = await kist.RunAsync("status", "--ca-cert", path);
        Assert.Equal(1, stranger.ExitCode);
        Assert.Contains("is not trusted here", stranger.Error);
        await File.WriteAllTextAsync(path, _certificate.ExportCertificatePem());
        var wrongName = await kist.RunAsync(
            "status", "--ca-cert", path, "--address", _address.Replace("127.0.0.1", "localhost"));
        Assert.Equal(1, wrongName.ExitCode);
        Assert.Contains("is for another name than localhost", wrongName.Error);
    }

    [Fact]
    public async Task Skipping_the_check_is_warned_about()
    {
        using var kist = new KistRun(_address);
        var ran = await kist.RunAsync("status", "--json", "--skip-verify");
        Assert.Equal(0, ran.ExitCode);
        Assert.StartsWith("Warning: the server's certificate is not checked", ran.Error);
    }

    [Fact]
    public async Task A_broken_certificate_file_is_an_error()
    {
        using var kist = new KistRun(_address);
        var ran = await kist.RunAsync("status", "--ca-cert", Path.Combine(kist.Home, "none.pem"));
        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("cannot be read as PEM", ran.Error);
    }

    [Fact]
    public async Task The_wrong_scheme_is_recognised_from_both_sides()
    {
        using var plain = FakeServer.WithMounts(_ => (200, "{}"));
        using var kist = new KistRun();
        var https = await kist.RunAsync("status", "--address", plain.Address.Replace("http:", "https:"));
        Assert.Contains("KIST_ADDR=" + plain.Address, https.Error);
        var http = await kist.RunAsync("status", "--address", _address.Replace("https:", "http:"));
        Assert.Contains("KIST_ADDR=" + _address, http.Error);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
    }

    private static X509Certificate2 SelfSigned(string address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kist test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(address));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddHours(1));
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
            _ = AnswerAsync(client);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        const string body = """{"type":"shamir","initialized":true,"sealed":false}""";
        using var _ = client;
        try
        {
            await using var stream = new SslStream(client.GetStream());
            await stream.AuthenticateAsServerAsync(_certificate);
            var buffer = new byte[4096];
            if (await stream.ReadAsync(buffer) == 0) return;
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client has refused the certificate, or speaks plain HTTP: what the tests are about.
        }
    }
}
