using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Identity;

public sealed partial class IdentityStore
{
    /// <summary>
    /// Makes a group or changes one, found by id or else by name. The group, its nesting and the first memberships are
    /// one batch; of a longer list the rest follows, those that leave before those that join, and a crash in between is
    /// mended by sending the same list again.
    /// </summary>
    public async ValueTask<(Group? Group, bool IsNew, Fault? Fault)> WriteGroupAsync(
        GroupWish wish, CancellationToken ct)
    {
        if (IdentityRules.CheckName("name", wish.Name) is { } badName) return (null, false, badName);
        if (IdentityRules.CleanPolicies(wish.Policies, out var policies) is { } badPolicy)
            return (null, false, badPolicy);
        if (IdentityRules.CheckMetadata("metadata", wish.Metadata) is { } badPairs) return (null, false, badPairs);
        wish = wish with { Policies = policies };
        var known = wish.Id.Length > 0 ? await GroupAsync(wish.Id, ct)
            : wish.Name.Length > 0 ? await GroupNamedAsync(wish.Name, ct) : null;
        if (wish.Id.Length > 0 && known is null) return (null, false, Fault.Invalid("invalid group ID"));
        if (CheckType(wish, known) is { } badType) return (null, false, badType);
        var (moves, badMember) = await MovesAsync(wish, known, ct);
        if (badMember is not null) return (null, false, badMember);
        var result = await _storage.TransactAsync(async tx =>
        {
            var records = new IdentityRecords(tx);
            var written = await WriteGroupAsync(records, wish);
            if (written.Group is { } group) await MoveAsync(records, group.Id, moves.Take(MembersPerBatch));
            return written;
        }, ct);
        if (result.Group is null) return result;
        foreach (var some in moves.Skip(MembersPerBatch).Chunk(MembersPerBatch))
            await _storage.TransactAsync(
                async tx => await MoveAsync(new IdentityRecords(tx), result.Group.Id, some), ct);
        Changed();
        return result;
    }

    private static Fault? CheckType(GroupWish wish, Group? known)
    {
        if (wish.Type is not (null or "internal" or "external"))
            return known is null
                ? Fault.Invalid($"invalid group type \"{Shown(wish.Type)}\"")
                : Fault.Invalid("group type cannot be changed");
        if (wish.Type is not null && known is not null && known.IsExternal != (wish.Type == "external"))
            return Fault.Invalid("group type cannot be changed");
        if (!(known?.IsExternal ?? wish.Type == "external")) return null;
        if (wish.MemberEntityIds is not null)
            return Fault.Invalid("member entities can't be set manually for external groups");
        return wish.MemberGroupIds is { Count: > 0 }
            ? Fault.Invalid("member groups can't be set for external groups")
            : null;
    }

    /// <summary>Who leaves and who joins, in this order. An entity that does not exist is a fault.</summary>
    private async ValueTask<(IReadOnlyList<(string EntityId, bool Joins)> Moves, Fault? Fault)> MovesAsync(
        GroupWish wish, Group? known, CancellationToken ct)
    {
        if (wish.MemberEntityIds is null) return ([], null);
        var wanted = wish.MemberEntityIds.ToHashSet();
        var current = known is null ? [] : (await MembersOfAsync(known.Id, ct)).ToHashSet();
        var joining = wanted.Except(current).ToList();
        foreach (var id in joining)
            if (await EntityAsync(id, ct) is null)
                return ([], Fault.ListedInvalid($"invalid entity ID \"{Shown(id)}\""));
        return ([.. current.Except(wanted).Select(id => (id, false)), .. joining.Select(id => (id, true))], null);
    }

    private static async ValueTask MoveAsync(
        IdentityRecords records, string groupId, IEnumerable<(string EntityId, bool Joins)> moves)
    {
        foreach (var (id, joins) in moves)
        {
            // Reading the entity guards it: one that is deleted meanwhile does not become a member.
            if (joins && await records.EntityAsync(id) is not null) records.Join(groupId, id);
            else if (!joins) records.Leave(groupId, id);
        }
    }

