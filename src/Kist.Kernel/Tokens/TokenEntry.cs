using System.Text.Json.Serialization;

namespace Kist.Kernel.Tokens;

/// <summary>
/// What is stored of a token. Never the token itself: a service token is found by its keyed hash
/// (<see cref="TokenHash"/>), a batch token carries this record encrypted inside itself.
/// </summary>
public sealed record TokenEntry
{
    /// <summary>The keyed hash under which the entry lies; empty for a batch token.</summary>
    public string Hash { get; init; } = "";

    /// <summary>24 characters that name the token without its power; empty for a batch token.</summary>
    public string Accessor { get; init; } = "";

    /// <summary>The parent's keyed hash, or empty for an orphan. A batch token dies with its parent.</summary>
    public string Parent { get; init; } = "";

    /// <summary>Service or batch.</summary>
    public TokenType Type { get; init; }

    /// <summary>The policies of the token itself, sorted.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>The path that created it, for example <c>auth/token/create</c>.</summary>
    public string Path { get; init; } = "";

    /// <summary>What the creator wrote about it; null when nothing.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The name in audit and lookups.</summary>
    public string DisplayName { get; init; } = "";

    /// <summary>The role of <c>auth/token/roles</c> it was made from, or empty.</summary>
    public string Role { get; init; } = "";

    /// <summary>The identity entity behind it, or empty.</summary>
    public string EntityId { get; init; } = "";

    /// <summary>The addresses it may be used from; empty: any.</summary>
    public IReadOnlyList<string> BoundCidrs { get; init; } = [];

    /// <summary>Uses left; 0: unlimited; <see cref="RevocationPending"/>: none, and its revocation has begun.</summary>
    public int NumUses { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset IssueTime { get; init; }

    /// <summary>When it was last renewed.</summary>
    public DateTimeOffset? LastRenewal { get; init; }

    /// <summary>When it dies; null: never (root only).</summary>
    public DateTimeOffset? ExpireTime { get; init; }

    /// <summary>The life it was given when made.</summary>
    public TimeSpan CreationTtl { get; init; }

    /// <summary>A hard end counted from its making, or zero.</summary>
    public TimeSpan ExplicitMaxTtl { get; init; }

    /// <summary>The renewal period of a periodic token, or zero.</summary>
    public TimeSpan Period { get; init; }

    /// <summary>The maximal life that the login asked for, or zero: the mount's.</summary>
    public TimeSpan MaxTtl { get; init; }

    /// <summary>Whether it can be renewed.</summary>
    public bool Renewable { get; init; }

    /// <summary>Whether policies of its entity and groups are left out.</summary>
    public bool NoIdentityPolicies { get; init; }

    /// <summary>The uuid of the login mount that made it.</summary>
    public string MountUuid { get; init; } = "";

    /// <summary>What the login method wants back at renewal.</summary>
    public IReadOnlyDictionary<string, string>? LoginData { get; init; }

    /// <summary>
    /// The marker in <see cref="NumUses"/> of a token whose revocation has begun; it can do nothing any more.
    /// </summary>
    public const int RevocationPending = -3;

    /// <summary>Whether it has no parent.</summary>
    [JsonIgnore]
    public bool IsOrphan => Parent.Length == 0;

    /// <summary>Whether it holds the root policy.</summary>
    [JsonIgnore]
    public bool IsRoot => Policies is ["root"];

    /// <summary>
    /// The lease that ends it: its path and hash, as in <c>sys/leases/lookup</c>; null when it never ends.
    /// </summary>
    [JsonIgnore]
    public string? LeaseId => ExpireTime is null || Type is TokenType.Batch ? null : $"{Path}/h{Hash}";

    /// <summary>The rest of its life at <paramref name="now"/>; zero when it never ends or has ended.</summary>
    public TimeSpan RemainingAt(DateTimeOffset now) =>
        ExpireTime is { } end && end > now ? end - now : TimeSpan.Zero;
}

/// <summary>The two kinds of token.</summary>
public enum TokenType
{
    /// <summary>Stored, revocable, renewable.</summary>
    Service,
    /// <summary>Not stored: an encrypted, authenticated record that is its own proof.</summary>
    Batch,
}
