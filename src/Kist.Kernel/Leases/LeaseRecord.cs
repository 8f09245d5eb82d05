namespace Kist.Kernel.Leases;

/// <summary>A stored lease.</summary>
public sealed record LeaseRecord
{
    /// <summary>The path of the request that made it, and an id: <c>database/creds/app/…</c>.</summary>
    public required string Id { get; init; }

    /// <summary>
    /// The keyed hash of the token it belongs to (or of the token it is, when <see cref="Kind"/> is empty).
    /// </summary>
    public required string TokenHash { get; init; }

    /// <summary>The engine's kind; empty when this lease is the token's own life.</summary>
    public string Kind { get; init; } = "";

    /// <summary>The mount that made it.</summary>
    public string MountUuid { get; init; } = "";

    /// <summary>What the engine's renew and revoke need.</summary>
    public byte[]? Data { get; init; }

    /// <summary>When it was handed out.</summary>
    public DateTimeOffset IssueTime { get; init; }

    /// <summary>When it was last renewed.</summary>
    public DateTimeOffset? LastRenewal { get; init; }

    /// <summary>When it ends.</summary>
    public DateTimeOffset ExpireTime { get; init; }

    /// <summary>The longest life, from <see cref="IssueTime"/>.</summary>
    public TimeSpan MaxTtl { get; init; }

    /// <summary>Whether it can be renewed.</summary>
    public bool Renewable { get; init; }

    /// <summary>How often its revocation has failed.</summary>
    public int FailedRevocations { get; init; }

    /// <summary>Whether this is a token's own lease.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsToken => Kind.Length == 0;
}
