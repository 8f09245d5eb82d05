namespace Kist.Kernel.Tokens;

/// <summary>What a login or a create asks for. The token store turns it into a token.</summary>
public sealed record TokenGrant
{
    /// <summary>The policies to give, before <c>default</c> is added.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>Whether <c>default</c> is left out.</summary>
    public bool NoDefaultPolicy { get; init; }

    /// <summary>What the login says about the caller; null when nothing.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The name in audit and lookups.</summary>
    public string DisplayName { get; init; } = "";

    /// <summary>The life asked for; zero: the mount's default.</summary>
    public TimeSpan Ttl { get; init; }

    /// <summary>The longest life; zero: the mount's.</summary>
    public TimeSpan MaxTtl { get; init; }

    /// <summary>A hard end; zero: none.</summary>
    public TimeSpan ExplicitMaxTtl { get; init; }

    /// <summary>The period of a periodic token; zero: not periodic.</summary>
    public TimeSpan Period { get; init; }

    /// <summary>How often it may be used; 0: any number.</summary>
    public int NumUses { get; init; }

    /// <summary>Where it may be used from; empty: anywhere.</summary>
    public IReadOnlyList<string> BoundCidrs { get; init; } = [];

    /// <summary>Whether it can be renewed.</summary>
    public bool Renewable { get; init; } = true;

    /// <summary>Service, batch, or null for what the mount's <c>token_type</c> says.</summary>
    public TokenType? Type { get; init; }

    /// <summary>The name under which the login method knows the caller; makes or finds the identity entity.</summary>
    public LoginAlias? Alias { get; init; }

    /// <summary>Groups of the login method that the caller is in (external groups' aliases).</summary>
    public IReadOnlyList<string> GroupAliases { get; init; } = [];

    /// <summary>What the login method wants back at renewal.</summary>
    public IReadOnlyDictionary<string, string>? LoginData { get; init; }
}

/// <summary>A caller's name in a login method.</summary>
public sealed record LoginAlias(string Name, IReadOnlyDictionary<string, string>? Metadata = null);

/// <summary>A token just made or renewed: the <c>auth</c> part of an answer.</summary>
public sealed record IssuedToken(string Token, TokenEntry Entry, IReadOnlyList<string> IdentityPolicies, TimeSpan Ttl)
{
    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";
}

/// <summary>What a login method says when one of its tokens is renewed.</summary>
/// <param name="Fault">Why it is not renewed; null: it is.</param>
/// <param name="Ttl">The life when the client asks for none.</param>
/// <param name="MaxTtl">The longest life; zero: the mount's.</param>
/// <param name="Period">The period; zero: not periodic.</param>
/// <param name="ExplicitMaxTtl">A hard end counted from its making; zero: none.</param>
public readonly record struct LoginRenewal(Pipeline.Fault? Fault, TimeSpan Ttl, TimeSpan MaxTtl, TimeSpan Period,
    TimeSpan ExplicitMaxTtl)
{
    /// <summary>
    /// Whether the login method does not know the caller any more: nothing is renewed and nobody is told why, as Vault
    /// does when a user is gone.
    /// </summary>
    public bool IsForgotten { get; init; }
}
