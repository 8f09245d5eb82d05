using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kist.Server.Configuration;

/// <summary>
/// The certificate of a listener: from the configured files, or one of our own, made once and kept in the data
/// directory, when an address beyond this machine is configured without one. Read again on reload.
/// </summary>
public sealed class Certificates
{
    private readonly ListenerConfig _listener;
    private readonly string _ownFolder;
    private readonly TimeProvider _clock;
    private volatile X509Certificate2 _current;

    /// <summary>
    /// Loads or makes the certificate. Throws <see cref="CryptographicException"/> or <see cref="IOException"/>.
    /// </summary>
    public Certificates(ListenerConfig listener, string ownFolder, TimeProvider clock)
    {
        (_listener, _ownFolder, _clock) = (listener, ownFolder, clock);
        _current = Load();
    }

    /// <summary>The certificate for the next handshake.</summary>
    public X509Certificate2 Current => _current;

    /// <summary>The file that clients need as KIST_CACERT, when the certificate is our own; null otherwise.</summary>
    public string? OwnAuthorityFile => _listener.CertificateFile is null ? Path.Combine(_ownFolder, "cert.pem") : null;

    /// <summary>Reads the files again; connections that exist keep the old certificate.</summary>
    public void Reload() => _current = Load();

    private X509Certificate2 Load()
    {
        var (cert, key) = _listener.CertificateFile is { } file
            ? (file, _listener.KeyFile!)
            : (Path.Combine(_ownFolder, "cert.pem"), Path.Combine(_ownFolder, "key.pem"));
        if (_listener.CertificateFile is null && !File.Exists(cert)) Make(cert, key);
        return X509Certificate2.CreateFromPemFile(cert, key);
    }

    private void Make(string certFile, string keyFile)
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(_ownFolder);
        else Directory.CreateDirectory(_ownFolder, owner);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kist", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddDnsName(Dns.GetHostName());
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        if (!_listener.EndPoint.Address.Equals(IPAddress.Any) && !_listener.EndPoint.Address.Equals(IPAddress.IPv6Any))
            names.AddIpAddress(_listener.EndPoint.Address);
        request.CertificateExtensions.Add(names.Build());
        var now = _clock.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddYears(2));
        WriteOwnerOnly(keyFile, key.ExportPkcs8PrivateKeyPem());
        WriteOwnerOnly(certFile, certificate.ExportCertificatePem());
    }

    private static void WriteOwnerOnly(string file, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(file, options);
        stream.Write(System.Text.Encoding.ASCII.GetBytes(text + "\n"));
    }
}
