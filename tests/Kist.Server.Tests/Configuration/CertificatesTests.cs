using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Server.Configuration;
using Xunit;

namespace Kist.Server.Tests.Configuration;

/// <summary>What a listener shows in a handshake, and what it asks for.</summary>
public sealed class CertificatesTests : IDisposable
{
    private static readonly DateTimeOffset s_from = DateTimeOffset.UtcNow.AddDays(-1), s_to = s_from.AddDays(30);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kist-tls-");
    private readonly X509Certificate2 _root, _middle, _leaf, _client;

    public CertificatesTests()
    {
        _root = Authority("root", null);
        _middle = Authority("middle", _root);
        _leaf = Leaf("localhost", _middle, "1.3.6.1.5.5.7.3.1");
        _client = Leaf("client", _middle, "1.3.6.1.5.5.7.3.2");
        File.WriteAllText(In("chain.pem"), _leaf.ExportCertificatePem() + "\n" + _middle.ExportCertificatePem());
        File.WriteAllText(In("key.pem"), _leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(In("authorities.pem"), _root.ExportCertificatePem() + "\n" + _middle.ExportCertificatePem());
    }

    private ListenerConfig Files => new(new IPEndPoint(IPAddress.Any, 8200))
    {
        CertificateFile = In("chain.pem"), KeyFile = In("key.pem"),
    };

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task AClientNeedsTheAuthorityAlone()
    {
        var errors = await HandshakeAsync(new Certificates(Files, "", TimeProvider.System), null);

        Assert.Equal(SslPolicyErrors.None, errors);
    }

    [Fact]
    public async Task AClientWithoutACertificateIsTurnedAwayWhereOneIsNeeded()
    {
        var certificates = new Certificates(
            Files with { NeedsClientCertificate = true, ClientAuthorityFile = In("authorities.pem") },
            "", TimeProvider.System);

        Assert.Equal(SslPolicyErrors.None, await HandshakeAsync(certificates, _client));
        await Assert.ThrowsAsync<AuthenticationException>(() => HandshakeAsync(certificates, null));
        // Of the same authority, but for servers; and one that nobody signed.
        await Assert.ThrowsAsync<AuthenticationException>(() => HandshakeAsync(certificates, _leaf));
        using var stranger = Authority("client", null);
        await Assert.ThrowsAsync<AuthenticationException>(() => HandshakeAsync(certificates, stranger));
    }

    [Theory]
    [InlineData("nosuch.pem", "key.pem", "nosuch.pem does not exist")]
    [InlineData("chain.pem", "nosuch.pem", "nosuch.pem does not exist")]
    [InlineData("key.pem", "key.pem", "key.pem: ")]
    [InlineData("chain.pem", "chain.pem", "chain.pem: ")]
    public void AFileThatCannotBeUsedIsNamed(string certificate, string key, string expected)
    {
        var files = Files with { CertificateFile = In(certificate), KeyFile = In(key) };

        var e = Assert.Throws<CryptographicException>(() => new Certificates(files, "", TimeProvider.System));

        Assert.Contains(expected, e.Message);
    }

    [Fact]
    public void AReloadThatFailsChangesNothing()
    {
        var certificates = new Certificates(Files, "", TimeProvider.System);
        var before = certificates.Handshake().ServerCertificateContext;

        Assert.Throws<CryptographicException>(() => certificates.Reload(Files with { KeyFile = In("nosuch.pem") }));

        Assert.Same(before, certificates.Handshake().ServerCertificateContext);
        certificates.Reload(Files with { TlsVersions = SslProtocols.Tls13 });
        Assert.Equal(SslProtocols.Tls13, certificates.Handshake().EnabledSslProtocols);
    }

    [Fact]
    public void OneOfOurOwnIsForEveryAddressThatReachesTheListener()
    {
        var certificates = new Certificates(
            new ListenerConfig(new IPEndPoint(IPAddress.Any, 8200)), In("own"), TimeProvider.System);

        using var own = X509CertificateLoader.LoadCertificateFromFile(certificates.OwnAuthorityFile!);
        var names = own.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.Contains("localhost", names.EnumerateDnsNames());
        var addresses = names.EnumerateIPAddresses().ToList();
        Assert.Contains(IPAddress.Loopback, addresses);
        foreach (var address in Dns.GetHostAddresses(Dns.GetHostName()).Where(a => !a.IsIPv6LinkLocal))
            Assert.Contains(address, addresses);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(In("own/key.pem")));
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>A handshake over loopback with a client that knows the root alone.</summary>
    private async Task<SslPolicyErrors?> HandshakeAsync(Certificates certificates, X509Certificate2? client)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var calling = new TcpClient();
        await calling.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var called = await listener.AcceptTcpClientAsync();
        await using var server = new SslStream(called.GetStream());
        SslPolicyErrors? seen = null;
        await using var dialler = new SslStream(calling.GetStream());
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(_root);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost", CertificateChainPolicy = policy,
            RemoteCertificateValidationCallback = (_, _, _, errors) => (seen = errors) is not null,
        };
        if (client is not null)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(client, null, offline: true);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var dialled = dialler.AuthenticateAsClientAsync(options, limit.Token);
        await server.AuthenticateAsServerAsync(certificates.Handshake(), limit.Token);
        await dialled;
        return seen;
    }

    private static X509Certificate2 Authority(string name, X509Certificate2? issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return issuer is null ? request.CreateSelfSigned(s_from, s_to) : Signed(request, key, issuer);
    }

    private static X509Certificate2 Leaf(string name, X509Certificate2 issuer, string usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        return Signed(request, key, issuer);
    }

    private static X509Certificate2 Signed(CertificateRequest request, ECDsa key, X509Certificate2 issuer)
    {
        using var signed = request.Create(issuer, s_from, issuer.NotAfter, RandomNumberGenerator.GetBytes(16));
        return signed.CopyWithPrivateKey(key);
    }
}
