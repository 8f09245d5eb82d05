using System.Text.Json.Serialization;

namespace Kist.Kernel.Mounts;

/// <summary>A mount as it is stored and shown in <c>sys/mounts</c> and <c>sys/auth</c>.</summary>
public sealed record MountEntry
{
    /// <summary>Where requests find it: <c>secret/</c>, <c>auth/userpass/</c>. Always ends in a slash.</summary>
    public required string Path { get; init; }

    /// <summary>The engine's type: <c>kv</c>, <c>userpass</c>, …</summary>
    public required string Type { get; init; }

    /// <summary>Names its storage; never used again.</summary>
    public required string Uuid { get; init; }

    /// <summary>Names it to people and policies: <c>kv_0a1b2c3d</c>.</summary>
    public required string Accessor { get; init; }

    /// <summary>What a person wrote about it.</summary>
    public string Description { get; init; } = "";

    /// <summary>The engine's options (<c>version</c>); null when none were given.</summary>
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    /// <summary>Whether it is kept out of replication. Stored for clients.</summary>
    public bool Local { get; init; }

    /// <summary>Whether its data should be wrapped by the seal too. Stored for clients.</summary>
    public bool SealWrap { get; init; }

    /// <summary>Whether an outside source of randomness is asked for. Stored for clients.</summary>
    public bool ExternalEntropyAccess { get; init; }

    /// <summary>Default life of leases and tokens; zero: the system's.</summary>
    public TimeSpan DefaultLeaseTtl { get; init; }

    /// <summary>Longest life of leases and tokens; zero: the system's.</summary>
    public TimeSpan MaxLeaseTtl { get; init; }

    /// <summary>Stored for clients.</summary>
    public bool ForceNoCache { get; init; }

    /// <summary>Request fields that the audit shows in clear; null when never set.</summary>
    public IReadOnlyList<string>? AuditNonHmacRequestKeys { get; init; }

    /// <summary>Answer fields that the audit shows in clear; null when never set.</summary>
    public IReadOnlyList<string>? AuditNonHmacResponseKeys { get; init; }

    /// <summary><c>unauth</c>: shown to callers without a token; <c>hidden</c> or null.</summary>
    public string? ListingVisibility { get; init; }

    /// <summary>Request headers that reach the engine; null when never set.</summary>
    public IReadOnlyList<string>? PassthroughRequestHeaders { get; init; }

    /// <summary>Answer headers that the engine may set; null when never set.</summary>
    public IReadOnlyList<string>? AllowedResponseHeaders { get; init; }

    /// <summary>
    /// For logins: <c>default-service</c>, <c>default-batch</c>, <c>service</c> or <c>batch</c>; null elsewhere.
    /// </summary>
    public string? TokenType { get; init; }

    /// <summary>
    /// Accessors of logins to which this mount may delegate; null when never set. Stored for clients.
    /// </summary>
    public IReadOnlyList<string>? DelegatedAuthAccessors { get; init; }

    /// <summary>Managed keys that the mount may use; null when never set. Stored for clients.</summary>
    public IReadOnlyList<string>? AllowedManagedKeys { get; init; }

    /// <summary>The identity key that signs the mount's own tokens; null when never set. Stored for clients.</summary>
    public string? IdentityTokenKey { get; init; }

    /// <summary>When a login locks a user out after wrong passwords; null: as the engine does by itself.</summary>
    public UserLockout? UserLockout { get; init; }

    /// <summary>True while its data is being deleted; it answers nothing then.</summary>
    public bool Tainted { get; init; }

    /// <summary>Whether it lies under <c>auth/</c>.</summary>
    [JsonIgnore]
    public bool IsLogin => Path.StartsWith("auth/", StringComparison.Ordinal);
}

/// <summary>After how many failures a user is locked out, and for how long.</summary>
/// <param name="Threshold">Failures until then; zero: the engine's own.</param>
/// <param name="Duration">For how long; zero: the engine's own.</param>
/// <param name="CounterReset">After which time without failures counting starts again; zero: the engine's own.</param>
/// <param name="Disable">Whether nobody is locked out.</param>
public sealed record UserLockout(long Threshold, TimeSpan Duration, TimeSpan CounterReset, bool Disable);
