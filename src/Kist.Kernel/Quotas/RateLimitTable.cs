using Kist.Kernel.Mounts;

namespace Kist.Kernel.Quotas;

/// <summary>
/// All limits at one moment; immutable. The narrowest limit that covers a path is the one that counts: an exact path,
/// then the longest path with a star, then the mount, then the limit on everything.
/// </summary>
internal sealed class RateLimitTable
{
    private readonly RateLimiter[] _byRank;
    private readonly string[] _exempt;

    public RateLimitTable(IEnumerable<RateLimiter> limiters, QuotaConfig config)
    {
        Limiters = [.. limiters];
        Config = config;
        _byRank = [.. Limiters.OrderByDescending(l => RankOf(l.Limit))];
        _exempt = [.. config.RateLimitExemptPaths];
    }

    public IReadOnlyList<RateLimiter> Limiters { get; }

    public QuotaConfig Config { get; }

    /// <summary>The limit for a path of <paramref name="mount"/> (null: of none); null when nothing covers
    /// it.</summary>
    public RateLimiter? Find(string path, Mount? mount)
    {
        foreach (var exempt in _exempt)
            if (Covers(exempt, path)) return null;
        foreach (var limiter in _byRank)
        {
            var limit = limiter.Limit;
            if (limit.Role.Length > 0 && RoleOf(path) != limit.Role) continue;
            if (limit.MountPath.Length == 0) return limiter;
            if (mount is null || mount.Path != limit.MountPath) continue;
            var below = path.AsSpan(mount.Path.Length);
            if (limit.PathSuffix.Length == 0 || Covers(limit.PathSuffix, below)) return limiter;
        }
        return null;
    }

    private static (bool, bool, int, bool) RankOf(RateLimit limit) =>
        (limit.Role.Length > 0, limit.PathSuffix.Length > 0 && !limit.PathSuffix.EndsWith('*'), limit.PathSuffix.Length,
            limit.MountPath.Length > 0);

    private static bool Covers(string pattern, ReadOnlySpan<char> path) =>
        pattern.EndsWith('*') ? path.StartsWith(pattern.AsSpan(0, pattern.Length - 1)) : path.SequenceEqual(pattern);

    /// <summary>The role in <c>auth/…/login/ROLE</c>: the only place where a role can be known before
    /// authentication.</summary>
    private static string? RoleOf(string path)
    {
        var at = path.LastIndexOf("/login/", StringComparison.Ordinal);
        return at < 0 ? null : path[(at + "/login/".Length)..];
    }
}
