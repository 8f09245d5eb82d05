namespace Kist.Kernel.Node;

/// <summary>
/// Everything that a node remembers and another node can change. What is not here is either read from the store for
/// each request (leases, password policies, who holds unseal keys) or never changes (the keys made at
/// initialisation).
/// </summary>
internal static class Coherence
{
    /// <summary>One line for each cache or snapshot.</summary>
    public static IReadOnlyList<CacheFollower> FollowersOf(Unsealed kernel) =>
    [
        .. RecentEntries(kernel),
        // Before all that read: after a restore nothing else can be read again.
        new(Barrier.Barrier.EpochKey, ct => kernel.Node.FollowRestoreAsync(kernel, ct)),
        new(Barrier.Barrier.KeyringStoreKey, kernel.Barrier.FollowAsync),
        new(kernel.Mounts.GenerationStoreKey, kernel.Mounts.FollowAsync),
        new(kernel.Policies.StorePrefix, At(kernel.Policies.Changed)),
        new(kernel.Identity.StorePrefix, At(kernel.Identity.Changed)),
        new(kernel.Tokens.EntryStorePrefix, At(kernel.Tokens.ForgetAll)) { Forget = kernel.Tokens.Forget },
        new(kernel.Quotas.StorePrefix, kernel.Quotas.ReloadAsync),
        new(kernel.Cors.StoreKey, kernel.Cors.ReloadAsync),
        .. from prefix in kernel.Audit.StorePrefixes select new CacheFollower(prefix, kernel.Audit.FollowAsync),
    ];

    private static IEnumerable<CacheFollower> RecentEntries(Unsealed kernel) => kernel.Barrier.Recent is { } recent
        ? [new("", At(recent.Clear)) { Forget = recent.Forget }]
        : [];

    private static Func<CancellationToken, ValueTask> At(Action forget) => _ =>
    {
        forget();
        return default;
    };
}
