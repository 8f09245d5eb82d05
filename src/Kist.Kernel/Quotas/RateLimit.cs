namespace Kist.Kernel.Quotas;

/// <summary>
/// A rate limit as it is stored and shown in <c>sys/quotas/rate-limit</c>
/// (https://developer.hashicorp.com/vault/api-docs/system/rate-limit-quotas).
/// </summary>
public sealed record RateLimit
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The mount it covers, with its slash; empty: everything.</summary>
    public string MountPath { get; init; } = "";

    /// <summary>The part below the mount it covers: exact, or with a star at its end; empty: the whole mount.</summary>
    public string PathSuffix { get; init; } = "";

    /// <summary>The login role it covers (only logins of this role count); empty: any.</summary>
    public string Role { get; init; } = "";

    /// <summary>Requests of one client address per <see cref="Interval"/>.</summary>
    public required double Rate { get; init; }

    /// <summary>The time after which the requests count anew.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a client that went over is refused altogether; zero: only for the rest of the
    /// interval.</summary>
    public TimeSpan BlockInterval { get; init; }

    /// <summary>Stored for clients: there is one namespace, so nothing inherits.</summary>
    public bool Inheritable { get; init; }

    /// <summary>The covered path as it was given.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Path => MountPath + PathSuffix;
}

/// <summary>What holds for all quotas (<c>sys/quotas/config</c>).</summary>
public sealed record QuotaConfig
{
    /// <summary>Whether refused requests are audited.</summary>
    public bool EnableRateLimitAuditLogging { get; init; }

    /// <summary>Whether answers tell the client how much is left.</summary>
    public bool EnableRateLimitResponseHeaders { get; init; }

    /// <summary>Paths that no rate limit covers; a star at the end stands for anything.</summary>
    public IReadOnlyList<string> RateLimitExemptPaths { get; init; } = DefaultExemptPaths;

    /// <summary>What is exempt until someone says otherwise: what an operator needs while the limits are used
    /// up.</summary>
    public static IReadOnlyList<string> DefaultExemptPaths { get; } =
    [
        "sys/generate-recovery-token/attempt", "sys/generate-recovery-token/update", "sys/generate-root/attempt",
        "sys/generate-root/update", "sys/health", "sys/seal-status", "sys/unseal",
    ];
}
