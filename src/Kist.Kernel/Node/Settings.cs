namespace Kist.Kernel.Node;

/// <summary>
/// What the configuration says to the kernel. Immutable; a reload (SIGHUP) swaps the whole record.
/// </summary>
public sealed record Settings
{
    /// <summary>The life of a lease that asks for none.</summary>
    public TimeSpan DefaultLeaseTtl { get; init; } = TimeSpan.FromHours(768);

    /// <summary>The longest life of a lease.</summary>
    public TimeSpan MaxLeaseTtl { get; init; } = TimeSpan.FromHours(768);

    /// <summary>The name shown in <c>sys/health</c>.</summary>
    public string? ClusterName { get; init; }

    /// <summary>The address that clients are told (<c>api_addr</c>).</summary>
    public string ApiAddress { get; init; } = "";

    /// <summary>The address for other nodes (<c>cluster_addr</c>).</summary>
    public string ClusterAddress { get; init; } = "";

    /// <summary>The name of the storage in <c>sys/seal-status</c>.</summary>
    public string StorageType { get; init; } = "";

    /// <summary>Folders in which audit files may be made through the API, besides stdout, discard and
    /// /dev/null.</summary>
    public IReadOnlyList<string> AuditFolders { get; init; } = [];

    /// <summary>How long a request waits for an audit sink that does not come back. Taken at each unseal.</summary>
    public TimeSpan AuditPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Names this node among those on the store, the same after each restart. Its audit chains and its place in the
    /// roster go by it. Where the host gives none it is another one each time.
    /// </summary>
    public string NodeId { get; init; } = Guid.NewGuid().ToString("N");

    /// <summary>
    /// After this long without a sign of life of the node that does the work that runs once, another one takes over.
    /// Taken at each unseal.
    /// </summary>
    public TimeSpan LeadershipTtl { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether <c>sys/metrics</c> of the listener answers without a token.</summary>
    public bool OpenMetrics { get; init; }

    /// <summary>
    /// Whether cancelling a rekey or the generation of a root token needs the attempt's nonce. Vault's clients send
    /// none.
    /// </summary>
    public bool CancelNeedsNonce { get; init; }

    /// <summary>How many streams of events this node keeps open; who comes after that is refused.</summary>
    public int MostStreams { get; init; } = 4_096;

    /// <summary>The configuration without secrets, as JSON, for <c>sys/config/state/sanitized</c>.</summary>
    public ReadOnlyMemory<byte> Sanitized { get; init; }
}
