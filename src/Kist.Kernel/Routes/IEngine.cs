using Kist.Kernel.Barrier;
using Kist.Kernel.Events;
using Kist.Kernel.Leases;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Routes;

/// <summary>
/// A secrets engine, a login method or <c>sys/</c>: they are the same thing. One object per mount; it holds no state
/// that its storage does not have, except caches.
/// </summary>
public interface IEngine
{
    /// <summary>What it answers to.</summary>
    IReadOnlyList<Route> Routes { get; }

    /// <summary>The kinds of lease it hands out, with how each is renewed and revoked.</summary>
    IReadOnlyList<LeaseKind> Leases => [];

    /// <summary>Work that must run now and then, on one node.</summary>
    IReadOnlyList<Chore> Chores => [];

    /// <summary>
    /// Called once when the mount is made and each time its configuration was changed, before the next request sees it.
    /// A fault refuses the change.
    /// </summary>
    ValueTask<Fault?> ConfigureAsync(MountEntry entry, CancellationToken ct) => ValueTask.FromResult<Fault?>(null);

    /// <summary>
    /// Asked when a token that this login made is renewed: it may refuse (the user is gone, the policies changed) or
    /// give other limits. By default the limits that the token was made with.
    /// </summary>
    ValueTask<LoginRenewal> RenewLoginAsync(Mount mount, TokenEntry token, CancellationToken ct) =>
        ValueTask.FromResult(
            new LoginRenewal(null, token.CreationTtl, token.MaxTtl, token.Period, token.ExplicitMaxTtl));

    /// <summary>
    /// The path below the mount whose readers may know that the mount's storage key <paramref name="key"/> changed;
    /// null: nobody is told of it. Reads nothing.
    /// </summary>
    string? PathOfKey(string key) => null;

    /// <summary>What has become of such a key; null: nothing that anybody is told. Never a value.</summary>
    ValueTask<ChangeEvent?> DescribeChangeAsync(string key, CancellationToken ct) => new((ChangeEvent?)null);
}

/// <summary>Periodic work of an engine: it runs on one node at a time.</summary>
/// <param name="Name">For the log.</param>
/// <param name="Interval">How often.</param>
/// <param name="Run">One round; must be safe to stop at any point and to run again.</param>
public sealed record Chore(string Name, TimeSpan Interval, Func<CancellationToken, ValueTask> Run);

/// <summary>A kind of engine that can be mounted: what <c>Catalog.cs</c> lists.</summary>
/// <param name="Type">The name in <c>sys/mounts</c> or <c>sys/auth</c>: <c>kv</c>, <c>userpass</c>, …</param>
/// <param name="IsLogin">Whether it is mounted under <c>auth/</c>.</param>
/// <param name="Create">
/// Makes the engine for a mount; null when the mount's options ask for what the engine does not have (Vault: "nil
/// backend").
/// </param>
public sealed record EngineKind(string Type, bool IsLogin, Func<EngineContext, IEngine?> Create)
{
    /// <summary>
    /// Whether a person may mount it; <c>system</c>, <c>cubbyhole</c>, <c>identity</c>, <c>token</c> exist once.
    /// </summary>
    public bool IsMountable { get; init; } = true;
}

/// <summary>What an engine gets when it is made: its mount's entry and storage, and the unsealed kernel.</summary>
public sealed record EngineContext(MountEntry Entry, Storage Storage, Node.Unsealed Kernel);
