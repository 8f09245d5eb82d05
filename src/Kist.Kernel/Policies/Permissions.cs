namespace Kist.Kernel.Policies;

/// <summary>What one rule, or several merged rules on the same path, allow. Immutable, shared by every token.</summary>
/// <param name="Capabilities">What is granted, or <see cref="Capabilities.Deny"/> alone.</param>
/// <param name="MinWrap">The shortest response-wrapping time to live that is accepted; zero: no such rule.</param>
/// <param name="MaxWrap">The longest response-wrapping time to live that is accepted; zero: no such rule.</param>
/// <param name="Parameters">Constraints on request parameters, or null.</param>
internal sealed record Permissions(
    Capabilities Capabilities, TimeSpan MinWrap, TimeSpan MaxWrap, ParameterConstraints? Parameters)
{
    internal static Permissions Denied { get; } = new(Capabilities.Deny, default, default, null);

    internal bool IsDenied => (Capabilities & Capabilities.Deny) != 0;

    internal bool Grants => !IsDenied && Capabilities is not Capabilities.None;

    /// <summary>
    /// Two rules on one path: deny wins; capabilities add up; of two wrapping limits the shorter counts, for both ends;
    /// a constraint of one rule also binds what the other grants.
    /// </summary>
    internal Permissions Merge(Permissions other)
    {
        if (IsDenied || other.IsDenied) return Denied;
        return new Permissions(
            Capabilities | other.Capabilities,
            Shorter(MinWrap, other.MinWrap),
            Shorter(MaxWrap, other.MaxWrap),
            Parameters is null ? other.Parameters : Parameters.Merge(other.Parameters));
    }

    /// <summary>A wrapping limit of either kind means that the answer must be wrapped.</summary>
    internal bool AcceptsWrap(TimeSpan? wrapTtl)
    {
        if (MaxWrap > TimeSpan.Zero && (wrapTtl is null || wrapTtl > MaxWrap)) return false;
        if (MinWrap > TimeSpan.Zero && (wrapTtl is null || wrapTtl < MinWrap)) return false;
        return true;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other)
    {
        if (one == TimeSpan.Zero) return other;
        return other == TimeSpan.Zero || one < other ? one : other;
    }
}
