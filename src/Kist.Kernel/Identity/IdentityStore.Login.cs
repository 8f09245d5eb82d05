using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Identity;

public sealed partial class IdentityStore
{
    /// <summary>How many memberships one batch changes: each costs two writes and a guard or two.</summary>
    private const int MembersPerBatch = 24;

    /// <summary>
    /// The entity behind a login's alias, made when it is new; its external groups are brought up to date. A fault when
    /// the entity is disabled or the name cannot be one.
    /// </summary>
    public async ValueTask<(string EntityId, Fault? Fault)> LoginAsync(
        Mount mount, LoginAlias alias, IReadOnlyList<string> groupAliases, CancellationToken ct)
    {
        if (alias.Name.Length == 0) return ("", Fault.Invalid("missing name in alias"));
        if (IdentityRules.CheckName("the login's name", alias.Name) is { } badName) return ("", badName);
        var accessor = mount.Entry.Accessor;
        var (entity, isKnown, isChanged) = await KnownAsync(accessor, alias, ct);
        if (!isKnown || isChanged)
            entity = await _storage.TransactAsync(tx => FindOrMakeAsync(new IdentityRecords(tx), mount, alias), ct);
        // A new entity is in nobody's view yet, so only a changed one makes views stale.
        if (isChanged) Changed();
        if (entity!.IsDisabled) return ("", Fault.BadToken);
        await FollowExternalGroupsAsync(entity.Id, accessor, groupAliases, ct);
        return (entity.Id, null);
    }

    private async ValueTask<(Entity? Entity, bool IsKnown, bool IsChanged)> KnownAsync(
        string accessor, LoginAlias alias, CancellationToken ct)
    {
        if (await AliasOfAsync(accessor, alias.Name, ct) is not { } known) return (null, false, false);
        if (await EntityAsync(known.CanonicalId, ct) is not { } entity) return (null, false, false);
        return (entity, true, !SamePairs(known.Metadata, alias.Metadata));
    }

    private async ValueTask<Entity> FindOrMakeAsync(IdentityRecords records, Mount mount, LoginAlias login)
    {
        var now = Now;
        var known = await records.AliasOfAsync(mount.Entry.Accessor, login.Name);
        var entity = known is null ? null : await records.EntityAsync(known.CanonicalId);
        if (known is not null && entity is not null)
        {
            if (!SamePairs(known.Metadata, login.Metadata))
                records.Put(known with { Metadata = login.Metadata, Updated = now }, known);
            return entity;
        }
        var id = NewId();
        var alias = new Alias
        {
            Id = NewId(), CanonicalId = id, Name = login.Name, MountAccessor = mount.Entry.Accessor,
            Metadata = login.Metadata, IsLocal = mount.Entry.Local, Created = now, Updated = now,
        };
        entity = new Entity
        {
            Id = id, Name = NewName("entity"), AliasIds = [alias.Id], Created = now, Updated = now,
        };
        records.Put(alias, known);
        records.Put(entity, null);
        return entity;
    }

    /// <summary>
    /// Puts the entity into the external groups of this mount that the login names, and out of all its others.
    /// </summary>
    private async ValueTask FollowExternalGroupsAsync(
        string entityId, string accessor, IReadOnlyList<string> names, CancellationToken ct)
    {
        var wanted = new HashSet<string>();
        foreach (var name in names)
            if (await GroupOfAliasAsync(accessor, name, ct) is { IsExternal: true } group) wanted.Add(group.Id);
        var current = new HashSet<string>();
        foreach (var group in (await GroupsOfAsync(entityId, ct)).Direct)
            if (group.IsExternal && group.Alias?.MountAccessor == accessor) current.Add(group.Id);
        if (wanted.SetEquals(current)) return;
        var changes = current.Except(wanted).Select(id => (Id: id, Joins: false))
            .Concat(wanted.Except(current).Select(id => (Id: id, Joins: true)));
        foreach (var some in changes.Chunk(MembersPerBatch))
            await _storage.TransactAsync(async tx =>
            {
                var records = new IdentityRecords(tx);
                if (await records.EntityAsync(entityId) is null) return;
                foreach (var (id, joins) in some)
                {
                    if (await records.GroupAsync(id) is not { } group) continue;
                    if (joins) records.Join(id, entityId);
                    else records.Leave(id, entityId);
                    records.Put(group, group);
                }
            }, ct);
        Changed();
    }

    private static bool SamePairs(IReadOnlyDictionary<string, string>? a, IReadOnlyDictionary<string, string>? b)
    {
        if ((a?.Count ?? 0) != (b?.Count ?? 0)) return false;
        foreach (var (key, value) in a ?? NoPairs)
            if (b!.GetValueOrDefault(key) != value) return false;
        return true;
    }
}
