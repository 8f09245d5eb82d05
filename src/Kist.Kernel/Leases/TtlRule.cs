using Kist.Kernel.Routes;

namespace Kist.Kernel.Leases;

/// <summary>
/// How long a lease or token may live, the same rule for making and renewing (Vault: "Token Time-To-Live, Periodic
/// Tokens, and Explicit Max TTLs").
/// </summary>
public readonly record struct TtlRule
{
    /// <summary>What was asked for now; zero: nothing.</summary>
    public TimeSpan Asked { get; init; }

    /// <summary>What the role or login gives when nothing is asked for; zero: nothing.</summary>
    public TimeSpan RoleTtl { get; init; }

    /// <summary>The role's or login's longest life; zero: none of its own.</summary>
    public TimeSpan RoleMaxTtl { get; init; }

    /// <summary>A hard end counted from the start; zero: none.</summary>
    public TimeSpan ExplicitMaxTtl { get; init; }

    /// <summary>A renewal period; zero: not periodic.</summary>
    public TimeSpan Period { get; init; }

    /// <summary>The mount's default.</summary>
    public required TimeSpan MountDefault { get; init; }

    /// <summary>The mount's longest.</summary>
    public required TimeSpan MountMax { get; init; }

    /// <summary>When the life began.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>The life from <paramref name="now"/>; negative when it is over and cannot be renewed.</summary>
    public TimeSpan Decide(DateTimeOffset now, List<string> warnings)
    {
        var max = Least(MountMax, RoleMaxTtl, ExplicitMaxTtl);
        TimeSpan ttl;
        DateTimeOffset? end;
        if (Period > TimeSpan.Zero)
        {
            ttl = Period;
            if (ttl > max)
            {
                warnings.Add($"period of \"{GoDuration.Format(ttl)}\" exceeded the effective max_ttl of "
                    + $"\"{GoDuration.Format(max)}\"; period value is capped accordingly");
                ttl = max;
            }
            end = ExplicitMaxTtl > TimeSpan.Zero ? Start + ExplicitMaxTtl : null;
        }
        else
        {
            ttl = Asked > TimeSpan.Zero ? Asked : RoleTtl > TimeSpan.Zero ? RoleTtl : MountDefault;
            end = Start + max;
        }
        if (end is not { } last) return ttl;
        var left = last - now;
        if (left < TimeSpan.Zero) return TimeSpan.FromSeconds(-1);
        if (ttl <= left) return ttl;
        // Less than a second is the time since the start, not a wish that was cut.
        if (ttl - left < TimeSpan.FromSeconds(1)) return left;
        warnings.Add($"TTL of \"{GoDuration.Format(Whole(ttl))}\" exceeded the effective max_ttl of "
            + $"\"{GoDuration.Format(Whole(left))}\"; TTL value is capped accordingly");
        return left;
    }

    private static TimeSpan Whole(TimeSpan t) => TimeSpan.FromSeconds(Math.Ceiling(t.TotalSeconds));

    private static TimeSpan Least(TimeSpan max, TimeSpan a, TimeSpan b)
    {
        if (a > TimeSpan.Zero && a < max) max = a;
        if (b > TimeSpan.Zero && b < max) max = b;
        return max;
    }
}
