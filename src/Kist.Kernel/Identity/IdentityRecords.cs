using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kist.Kernel.Barrier;

namespace Kist.Kernel.Identity;

/// <summary>
/// The keys and records of identity inside one transaction. A record and its indexes are only ever written together,
/// here.
/// <code>
/// entity/ID                entity             entity-name/FOLDED            its id
/// merged/OLD-ID            id it became part of
/// alias/ID                 alias              alias-of/ACCESSOR/FOLDED      its id
/// group/ID                 group              group-name/FOLDED             its id
/// group-alias/ID           group's id         group-alias-of/ACCESSOR/FOLDED   group's id
/// in/ENTITY/GROUP          nothing            has/GROUP/ENTITY              nothing
/// </code>
/// </summary>
internal readonly struct IdentityRecords(Transaction tx)
{
    public const string EntityPrefix = "entity/";
    public const string EntityNamePrefix = "entity-name/";
    public const string AliasPrefix = "alias/";
    public const string GroupPrefix = "group/";
    public const string GroupNamePrefix = "group-name/";
    public const string GroupAliasPrefix = "group-alias/";
    public const string MergedPrefix = "merged/";

    public static string EntityNameKey(string name) => EntityNamePrefix + IdentityRules.Fold(name);

    public static string AliasOfKey(string accessor, string name) => $"alias-of/{accessor}/{IdentityRules.Fold(name)}";

    public static string GroupNameKey(string name) => GroupNamePrefix + IdentityRules.Fold(name);

    public static string GroupAliasOfKey(string accessor, string name) =>
        $"group-alias-of/{accessor}/{IdentityRules.Fold(name)}";

    public static string InPrefix(string entityId) => $"in/{entityId}/";

    public static string HasPrefix(string groupId) => $"has/{groupId}/";

    public ValueTask<Entity?> EntityAsync(string id) => ReadAsync(EntityPrefix, id, IdentityJson.Default.Entity);

    public async ValueTask<Entity?> EntityNamedAsync(string name) =>
        await IdAsync(EntityNameKey(name)) is { } id ? await EntityAsync(id) : null;

    public ValueTask<Alias?> AliasAsync(string id) => ReadAsync(AliasPrefix, id, IdentityJson.Default.Alias);

    public async ValueTask<Alias?> AliasOfAsync(string accessor, string name) =>
        await IdAsync(AliasOfKey(accessor, name)) is { } id ? await AliasAsync(id) : null;

    public ValueTask<Group?> GroupAsync(string id) => ReadAsync(GroupPrefix, id, IdentityJson.Default.Group);

    public async ValueTask<Group?> GroupNamedAsync(string name) =>
        await IdAsync(GroupNameKey(name)) is { } id ? await GroupAsync(id) : null;

    public async ValueTask<Group?> GroupWithAliasAsync(string aliasId) =>
        IdentityRules.IsId(aliasId) && await IdAsync(GroupAliasPrefix + aliasId) is { } id
            ? await GroupAsync(id)
            : null;

    public async ValueTask<Group?> GroupOfAliasAsync(string accessor, string name) =>
        await IdAsync(GroupAliasOfKey(accessor, name)) is { } id ? await GroupAsync(id) : null;

    /// <summary>Writes an entity; <paramref name="old"/> is what it was, null when it is new.</summary>
    public void Put(Entity entity, Entity? old)
    {
        if (old is not null && EntityNameKey(old.Name) != EntityNameKey(entity.Name))
            tx.Delete(EntityNameKey(old.Name));
        if (old is null || EntityNameKey(old.Name) != EntityNameKey(entity.Name))
            tx.Put(EntityNameKey(entity.Name), Encoding.ASCII.GetBytes(entity.Id));
        tx.Put(EntityPrefix + entity.Id, JsonSerializer.SerializeToUtf8Bytes(entity, IdentityJson.Default.Entity));
    }

    public void Delete(Entity entity)
    {
        tx.Delete(EntityNameKey(entity.Name));
        tx.Delete(EntityPrefix + entity.Id);
    }

    /// <summary>Remembers that <paramref name="oldId"/> is part of <paramref name="id"/> now.</summary>
    public void PutMerged(string oldId, string id) => tx.Put(MergedPrefix + oldId, Encoding.ASCII.GetBytes(id));

    public void DeleteMerged(string oldId) => tx.Delete(MergedPrefix + oldId);

    public void Put(Alias alias, Alias? old)
    {
        var key = AliasOfKey(alias.MountAccessor, alias.Name);
        if (old is not null && AliasOfKey(old.MountAccessor, old.Name) != key)
            tx.Delete(AliasOfKey(old.MountAccessor, old.Name));
        tx.Put(key, Encoding.ASCII.GetBytes(alias.Id));
        tx.Put(AliasPrefix + alias.Id, JsonSerializer.SerializeToUtf8Bytes(alias, IdentityJson.Default.Alias));
    }

    public void Delete(Alias alias)
    {
        tx.Delete(AliasOfKey(alias.MountAccessor, alias.Name));
        tx.Delete(AliasPrefix + alias.Id);
    }

    /// <summary>Writes a group one modification further than it was, with its name and its alias.</summary>
    public void Put(Group group, Group? old)
    {
        if (old is not null && GroupNameKey(old.Name) != GroupNameKey(group.Name)) tx.Delete(GroupNameKey(old.Name));
        if (old is null || GroupNameKey(old.Name) != GroupNameKey(group.Name))
            tx.Put(GroupNameKey(group.Name), Encoding.ASCII.GetBytes(group.Id));
        if (!ReferenceEquals(old?.Alias, group.Alias))
        {
            if (old?.Alias is { } gone) DeleteGroupAlias(gone);
            if (group.Alias is { } alias)
            {
                tx.Put(GroupAliasPrefix + alias.Id, Encoding.ASCII.GetBytes(group.Id));
                tx.Put(GroupAliasOfKey(alias.MountAccessor, alias.Name), Encoding.ASCII.GetBytes(group.Id));
            }
        }
        group = group with { ModifyIndex = group.ModifyIndex + 1 };
        tx.Put(GroupPrefix + group.Id, JsonSerializer.SerializeToUtf8Bytes(group, IdentityJson.Default.Group));
    }

    public void Delete(Group group)
    {
        if (group.Alias is { } alias) DeleteGroupAlias(alias);
        tx.Delete(GroupNameKey(group.Name));
        tx.Delete(GroupPrefix + group.Id);
    }

    public void Join(string groupId, string entityId)
    {
        tx.Put(InPrefix(entityId) + groupId, default);
        tx.Put(HasPrefix(groupId) + entityId, default);
    }

    public void Leave(string groupId, string entityId)
    {
        tx.Delete(InPrefix(entityId) + groupId);
        tx.Delete(HasPrefix(groupId) + entityId);
    }

    private void DeleteGroupAlias(Alias alias)
    {
        tx.Delete(GroupAliasPrefix + alias.Id);
        tx.Delete(GroupAliasOfKey(alias.MountAccessor, alias.Name));
    }

    private async ValueTask<string?> IdAsync(string key) =>
        await tx.GetAsync(key) is { } plain ? Encoding.ASCII.GetString(plain.Span) : null;

    private async ValueTask<T?> ReadAsync<T>(string prefix, string id, JsonTypeInfo<T> type) where T : class =>
        IdentityRules.IsId(id) && await tx.GetAsync(prefix + id) is { } plain
            ? JsonSerializer.Deserialize(plain.Span, type)
            : null;
}

/// <summary>How the records are stored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(Entity))]
[JsonSerializable(typeof(Alias))]
[JsonSerializable(typeof(Group))]
internal sealed partial class IdentityJson : JsonSerializerContext;
