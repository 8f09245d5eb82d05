using Kist.Kernel.Audit;
using Kist.Kernel.Identity;
using Kist.Kernel.Policies;

namespace Kist.Kernel.Tokens;

/// <summary>
/// Who asks: the token, its entity, and everything that was worked out once for it (compiled policies, the audit's
/// keyed hashes). An immutable snapshot, kept while the token, the policies and the identity do not change.
/// </summary>
public sealed class Caller
{
    internal Caller(TokenEntry? entry, Acl acl, IdentityView? identity)
    {
        Entry = entry;
        Acl = acl;
        Identity = identity;
        IdentityPolicies = entry is null || entry.NoIdentityPolicies || identity is null ? [] : identity.Policies;
        Policies = entry is null ? [] : IdentityPolicies.Count == 0
            ? entry.Policies
            : [.. entry.Policies.Concat(IdentityPolicies).Distinct().Order(StringComparer.Ordinal)];
        Audit = entry is null ? null : new AuditSubject(entry, Policies, IdentityPolicies);
    }

    /// <summary>Nobody: on open routes, and in the audit of requests without a valid token.</summary>
    public static Caller Anonymous { get; } = new(null, Acl.Compile([]), null);

    /// <summary>The token's record; null for nobody.</summary>
    public TokenEntry? Entry { get; }

    /// <summary>What the token may do.</summary>
    public Acl Acl { get; }

    /// <summary>The entity behind the token; null without one.</summary>
    public IdentityView? Identity { get; }

    /// <summary>The token's own policies and its identity's, sorted.</summary>
    public IReadOnlyList<string> Policies { get; }

    /// <summary>The policies that come from its entity and groups.</summary>
    public IReadOnlyList<string> IdentityPolicies { get; }

    /// <summary>What the audit writes about this caller, worked out once; null for nobody.</summary>
    public AuditSubject? Audit { get; }
}
