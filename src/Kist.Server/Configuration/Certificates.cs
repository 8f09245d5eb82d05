using System.Net;
using System.Net.NetworkInformation;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kist.Server.Configuration;

/// <summary>
/// The certificate of a listener: from the configured files, or one of our own, made once and kept in the data
/// directory, when an address beyond this machine is configured without one. Read again on reload.
/// </summary>
public sealed class Certificates
{
    private const string ForClients = "1.3.6.1.5.5.7.3.2", ForServers = "1.3.6.1.5.5.7.3.1"; // RFC 5280, 4.2.1.12
    private readonly string _ownFolder;
    private readonly TimeProvider _clock;
    private volatile Loaded _current;

    /// <summary>
    /// Loads or makes the certificate. Throws <see cref="CryptographicException"/>, which names the file, or
    /// <see cref="IOException"/>.
    /// </summary>
    public Certificates(ListenerConfig listener, string ownFolder, TimeProvider clock)
    {
        (_ownFolder, _clock) = (ownFolder, clock);
        _current = Load(listener);
    }

    /// <summary>What was loaded last.</summary>
    public ListenerConfig Listener => _current.Listener;

    /// <summary>The file that clients need as KIST_CACERT, when the certificate is our own; null otherwise.</summary>
    public string? OwnAuthorityFile => Listener.CertificateFile is null ? Path.Combine(_ownFolder, "cert.pem") : null;

    /// <summary>
    /// Reads the files that the listener names now; connections that exist keep the old certificate. Throws as the
    /// constructor does, and changes nothing then.
    /// </summary>
    public void Reload(ListenerConfig listener) => _current = Load(listener);

    /// <summary>What the next handshake goes by.</summary>
    public SslServerAuthenticationOptions Handshake()
    {
        var current = _current;
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = current.Own,
            EnabledSslProtocols = current.Listener.TlsVersions,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        };
        if (!current.Listener.NeedsClientCertificate) return options;
        options.ClientCertificateRequired = true;
        // A client that shows none counts as an error too.
        options.RemoteCertificateValidationCallback = static (_, _, _, errors) => errors == SslPolicyErrors.None;
        options.CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        options.CertificateChainPolicy.ApplicationPolicy.Add(new Oid(ForClients));
        if (current.ClientAuthorities is { } authorities)
        {
            options.CertificateChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }
        return options;
    }

    private Loaded Load(ListenerConfig listener)
    {
        var (cert, key) = listener.CertificateFile is { } file
            ? (file, listener.KeyFile!)
            : (Path.Combine(_ownFolder, "cert.pem"), Path.Combine(_ownFolder, "key.pem"));
        if (listener.CertificateFile is null && !File.Exists(cert)) Make(listener, cert, key);
        var keyText = Read(key, File.ReadAllText);
        var leaf = Read(cert, name => X509Certificate2.CreateFromPem(File.ReadAllText(name), keyText));
        // The file begins with the leaf; what follows is sent along, so that clients need the authority alone.
        var others = Bundle(cert);
        others.RemoveAt(0);
        return new Loaded(listener, SslStreamCertificateContext.Create(leaf, others, offline: true),
            listener is { NeedsClientCertificate: true, ClientAuthorityFile: { } authorities }
                ? Bundle(authorities)
                : null);
    }

    private static X509Certificate2Collection Bundle(string file) => Read(file, static name =>
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(name);
        return all.Count > 0 ? all : throw new CryptographicException("it holds no certificate");
    });

    private static T Read<T>(string file, Func<string, T> read)
    {
        try
        {
            return read(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CryptographicException($"{file} does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException
            or CryptographicException)
        {
            throw new CryptographicException($"{file}: {e.Message}");
        }
    }

    private void Make(ListenerConfig listener, string certFile, string keyFile)
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(_ownFolder);
        else Directory.CreateDirectory(_ownFolder, owner);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kist", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ForServers)], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        if (!Dns.GetHostName().Equals("localhost", StringComparison.OrdinalIgnoreCase))
            names.AddDnsName(Dns.GetHostName());
        foreach (var address in Reached(listener.EndPoint.Address)) names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        var now = _clock.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddYears(2));
        WriteOwnerOnly(keyFile, key.ExportPkcs8PrivateKeyPem());
        WriteOwnerOnly(certFile, certificate.ExportCertificatePem());
    }

    // A listener on every address is called by any of them.
    private static IEnumerable<IPAddress> Reached(IPAddress listener)
    {
        IEnumerable<IPAddress> loopback = [IPAddress.Loopback, IPAddress.IPv6Loopback];
        if (!listener.Equals(IPAddress.Any) && !listener.Equals(IPAddress.IPv6Any))
            return loopback.Append(listener).Distinct();
        return loopback.Concat(NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(a => a.AddressFamily is AddressFamily.InterNetwork
                || (a.AddressFamily is AddressFamily.InterNetworkV6 && !a.IsIPv6LinkLocal))).Distinct();
    }

    private static void WriteOwnerOnly(string file, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(file, options);
        stream.Write(System.Text.Encoding.ASCII.GetBytes(text + "\n"));
    }

    private sealed record Loaded(
        ListenerConfig Listener, SslStreamCertificateContext Own, X509Certificate2Collection? ClientAuthorities);
}
