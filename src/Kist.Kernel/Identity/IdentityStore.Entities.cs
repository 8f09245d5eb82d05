using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Identity;

public sealed partial class IdentityStore
{
    private const int GroupsPerBatch = 12;
    private const int AliasesPerBatch = 12;

    /// <summary>Makes an entity or changes one, found by id or else by name.</summary>
    public async ValueTask<(Entity? Entity, bool IsNew, Fault? Fault)> WriteEntityAsync(
        EntityWish wish, CancellationToken ct)
    {
        if (IdentityRules.CheckName("name", wish.Name) is { } badName) return (null, false, badName);
        if (IdentityRules.CleanPolicies(wish.Policies, out var policies) is { } badPolicy)
            return (null, false, badPolicy);
        if (IdentityRules.CheckMetadata("metadata", wish.Metadata) is { } badPairs) return (null, false, badPairs);
        wish = wish with { Policies = policies is null ? null : [.. policies.Order(StringComparer.Ordinal)] };
        var result = await _storage.TransactAsync(tx => WriteEntityAsync(new IdentityRecords(tx), wish), ct);
        if (result is { Fault: null, IsNew: false }) Changed();
        return result;
    }

    private async ValueTask<(Entity? Entity, bool IsNew, Fault? Fault)> WriteEntityAsync(
        IdentityRecords records, EntityWish wish)
    {
        Entity? known = null;
        if (wish.Id.Length > 0)
        {
            known = await records.EntityAsync(wish.Id);
            if (known is null) return (null, false, Fault.Invalid("entity not found from id"));
        }
        if (wish.Name.Length > 0 && await records.EntityNamedAsync(wish.Name) is { } named)
        {
            known ??= named;
            if (known.Id != named.Id) return (null, false, Fault.Invalid("entity name is already in use"));
        }
        var now = Now;
        var entity = known ?? new Entity { Id = NewId(), Name = NewName("entity"), Created = now };
        entity = entity with
        {
            Name = wish.Name.Length > 0 ? wish.Name : entity.Name,
            Metadata = wish.Metadata ?? entity.Metadata,
            Policies = wish.Policies ?? entity.Policies,
            IsDisabled = wish.IsDisabled ?? entity.IsDisabled,
            Updated = now,
        };
        records.Put(entity, known);
        return (entity, known is null, null);
    }

    /// <summary>
    /// Deletes an entity with its aliases and memberships; its tokens can do nothing from then on. Nothing happens when
    /// there is none. One with very many groups or aliases goes in several batches; it loses rights first and itself
    /// last.
    /// </summary>
    public async ValueTask DeleteEntityAsync(string id, CancellationToken ct)
    {
        if (!IdentityRules.IsId(id)) return;
        var prefix = IdentityRecords.InPrefix(id);
        for (var gone = false; !gone;)
        {
            var groups = await _storage.ScanAsync(prefix, "", GroupsPerBatch, ct);
            gone = await _storage.TransactAsync(async tx =>
            {
                var records = new IdentityRecords(tx);
                if (await records.EntityAsync(id) is not { } entity) return true;
                foreach (var key in groups)
                {
                    var groupId = key[prefix.Length..];
                    records.Leave(groupId, id);
                    if (await records.GroupAsync(groupId) is { } group) records.Put(group, group);
                }
                foreach (var aliasId in entity.AliasIds.Take(AliasesPerBatch))
                    if (await records.AliasAsync(aliasId) is { } alias) records.Delete(alias);
                if (groups.Count < GroupsPerBatch && entity.AliasIds.Count <= AliasesPerBatch)
                {
                    records.Delete(entity);
                    foreach (var merged in (entity.MergedIds ?? []).Take(AliasesPerBatch)) records.DeleteMerged(merged);
                    return true;
                }
                var left = entity.AliasIds.Skip(AliasesPerBatch);
                records.Put(entity with { AliasIds = [.. left], Updated = Now }, entity);
                return false;
            }, ct);
            Changed();
        }
    }

