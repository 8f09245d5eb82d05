using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Postgres;
using Kist.Testing;
using Xunit;

namespace Kist.Server.Tests.Stores.Postgres;

/// <summary>The connection to the database is encrypted, and to nobody else, as <c>sslmode</c> says.</summary>
public sealed class PostgresTlsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kist-pg-tls-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task EachModeAcceptsWhatItShouldAndNothingElse()
    {
        using var server = PostgresServer.Start();
        var (certificate, key) = NewCertificate("db.example", IPAddress.Loopback);
        server.OfferTls(certificate, key);
        var right = Written("right.pem", certificate);
        var wrong = Written("wrong.pem", NewCertificate("db.example", IPAddress.Loopback).Certificate);

        Assert.Equal("f", await EncryptionWithAsync(server, "disable"));
        Assert.Equal("t", await EncryptionWithAsync(server, "prefer"));
        Assert.Equal("t", await EncryptionWithAsync(server, "require"));
        Assert.Equal("t", await EncryptionWithAsync(server, $"verify-ca&sslrootcert={right}"));
        Assert.Equal("t", await EncryptionWithAsync(server, $"verify-full&sslrootcert={right}"));
        foreach (var refused in new[]
        {
            $"verify-ca&sslrootcert={wrong}", $"verify-full&sslrootcert={wrong}", $"require&sslrootcert={wrong}",
            "verify-full",
        })
        {
            var fault = await Assert.ThrowsAsync<StoreException>(() => EncryptionWithAsync(server, refused));
            Assert.Contains("certificate", fault.Message);
        }
    }

    [Fact]
    public async Task ACertificateOfAnotherNameIsGoodForTheAuthorityOnly()
    {
        using var server = PostgresServer.Start();
        var (certificate, key) = NewCertificate("db.example", IPAddress.Parse("192.0.2.1"));
        server.OfferTls(certificate, key);
        var authority = Written("ca.pem", certificate);
        Assert.Equal("t", await EncryptionWithAsync(server, $"verify-ca&sslrootcert={authority}"));
        await Assert.ThrowsAsync<StoreException>(
            () => EncryptionWithAsync(server, $"verify-full&sslrootcert={authority}"));
    }

    // Whether the database says that the store's connections are encrypted.
    private static async Task<string> EncryptionWithAsync(PostgresServer server, string mode)
    {
        await using var store = await PostgresStore.OpenAsync(new PostgresStoreOptions
        {
            ConnectionUrl = server.Url("postgres").Replace("disable", mode, StringComparison.Ordinal),
        });
        Assert.True(await store.Commit(b => b.Put("k", "x")));
        Assert.Equal("x", await store.Read("k"));
        return server.Query("postgres", "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
            + "WHERE application_name = 'kist'");
    }

    private string Written(string name, string text)
    {
        var file = Path.Combine(_folder.FullName, name);
        File.WriteAllText(file, text);
        return file;
    }

    private static (string Certificate, string Key) NewCertificate(string name, IPAddress address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
