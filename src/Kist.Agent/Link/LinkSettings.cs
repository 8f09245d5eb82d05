using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Agent.Configuration;

namespace Kist.Agent.Link;

/// <summary>The server and how to reach it, with every default filled in.</summary>
public sealed record LinkSettings
{
    /// <summary>A URL, or <c>unix:///PATH</c> for a socket, behind which HTTP is spoken.</summary>
    public required Uri Address { get; init; }

    public string? Namespace { get; init; }

    /// <summary>Authorities of the server's certificate in PEM: a file, or a folder of them; null: this machine's.
    /// </summary>
    public string? CaFile { get; init; }
    public string? CaFolder { get; init; }
    public string? ClientCertificate { get; init; }
    public string? ClientKey { get; init; }

    /// <summary>The name that the certificate must have, where it is not the address's.</summary>
    public string? ServerName { get; init; }
    public bool SkipVerify { get; init; }

    /// <summary>How long an answer may take to begin.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The Unix socket; null: the address's host and port.</summary>
    public string? Socket => Address.Scheme == "unix" ? Address.LocalPath : null;

    /// <summary>The server as people know it.</summary>
    public string Name => Socket is { } path ? "unix://" + path : Address.GetLeftPart(UriPartial.Authority);

    /// <summary>The address of a socket.</summary>
    public static Uri OfSocket(string path) =>
        new("unix://" + string.Join('/', path.Split('/').Select(Uri.EscapeDataString)));

    /// <summary>What a configuration says, over these.</summary>
    public LinkSettings With(UpstreamConfig config) => new()
    {
        Address = config.Address ?? Address,
        Namespace = config.Namespace ?? Namespace,
        CaFile = config.CaFile ?? CaFile,
        CaFolder = config.CaFolder ?? CaFolder,
        ClientCertificate = config.ClientCertificate ?? ClientCertificate,
        ClientKey = config.ClientKey ?? ClientKey,
        ServerName = config.ServerName ?? ServerName,
        SkipVerify = config.SkipVerify ?? SkipVerify,
        Timeout = config.Timeout ?? Timeout,
    };

    /// <summary>Reads the authorities; null: those of this machine count. Throws <see cref="CryptographicException"/>
    /// with the file's name.</summary>
    internal X509Certificate2Collection? ReadAuthorities()
    {
        if (CaFile is null && CaFolder is null) return null;
        var files = CaFile is not null ? [CaFile]
            : Read(CaFolder!, static folder => Directory.GetFiles(folder).Order().ToArray());
        var all = new X509Certificate2Collection();
        foreach (var file in files) Read(file, name => { all.ImportFromPemFile(name); return 0; });
        return all.Count > 0 ? all
            : throw new CryptographicException($"there is no certificate in PEM in {CaFile ?? CaFolder}");
    }

    /// <summary>Reads the certificate that the agent shows; null: none. Throws as
    /// <see cref="ReadAuthorities"/> does.</summary>
    internal X509Certificate2? ReadOwn()
    {
        if (ClientCertificate is not { } file) return null;
        if (ClientKey is not { } key) throw new CryptographicException("client_cert needs client_key");
        return Read(file, name => X509Certificate2.CreateFromPemFile(name, key));
    }

    private static T Read<T>(string file, Func<string, T> read)
    {
        try
        {
            return read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException
            or ArgumentException)
        {
            throw new CryptographicException($"{file} cannot be read as PEM");
        }
    }
}