    /// <summary>
    /// Makes entities part of another one: it takes over their aliases and memberships, and their tokens become its
    /// tokens. Their own policies and metadata are lost, as in Vault.
    /// </summary>
    /// <param name="keep">Where both have an alias on one mount, the ids of those that stay; none: all stay.</param>
    public async ValueTask<Fault?> MergeAsync(
        string intoId, IReadOnlyList<string> fromIds, IReadOnlyList<string> keep, CancellationToken ct)
    {
        if (fromIds.Count > 1 && keep.Count > 1)
            return Fault.Invalid("aliases conflicts cannot be resolved with multiple from entity ids - merge one "
                + "entity at a time");
        if (await EntityAsync(intoId, ct) is null) return Fault.Invalid("entity id to merge to is invalid");
        foreach (var id in fromIds)
        {
            if (id == intoId) return Fault.Invalid("to_entity_id should not be present in from_entity_ids");
            if (await EntityAsync(id, ct) is null) return Fault.Invalid("entity id to merge from is invalid");
        }
        foreach (var id in fromIds.Distinct())
        {
            var prefix = IdentityRecords.InPrefix(id);
            var groups = await _storage.ScanAsync(prefix, "", 0, ct);
            Fault? conflict = null;
            await _storage.TransactAsync(async tx =>
            {
                var records = new IdentityRecords(tx);
                if (await records.EntityAsync(intoId) is not { } into) return;
                if (await records.EntityAsync(id) is not { } part) return;
                HashSet<string> gone;
                (gone, conflict) = await LosingAsync(records, into, part, keep);
                if (conflict is not null) return;
                foreach (var key in groups) await MoveAsync(records, key[prefix.Length..], id, intoId);
                foreach (var aliasId in gone)
                    if (await records.AliasAsync(aliasId) is { } alias) records.Delete(alias);
                foreach (var aliasId in part.AliasIds.Where(a => !gone.Contains(a)))
                    if (await records.AliasAsync(aliasId) is { } alias)
                        records.Put(alias with
                        {
                            CanonicalId = intoId, MergedFrom = [.. alias.MergedFrom ?? [], id], Updated = Now,
                        }, alias);
                foreach (var older in part.MergedIds ?? []) records.PutMerged(older, intoId);
                records.PutMerged(id, intoId);
                records.Delete(part);
                records.Put(into with
                {
                    AliasIds = [.. into.AliasIds.Concat(part.AliasIds).Where(a => !gone.Contains(a))],
                    MergedIds = [.. into.MergedIds ?? [], .. part.MergedIds ?? [], id],
                    Updated = Now,
                }, into);
            }, ct);
            if (conflict is not null) return conflict;
            Changed();
        }
        return null;
    }

    /// <summary>The aliases that give way to one of <paramref name="keep"/> on the same mount.</summary>
    private static async ValueTask<(HashSet<string> Gone, Fault? Conflict)> LosingAsync(
        IdentityRecords records, Entity into, Entity part, IReadOnlyList<string> keep)
    {
        var gone = new HashSet<string>(StringComparer.Ordinal);
        if (keep.Count == 0) return (gone, null);
        foreach (var partId in part.AliasIds)
        {
            if (await records.AliasAsync(partId) is not { } theirs) continue;
            foreach (var intoId in into.AliasIds)
            {
                if (await records.AliasAsync(intoId) is not { } own || own.MountAccessor != theirs.MountAccessor)
                    continue;
                if (keep.Contains(intoId)) gone.Add(partId);
                else if (keep.Contains(partId)) gone.Add(intoId);
                else
                    return (gone, Fault.Invalid("conflicting mount accessors in following alias IDs and neither were "
                        + $"present in conflicting_alias_ids_to_keep: {partId}, {intoId}"));
            }
        }
        return (gone, null);
    }

    private static async ValueTask MoveAsync(IdentityRecords records, string groupId, string partId, string intoId)
    {
        records.Leave(groupId, partId);
        if (await records.GroupAsync(groupId) is not { } group) return;
        records.Join(groupId, intoId);
        records.Put(group, group);
    }
}
