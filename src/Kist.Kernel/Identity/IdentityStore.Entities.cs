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
    public async ValueTask<Fault?> MergeAsync(string intoId, IReadOnlyList<string> fromIds, CancellationToken ct)
    {
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
            await _storage.TransactAsync(async tx =>
            {
                var records = new IdentityRecords(tx);
                if (await records.EntityAsync(intoId) is not { } into) return;
                if (await records.EntityAsync(id) is not { } part) return;
                foreach (var key in groups) await MoveAsync(records, key[prefix.Length..], id, intoId);
                foreach (var aliasId in part.AliasIds)
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
                    AliasIds = [.. into.AliasIds, .. part.AliasIds],
                    MergedIds = [.. into.MergedIds ?? [], .. part.MergedIds ?? [], id],
                    Updated = Now,
                }, into);
            }, ct);
            Changed();
        }
        return null;
    }

    private static async ValueTask MoveAsync(IdentityRecords records, string groupId, string partId, string intoId)
    {
        records.Leave(groupId, partId);
        if (await records.GroupAsync(groupId) is not { } group) return;
        records.Join(groupId, intoId);
        records.Put(group, group);
    }
}
