using System.Net;
using System.Security.Authentication;
using Kist.Kernel.Node;

namespace Kist.Server.Configuration;

/// <summary>What a configuration file says, checked and typed. Immutable; a reload reads a new one.</summary>
public sealed record ServerConfig
{
    /// <summary>Where the data lies.</summary>
    public required StorageConfig Storage { get; init; }

    /// <summary>Where to listen; at least one.</summary>
    public required IReadOnlyList<ListenerConfig> Listeners { get; init; }

    /// <summary>How the root key is guarded.</summary>
    public SealStanza Seal { get; init; } = new("shamir", null);

    /// <summary>
    /// The seal that is being left (<c>disabled = true</c>): it opens the store once more, to migrate.
    /// </summary>
    public SealStanza? OldSeal { get; init; }

    /// <summary>Whether a rekey or the making of a root token is cancelled only with its nonce.</summary>
    public bool CancelNeedsNonce { get; init; }

    /// <summary>The address that clients are told.</summary>
    public string ApiAddress { get; init; } = "";

    /// <summary>The address for other nodes.</summary>
    public string ClusterAddress { get; init; } = "";

    /// <summary>This node's name among those on one store; null: made from the machine and the address.</summary>
    public string? NodeId { get; init; }

    /// <summary>When another node takes over the work that runs once.</summary>
    public TimeSpan LeadershipTtl { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The cluster's name; null: made from its id.</summary>
    public string? ClusterName { get; init; }

    /// <summary>How much is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Info;

    /// <summary>Whether log lines are JSON.</summary>
    public bool LogsJson { get; init; }

    /// <summary>The life of a lease that asks for none.</summary>
    public TimeSpan DefaultLeaseTtl { get; init; } = TimeSpan.FromHours(768);

    /// <summary>The longest life of a lease.</summary>
    public TimeSpan MaxLeaseTtl { get; init; } = TimeSpan.FromHours(768);

    /// <summary>Folders for audit files made through the API.</summary>
    public IReadOnlyList<string> AuditFolders { get; init; } = [];

    /// <summary>How long a request waits for an audit sink.</summary>
    public TimeSpan AuditPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether memory need not be locked.</summary>
    public bool DisableMlock { get; init; }

    /// <summary>Where the process writes its id; null: nowhere.</summary>
    public string? PidFile { get; init; }

    /// <summary>What the operator should know: stanzas without effect, keys that are not known.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>The storage stanza.</summary>
/// <param name="Type"><c>sqlite</c>, <c>postgresql</c> or <c>inmem</c>.</param>
/// <param name="Path">The data directory of <c>sqlite</c>.</param>
public sealed record StorageConfig(string Type, string? Path)
{
    /// <summary>The stanza's keys and plain values, for stores that read them themselves.</summary>
    public IReadOnlyDictionary<string, string> Stanza { get; init; } = new Dictionary<string, string>();

    /// <summary>The process's environment, for stores that take settings from it.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The data directory, absolute; the current folder for stores without one.</summary>
    public string Folder => System.IO.Path.GetFullPath(Path ?? ".");

    /// <summary>Whether it says the same.</summary>
    public bool IsSameAs(StorageConfig other) => Type == other.Type && Path == other.Path
        && Stanza.Count == other.Stanza.Count
        && Stanza.All(pair => other.Stanza.TryGetValue(pair.Key, out var value) && value == pair.Value);
}

/// <summary>The seal stanza.</summary>
/// <param name="Type"><c>shamir</c> or <c>keyfile</c>.</param>
/// <param name="Path">The key file.</param>
public sealed record SealStanza(string Type, string? Path);

/// <summary>A listener stanza.</summary>
/// <param name="EndPoint">Where.</param>
public sealed record ListenerConfig(IPEndPoint EndPoint)
{
    /// <summary>The certificate, and those between it and its authority, in PEM; null: none given.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>Its key in PEM; null: none given.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Whether plain HTTP is asked for.</summary>
    public bool TlsDisable { get; init; }

    /// <summary>The versions of TLS that are spoken.</summary>
    public SslProtocols TlsVersions { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Whether clients must show a certificate of <see cref="ClientAuthorityFile"/>.</summary>
    public bool NeedsClientCertificate { get; init; }

    /// <summary>The authorities of clients' certificates in PEM; null: those that this machine trusts.</summary>
    public string? ClientAuthorityFile { get; init; }

    /// <summary>Whether <c>sys/metrics</c> answers without a token.</summary>
    public bool OpenMetrics { get; init; }

    /// <summary>Whether only this machine can reach it.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(EndPoint.Address);

    /// <summary>
    /// Whether it speaks TLS: always with a certificate, and away from this machine unless told not to.
    /// </summary>
    public bool UsesTls => !TlsDisable && (CertificateFile is not null || !IsLoopback);
}
