using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Identity;

/// <summary>
/// Entities, their names in login methods (aliases) and groups. <see cref="Generation"/> grows with every change, and
/// everything worked out from identity is good for one generation only.
/// </summary>
public sealed class IdentityStore
{
    private readonly Storage _storage;
    private long _generation = 1;

    internal IdentityStore(Node.Unsealed kernel, Storage storage) => _storage = storage;

    /// <summary>Grows with every change.</summary>
    public long Generation => Volatile.Read(ref _generation);

    /// <summary>What tokens and policies need of an entity; null when there is none with this id.</summary>
    public ValueTask<IdentityView?> ViewAsync(string entityId, CancellationToken ct) => new((IdentityView?)null);

    /// <summary>The entity behind a login's alias, made when it is new; its external groups are brought up to date.</summary>
    public ValueTask<(string EntityId, Fault? Fault)> LoginAsync(
        Mount mount, LoginAlias alias, IReadOnlyList<string> groupAliases, CancellationToken ct) => new(("", null));
}