    private async ValueTask<(Group? Group, bool IsNew, Fault? Fault)> WriteGroupAsync(
        IdentityRecords records, GroupWish wish)
    {
        var known = wish.Id.Length > 0 ? await records.GroupAsync(wish.Id) : null;
        if (wish.Id.Length > 0 && known is null) return (null, false, Fault.Invalid("invalid group ID"));
        if (wish.Name.Length > 0 && await records.GroupNamedAsync(wish.Name) is { } named)
        {
            known ??= named;
            if (known.Id != named.Id) return (null, false, Fault.Invalid("group name is already in use"));
        }
        if (CheckType(wish, known) is { } badType) return (null, false, badType);
        var now = Now;
        var group = known ?? new Group
        {
            Id = NewId(), Name = NewName("group"), IsExternal = wish.Type == "external", Created = now,
        };
        group = group with
        {
            Name = wish.Name.Length > 0 ? wish.Name : group.Name,
            Policies = wish.Policies ?? group.Policies,
            Metadata = wish.Metadata ?? group.Metadata,
            Updated = now,
        };
        if (wish.MemberGroupIds is { } members)
        {
            var wanted = members.Distinct().ToList();
            if (await NestAsync(records, group, wanted) is { } refused) return (null, false, refused);
            group = group with { MemberGroupIds = wanted };
        }
        records.Put(group, known);
        return (group, known is null, null);
    }

    /// <summary>
    /// Tells the groups that leave and join <paramref name="group"/> who their parent is. No group may come to lie in
    /// itself.
    /// </summary>
    private static async ValueTask<Fault?> NestAsync(IdentityRecords records, Group group, IReadOnlyList<string> wanted)
    {
        var above = await AboveAsync(records, group);
        foreach (var id in wanted.Except(group.MemberGroupIds))
        {
            if (id == group.Id) return Fault.ListedInvalid($"member group ID \"{id}\" is same as the ID of the group");
            if (await records.GroupAsync(id) is not { } child)
                return Fault.ListedInvalid($"invalid member group ID \"{Shown(id)}\"");
            if (above.Contains(id))
                return Fault.ListedInvalid(
                    $"failed to perform cyclic relationship detection for member group ID \"{id}\"");
            records.Put(child with { ParentIds = [.. child.ParentIds ?? [], group.Id] }, child);
        }
        foreach (var id in group.MemberGroupIds.Except(wanted))
            if (await records.GroupAsync(id) is { } child)
                records.Put(child with { ParentIds = [.. (child.ParentIds ?? []).Where(p => p != group.Id)] }, child);
        return null;
    }

    /// <summary>The ids of all groups that <paramref name="group"/> is in, at any depth.</summary>
    private static async ValueTask<HashSet<string>> AboveAsync(IdentityRecords records, Group group)
    {
        var above = new HashSet<string>();
        var waiting = new Queue<string>(group.ParentIds ?? []);
        while (waiting.TryDequeue(out var id))
        {
            if (!above.Add(id) || await records.GroupAsync(id) is not { } parent) continue;
            foreach (var next in parent.ParentIds ?? []) waiting.Enqueue(next);
        }
        return above;
    }

    /// <summary>Deletes a group; its members lose what it gave. Nothing happens when there is none.</summary>
    public async ValueTask DeleteGroupAsync(string id, CancellationToken ct)
    {
        var found = await _storage.TransactAsync(async tx =>
        {
            var records = new IdentityRecords(tx);
            if (await records.GroupAsync(id) is not { } group) return false;
            foreach (var childId in group.MemberGroupIds)
                if (await records.GroupAsync(childId) is { } child)
                    records.Put(child with { ParentIds = [.. (child.ParentIds ?? []).Where(p => p != id)] }, child);
            foreach (var parentId in group.ParentIds ?? [])
                if (await records.GroupAsync(parentId) is { } parent)
                    records.Put(
                        parent with { MemberGroupIds = [.. parent.MemberGroupIds.Where(m => m != id)] }, parent);
            records.Delete(group);
            return true;
        }, ct);
        if (!found) return;
        Changed();
        // From here on the memberships lead nowhere, as ids are never used again; a crash leaves only their keys.
        foreach (var some in (await MembersOfAsync(id, ct)).Chunk(MembersPerBatch))
            await _storage.TransactAsync(async tx =>
                await MoveAsync(new IdentityRecords(tx), id, some.Select(entityId => (entityId, false))), ct);
    }

    /// <summary>What a caller sent, cut short, for an error that quotes it.</summary>
    private static string Shown(string text) => text.Length <= 64 ? text : text[..64];
}
