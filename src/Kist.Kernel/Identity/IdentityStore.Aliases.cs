using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Identity;

public sealed partial class IdentityStore
{
    /// <summary>
    /// Makes an alias (and its entity, when none is named) or changes one, found by id or else by accessor and name. No
    /// alias and no fault: it is as wished already.
    /// </summary>
    public async ValueTask<(Alias? Alias, Fault? Fault)> WriteAliasAsync(AliasWish wish, CancellationToken ct)
    {
        if (wish.Id.Length == 0 && (wish.Name.Length == 0 || wish.MountAccessor.Length == 0))
            return (null, Fault.Invalid("'id' or 'mount_accessor' and 'name' must be provided"));
        if (IdentityRules.CheckName("name", wish.Name) is { } badName) return (null, badName);
        if (IdentityRules.CheckMetadata("custom_metadata", wish.CustomMetadata) is { } badPairs)
            return (null, badPairs);
        if (wish.Id.Length > 0 && await AliasAsync(wish.Id, ct) is null)
            return (null, Fault.Invalid("invalid alias ID provided"));
        if (CheckMount(wish.MountAccessor) is { } badMount) return (null, badMount);
        var result = await _storage.TransactAsync(async tx =>
        {
            var records = new IdentityRecords(tx);
            var known = wish.Id.Length > 0
                ? await records.AliasAsync(wish.Id)
                : await records.AliasOfAsync(wish.MountAccessor, wish.Name);
            if (known is not null) return await ChangeAliasAsync(records, known, wish);
            return wish.Id.Length > 0
                ? (null, Fault.Invalid("invalid alias ID provided"))
                : await AddAliasAsync(records, wish);
        }, ct);
        if (result.Alias is not null) Changed();
        return result;
    }

    private async ValueTask<(Alias? Alias, Fault? Fault)> AddAliasAsync(IdentityRecords records, AliasWish wish)
    {
        var now = Now;
        Entity? known = null;
        if (wish.CanonicalId.Length > 0 && (known = await records.EntityAsync(wish.CanonicalId)) is null)
            return (null, Fault.Invalid("invalid canonical ID"));
        var entity = known ?? new Entity { Id = NewId(), Name = NewName("entity"), Created = now };
        var alias = new Alias
        {
            Id = NewId(), CanonicalId = entity.Id, Name = wish.Name, MountAccessor = wish.MountAccessor,
            CustomMetadata = wish.CustomMetadata, Created = now, Updated = now,
            IsLocal = _kernel.Mounts.Current.WithAccessor(wish.MountAccessor)!.Entry.Local,
        };
        records.Put(alias, null);
        records.Put(entity with { AliasIds = [.. entity.AliasIds, alias.Id], Updated = now }, known);
        return (alias, null);
    }

    private async ValueTask<(Alias? Alias, Fault? Fault)> ChangeAliasAsync(
        IdentityRecords records, Alias known, AliasWish wish)
    {
        var alias = known with
        {
            Name = wish.Name.Length > 0 ? wish.Name : known.Name,
            MountAccessor = wish.MountAccessor.Length > 0 ? wish.MountAccessor : known.MountAccessor,
            CanonicalId = wish.CanonicalId.Length > 0 ? wish.CanonicalId : known.CanonicalId,
            CustomMetadata = wish.CustomMetadata ?? known.CustomMetadata,
        };
        if (alias == known) return (null, null);
        if (await records.AliasOfAsync(alias.MountAccessor, alias.Name) is { } other && other.Id != known.Id)
            return (null, Fault.Invalid("alias with combination of mount accessor and name already exists"));
        alias = alias with { Updated = Now };
        if (alias.CanonicalId != known.CanonicalId)
        {
            if (await records.EntityAsync(alias.CanonicalId) is not { } to)
                return (null, Fault.Invalid("given 'canonical_id' is not associated with an entity"));
            if (await records.EntityAsync(known.CanonicalId) is { } old)
                records.Put(old with { AliasIds = [.. old.AliasIds.Where(id => id != alias.Id)], Updated = Now }, old);
            records.Put(to with { AliasIds = [.. to.AliasIds, alias.Id], Updated = Now }, to);
        }
        records.Put(alias, known);
        return (alias, null);
    }

