using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Leases;

/// <summary>
/// What an engine hands out for a time: the kernel registers it and calls the kind's revoke when it ends.
/// </summary>
/// <param name="Kind">The name of one of the engine's <see cref="LeaseKind"/>s.</param>
/// <param name="Ttl">The life asked for; zero: the mount's default.</param>
/// <param name="MaxTtl">The longest life; zero: the mount's.</param>
/// <param name="Renewable">Whether it can be renewed.</param>
/// <param name="Data">What renew and revoke need, as UTF-8 JSON; stored encrypted.</param>
public sealed record LeaseGrant(string Kind, TimeSpan Ttl, TimeSpan MaxTtl, bool Renewable, ReadOnlyMemory<byte> Data)
{
    /// <summary>Set when the lease is registered.</summary>
    public string Id { get; internal set; } = "";

    /// <summary>The life it got.</summary>
    public TimeSpan Granted { get; internal set; }
}

/// <summary>How one kind of lease is renewed and revoked.</summary>
/// <param name="Name">The name in <see cref="LeaseGrant.Kind"/>.</param>
/// <param name="Revoke">Ends what was leased. Must be safe to call again after a failure.</param>
/// <param name="Renew">Lengthens it and may refuse; null: only the kernel's own record changes.</param>
public sealed record LeaseKind(string Name, Func<LeaseRecord, CancellationToken, ValueTask> Revoke,
    Func<LeaseRecord, TimeSpan, CancellationToken, ValueTask<Fault?>>? Renew = null);
