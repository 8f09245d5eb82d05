using System.Net;
using System.Security.Authentication;
using Kist.Server.Configuration;
using Xunit;

namespace Kist.Server.Tests.Configuration;

/// <summary>Configuration files as Vault's users have them.</summary>
public sealed class ConfigReaderTests : IDisposable
{
    private const string Storage = "storage \"inmem\" {}\n";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kist-config-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("tls_disable = true", true)]
    [InlineData("tls_disable = \"true\"", true)]
    [InlineData("tls_disable = \"T\"", true)]
    [InlineData("tls_disable = 1", true)]
    [InlineData("tls_disable = \"1\"", true)]
    [InlineData("tls_disable = 0", false)]
    [InlineData("tls_disable = \"FALSE\"", false)]
    [InlineData("", false)]
    public void TrueAndFalseHaveManyForms(string line, bool disabled)
    {
        var listener = Listener($"address = \"0.0.0.0:8200\"\n{line}");

        Assert.Equal((disabled, !disabled), (listener.TlsDisable, listener.UsesTls));
    }

    [Theory]
    [InlineData("storage \"inmem\" {}\nstorage \"sqlite\" { path = \"x\" }",
        "line 2, column 9: storage stands more")]
    [InlineData(Storage + "seal \"shamir\" {}\nseal \"keyfile\" { path = \"x\" }",
        "line 3, column 6: seal stands more")]
    [InlineData("storage \"sqlite\" { paht = \"x\" }", "storage \"sqlite\" needs a path; \"paht\" is none")]
    [InlineData("storage \"sqlite\" { path = 5 }", "path in storage \"sqlite\" must be a text")]
    public void WhatContradictsItselfIsRefusedWithItsPlace(string text, string error)
    {
        var file = Path.Combine(_folder.FullName, "kist.hcl");
        File.WriteAllText(file, text);
        Assert.Contains(error, ConfigReader.Read(file).Error);
    }

    [Theory]
    [InlineData("tls_disable = \"maybe\"", "tls_disable must be true or false")]
    [InlineData("tls_disable = 2", "tls_disable must be true or false")]
    [InlineData("tls_min_version = \"ssl3\"", "tls_min_version must be tls12 or tls13")]
    [InlineData("tls_min_version = \"tls13\"\ntls_max_version = \"tls12\"", "must not be above")]
    [InlineData("tls_cert_file = \"a.pem\"", "needs both tls_cert_file and tls_key_file")]
    [InlineData("tls_cert_file = 1\ntls_key_file = 1", "tls_cert_file must be a string")]
    [InlineData("tls_require_and_verify_client_cert = true", "tls_require_and_verify_client_cert needs TLS")]
    [InlineData("address = 8200", "address must be a string")]
    [InlineData("address = \"kist.example:8200\"", "address must be an IP address")]
    public void WhatIsWrongInAListenerIsNamed(string lines, string expected)
    {
        var (config, error) = Read(("kist.hcl", $"{Storage}listener \"tcp\" {{\n{lines}\n}}"));

        Assert.Null(config);
        Assert.Contains("kist.hcl: line ", error);
        Assert.Contains(expected, error);
    }

    [Fact]
    public void ClientCertificatesAndVersionsAreTaken()
    {
        var listener = Listener("""
            tls_cert_file = "cert.pem"
            tls_key_file = "key.pem"
            tls_client_ca_file = "clients.pem"
            tls_require_and_verify_client_cert = "true"
            tls_min_version = "tls13"
            """);

        Assert.Equal((true, "clients.pem", SslProtocols.Tls13),
            (listener.NeedsClientCertificate, listener.ClientAuthorityFile, listener.TlsVersions));
        Assert.Equal(SslProtocols.Tls12 | SslProtocols.Tls13, Listener("tls_min_version = \"tls10\"").TlsVersions);
        Assert.Equal(SslProtocols.Tls12, Listener("tls_max_version = \"tls12\"").TlsVersions);
    }

    [Theory]
    [InlineData("kist.hcl", """
        storage "sqlite" {
          path = "/data"
          node_id = "a"
        }
        listener "tcp" {
          address = "127.0.0.1:8200"
          proxy_protocol_behavior = "use_always"
        }
        seal "shamir" {
          key_id = "x"
        }
        ha_storage "consul" {}
        default_max_request_duration = "90s"
        nonsense "x" {}
        """)]
    [InlineData("kist.json", """
        {"storage": {"sqlite": {"path": "/data",
          "node_id": "a"}},
         "listener": [{"tcp": {"address": "127.0.0.1:8200", "proxy_protocol_behavior": "use_always"}}],
         "seal": {"shamir": {"key_id": "x"}}, "ha_storage": {"consul": {}}, "default_max_request_duration": "90s",
         "nonsense": {"x": {}}}
        """)]
    public void WhateverHasNoEffectIsWarnedAbout(string name, string text)
    {
        var (config, error) = Read((name, text));

        Assert.Null(error);
        Assert.Equal("/data", config!.Storage.Path);
        foreach (var key in (string[])["node_id", "proxy_protocol_behavior", "key_id", "ha_storage",
            "default_max_request_duration", "nonsense"])
            Assert.Single(config.Warnings, w => w.Contains($"\"{key}\"") && w.Contains("no effect"));
        Assert.Contains(config.Warnings, w => w.Contains($"{name}: line "));
        Assert.Equal(6, config.Warnings.Count);
    }

    [Fact]
    public void SeveralFilesTogetherSayEverything()
    {
        var (config, error) = Read(
            ("a.hcl", Storage + "log_level = \"warn\"\nlistener \"tcp\" { address = \"127.0.0.1:8200\" }"),
            ("b.json", """{"log_level": "debug", "listener": {"tcp": {"address": "[::1]:8200"}}}"""));

        Assert.Null(error);
        Assert.Equal("Debug", config!.LogLevel.ToString());
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 8200), new IPEndPoint(IPAddress.IPv6Loopback, 8200)],
            config.Listeners.Select(l => l.EndPoint));
    }

    [Fact]
    public void AMistakeInOneOfThemNamesItsFile()
    {
        Assert.Contains("b.hcl: line 1, column ", Read(("a.hcl", Storage), ("b.hcl", "log_level = \"loud\"")).Error);
        Assert.Contains("b.hcl: line 2, column 9: storage stands more than once",
            Read(("a.hcl", Storage), ("b.hcl", "\n" + Storage)).Error);
        Assert.Contains("storage is missing", Read(("a.hcl", "")).Error);
        Assert.Equal("there is no configuration file /nosuch/kist.hcl", ConfigReader.Read("/nosuch/kist.hcl").Error);
    }

    [Fact]
    public void TheFormatOfTheLogIsOneOfTwo()
    {
        Assert.True(Read(("a.hcl", Storage + "log_format = \"json\"")).Config!.LogsJson);
        Assert.False(Read(("a.hcl", Storage + "log_format = \"standard\"")).Config!.LogsJson);
        Assert.Contains("log_format must be standard or json", Read(("a.hcl", Storage + "log_format = \"xml\"")).Error);
    }

    private ListenerConfig Listener(string lines)
    {
        var (config, error) = Read(("kist.hcl", $"{Storage}listener \"tcp\" {{\n{lines}\n}}"));
        Assert.Null(error);
        return Assert.Single(config!.Listeners);
    }

    private (ServerConfig? Config, string? Error) Read(params (string Name, string Text)[] files)
    {
        foreach (var (name, text) in files) File.WriteAllText(Path.Combine(_folder.FullName, name), text);
        return ConfigReader.Read([.. files.Select(f => Path.Combine(_folder.FullName, f.Name))]);
    }
}