    /// <summary>Deletes an alias; its entity stays. Nothing happens when there is none.</summary>
    public async ValueTask DeleteAliasAsync(string id, CancellationToken ct)
    {
        await _storage.TransactAsync(async tx =>
        {
            var records = new IdentityRecords(tx);
            if (await records.AliasAsync(id) is not { } alias) return;
            records.Delete(alias);
            if (await records.EntityAsync(alias.CanonicalId) is { } entity)
                records.Put(entity with { AliasIds = [.. entity.AliasIds.Where(a => a != id)], Updated = Now }, entity);
        }, ct);
        Changed();
    }

    /// <summary>
    /// Gives an external group its name in a login method: a group has one, so a new one takes the old one's place.
    /// Without a group one is made.
    /// </summary>
    public async ValueTask<(Alias? Alias, Fault? Fault)> WriteGroupAliasAsync(AliasWish wish, CancellationToken ct)
    {
        if (wish.Id.Length > 0 && await GroupWithAliasAsync(wish.Id, ct) is null)
            return (null, Fault.Invalid("invalid group alias ID"));
        if (wish.Name.Length == 0) return (null, Fault.Invalid("missing alias name"));
        if (IdentityRules.CheckName("name", wish.Name) is { } badName) return (null, badName);
        if (wish.MountAccessor.Length == 0) return (null, Fault.Invalid("missing mount_accessor"));
        if (CheckMount(wish.MountAccessor) is { } badMount) return (null, badMount);
        var result = await _storage.TransactAsync(tx => WriteGroupAliasAsync(new IdentityRecords(tx), wish), ct);
        if (result.Alias is not null) Changed();
        return result;
    }

    private async ValueTask<(Alias? Alias, Fault? Fault)> WriteGroupAliasAsync(IdentityRecords records, AliasWish wish)
    {
        var now = Now;
        var holder = wish.Id.Length > 0
            ? await records.GroupWithAliasAsync(wish.Id)
            : await records.GroupOfAliasAsync(wish.MountAccessor, wish.Name);
        if (wish.Id.Length > 0 && holder is null) return (null, Fault.Invalid("invalid group alias ID"));
        if (wish.Id.Length > 0 && await records.GroupOfAliasAsync(wish.MountAccessor, wish.Name) is { } other
            && other.Id != holder!.Id)
            return (null, Fault.Invalid("combination of mount and group alias name is already in use"));
        var group = holder;
        if (wish.CanonicalId.Length > 0)
        {
            group = await records.GroupAsync(wish.CanonicalId);
            if (group is null) return (null, Fault.Invalid("invalid group ID given in 'canonical_id'"));
            if (!group.IsExternal) return (null, Fault.Invalid("alias can't be set on an internal group"));
        }
        var isNew = group is null;
        group ??= new Group { Id = NewId(), Name = NewName("group"), IsExternal = true, Created = now };
        var alias = (holder?.Alias ?? new Alias
        {
            Id = NewId(), CanonicalId = "", Name = "", MountAccessor = "", Created = now,
        }) with
        {
            CanonicalId = group.Id, Name = wish.Name, MountAccessor = wish.MountAccessor, Updated = now,
        };
        // Out of the old group before into the new one: both write the same keys.
        if (holder is not null && holder.Id != group.Id)
            records.Put(holder with { Alias = null, Updated = now }, holder);
        records.Put(group with { Alias = alias, Updated = now }, isNew ? null : group);
        return (alias, null);
    }

    /// <summary>Takes an external group's name in a login method away. Nothing happens when there is none.</summary>
    public async ValueTask DeleteGroupAliasAsync(string id, CancellationToken ct)
    {
        await _storage.TransactAsync(async tx =>
        {
            var records = new IdentityRecords(tx);
            if (await records.GroupWithAliasAsync(id) is { } group) records.Put(group with { Alias = null }, group);
        }, ct);
        Changed();
    }

    private Fault? CheckMount(string accessor) =>
        accessor.Length > 0 && _kernel.Mounts.Current.WithAccessor(accessor) is null
            ? Fault.Invalid($"invalid mount accessor \"{Shown(accessor)}\"")
            : null;
}
