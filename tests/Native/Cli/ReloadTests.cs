using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary>What SIGHUP changes in a server that runs: everything but where it listens.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task Names_of_certificates_and_what_clients_need_are_read_again()
    {
        await using var server = await KistServer.StartConfiguredAsync((directory, port) =>
        {
            foreach (var name in (string[])["one", "two"]) Write(directory, name);
            return Configuration(directory, port, "one", "");
        }, "https");
        Assert.Equal("CN=one", await ShownAsync(server.Address.Port));

        var text = Configuration(server.Directory, server.Address.Port, "two", "log_level = \"debug\"");
        await File.WriteAllTextAsync(Directory.GetFiles(server.Directory, "*.hcl").Single(), text);
        server.Signal(Signals.HangUp);
        await Eventually(async () => await ShownAsync(server.Address.Port) == "CN=two");

        // A file that is not there changes nothing.
        await File.WriteAllTextAsync(Directory.GetFiles(server.Directory, "*.hcl").Single(),
            Configuration(server.Directory, server.Address.Port, "nosuch", ""));
        server.Signal(Signals.HangUp);
        await Eventually(() => Task.FromResult(server.Log.Contains("certificate not reloaded")));
        Assert.Equal("CN=two", await ShownAsync(server.Address.Port));
    }

    private static async Task Eventually(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await holds()) await Task.Delay(50, limit.Token);
    }

    private static string Configuration(string directory, int port, string name, string line) => $$"""
        {{line}}
        storage "inmem" {}
        listener "tcp" {
          address = "127.0.0.1:{{port}}"
          tls_cert_file = "{{directory}}/{{name}}.pem"
          tls_key_file = "{{directory}}/{{name}}.key"
        }
        """;

    private static void Write(string directory, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(directory, name + ".pem"), made.ExportCertificatePem());
        File.WriteAllText(Path.Combine(directory, name + ".key"), key.ExportPkcs8PrivateKeyPem());
    }

    private static async Task<string> ShownAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        return tls.RemoteCertificate!.Subject;
    }
}
