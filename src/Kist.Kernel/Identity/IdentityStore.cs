using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kist.Kernel.Barrier;
using Kist.Kernel.Policies;

namespace Kist.Kernel.Identity;

/// <summary>
/// Entities, their names in login methods (aliases) and groups. <see cref="Generation"/> grows with every change that
/// can alter what a token may do, and everything worked out from identity is good for one generation only. Nothing here
/// loads more than one entity with its groups, or one page of a list.
/// </summary>
public sealed partial class IdentityStore
{
    private const int MaxCachedViews = 4096;

    private readonly Node.Unsealed _kernel;
    private readonly Storage _storage;
    private readonly ConcurrentDictionary<string, (long Generation, IdentityView? View)> _views = new();
    private long _generation = 1;

    internal IdentityStore(Node.Unsealed kernel, Storage storage)
    {
        _kernel = kernel;
        _storage = storage;
    }

    /// <summary>Where identities lie, for those who wait for changes.</summary>
    internal string StorePrefix => _storage.Prefix;

    /// <summary>Grows with every change.</summary>
    public long Generation => Volatile.Read(ref _generation);

    private DateTimeOffset Now => _kernel.Clock.GetUtcNow();

    /// <summary>Forgets everything worked out: this node or another changed an identity.</summary>
    public void Changed()
    {
        Interlocked.Increment(ref _generation);
        _views.Clear();
    }

    /// <summary>
    /// What tokens and policies need of an entity; null when there is none with this id. The id of an entity that was
    /// merged away leads to the one it became part of.
    /// </summary>
    public async ValueTask<IdentityView?> ViewAsync(string entityId, CancellationToken ct)
    {
        if (entityId.Length == 0) return null;
        // Taken before anything is read: what a change in between makes stale is kept under the old generation.
        var generation = Generation;
        if (_views.TryGetValue(entityId, out var known) && known.Generation == generation) return known.View;
        var view = await FindOrMergedAsync(entityId, ct) is { } entity ? await ViewOfAsync(entity, ct) : null;
        if (view is null) return null;
        if (_views.Count >= MaxCachedViews) _views.Clear();
        _views[entityId] = (generation, view);
        return view;
    }

    /// <summary>The groups an entity is in, directly and through other groups.</summary>
    public async ValueTask<GroupsOfEntity> GroupsOfAsync(string entityId, CancellationToken ct)
    {
        if (!IdentityRules.IsId(entityId)) return new GroupsOfEntity([], []);
        var prefix = IdentityRecords.InPrefix(entityId);
        var direct = new List<Group>();
        foreach (var key in await _storage.ScanAsync(prefix, "", 0, ct))
            if (await GroupAsync(key[prefix.Length..], ct) is { } group) direct.Add(group);
        var seen = direct.Select(g => g.Id).ToHashSet();
        var inherited = new List<Group>();
        var waiting = new Queue<string>(direct.SelectMany(g => g.ParentIds ?? []));
        while (waiting.TryDequeue(out var id))
        {
            if (!seen.Add(id) || await GroupAsync(id, ct) is not { } group) continue;
            inherited.Add(group);
            foreach (var parent in group.ParentIds ?? []) waiting.Enqueue(parent);
        }
        return new GroupsOfEntity(direct, inherited);
    }

    /// <summary>The entity with this id, or null.</summary>
    public ValueTask<Entity?> EntityAsync(string id, CancellationToken ct) =>
        ReadAsync(IdentityRecords.EntityPrefix, id, IdentityJson.Default.Entity, ct);

    /// <summary>The entity of this name, without regard to case, or null.</summary>
    public async ValueTask<Entity?> EntityNamedAsync(string name, CancellationToken ct) =>
        IdentityRules.CheckName("name", name) is null
        && await IdAsync(IdentityRecords.EntityNameKey(name), ct) is { } id ? await EntityAsync(id, ct) : null;

    /// <summary>The entity's alias with this id, or null.</summary>
    public ValueTask<Alias?> AliasAsync(string id, CancellationToken ct) =>
        ReadAsync(IdentityRecords.AliasPrefix, id, IdentityJson.Default.Alias, ct);

    /// <summary>The entity's alias of this name in this login mount, or null.</summary>
    public async ValueTask<Alias?> AliasOfAsync(string accessor, string name, CancellationToken ct) =>
        IdentityRules.CheckName("name", name) is null && _kernel.Mounts.Current.WithAccessor(accessor) is not null
        && await IdAsync(IdentityRecords.AliasOfKey(accessor, name), ct) is { } id ? await AliasAsync(id, ct) : null;

    /// <summary>The group with this id, or null.</summary>
    public ValueTask<Group?> GroupAsync(string id, CancellationToken ct) =>
        ReadAsync(IdentityRecords.GroupPrefix, id, IdentityJson.Default.Group, ct);

    /// <summary>The group of this name, without regard to case, or null.</summary>
    public async ValueTask<Group?> GroupNamedAsync(string name, CancellationToken ct) =>
        IdentityRules.CheckName("name", name) is null
        && await IdAsync(IdentityRecords.GroupNameKey(name), ct) is { } id ? await GroupAsync(id, ct) : null;

    /// <summary>The group whose alias has this id, or null.</summary>
    public async ValueTask<Group?> GroupWithAliasAsync(string aliasId, CancellationToken ct) =>
        IdentityRules.IsId(aliasId) && await IdAsync(IdentityRecords.GroupAliasPrefix + aliasId, ct) is { } id
            ? await GroupAsync(id, ct)
            : null;

    /// <summary>The group whose alias has this name in this login mount, or null.</summary>
    public async ValueTask<Group?> GroupOfAliasAsync(string accessor, string name, CancellationToken ct) =>
        IdentityRules.CheckName("name", name) is null && _kernel.Mounts.Current.WithAccessor(accessor) is not null
        && await IdAsync(IdentityRecords.GroupAliasOfKey(accessor, name), ct) is { } id
            ? await GroupAsync(id, ct)
            : null;

    /// <summary>The entities that are members of a group, sorted.</summary>
    public async ValueTask<IReadOnlyList<string>> MembersOfAsync(string groupId, CancellationToken ct)
    {
        var prefix = IdentityRecords.HasPrefix(groupId);
        return [.. (await _storage.ScanAsync(prefix, "", 0, ct)).Select(key => key[prefix.Length..])];
    }

    /// <summary>Ids of one kind, in order, after <paramref name="after"/>; a limit of 0: all.</summary>
    public ValueTask<IReadOnlyList<string>> IdsAsync(
        IdentityKind kind, string after, int limit, CancellationToken ct) =>
        PageAsync(kind switch
        {
            IdentityKind.Entity => IdentityRecords.EntityPrefix,
            IdentityKind.Alias => IdentityRecords.AliasPrefix,
            IdentityKind.Group => IdentityRecords.GroupPrefix,
            _ => IdentityRecords.GroupAliasPrefix,
        }, after, limit, ct);

    /// <summary>Names of entities or groups as they are shown, in the order of their folded form.</summary>
    public async ValueTask<IReadOnlyList<string>> NamesAsync(
        IdentityKind kind, string after, int limit, CancellationToken ct)
    {
        var ofGroups = kind is IdentityKind.Group;
        var prefix = ofGroups ? IdentityRecords.GroupNamePrefix : IdentityRecords.EntityNamePrefix;
        var names = new List<string>();
        foreach (var folded in await PageAsync(prefix, IdentityRules.Fold(after), limit, ct))
        {
            if (await IdAsync(prefix + folded, ct) is not { } id) continue;
            var name = ofGroups ? (await GroupAsync(id, ct))?.Name : (await EntityAsync(id, ct))?.Name;
            if (name is not null) names.Add(name);
        }
        return names;
    }

    private async ValueTask<Entity?> FindOrMergedAsync(string id, CancellationToken ct)
    {
        if (!IdentityRules.IsId(id)) return null;
        if (await EntityAsync(id, ct) is { } entity) return entity;
        return await IdAsync(IdentityRecords.MergedPrefix + id, ct) is { } into ? await EntityAsync(into, ct) : null;
    }

    private async ValueTask<IdentityView> ViewOfAsync(Entity entity, CancellationToken ct)
    {
        var (direct, inherited) = await GroupsOfAsync(entity.Id, ct);
        var aliases = new Dictionary<string, TemplateAlias>();
        foreach (var id in entity.AliasIds)
            if (await AliasAsync(id, ct) is { } alias)
                aliases.TryAdd(alias.MountAccessor, new TemplateAlias(
                    alias.Id, alias.Name, alias.Metadata ?? NoPairs, alias.CustomMetadata ?? NoPairs));
        var policies = new SortedSet<string>(entity.Policies ?? [], StringComparer.Ordinal);
        var groups = new List<TemplateGroup>();
        foreach (var group in direct.Concat(inherited))
        {
            policies.UnionWith(group.Policies ?? []);
            groups.Add(new TemplateGroup(group.Id, group.Name, group.Metadata ?? NoPairs));
        }
        var subject = new TemplateSubject(entity.Id, entity.Name, entity.Metadata ?? NoPairs, aliases, groups);
        return new IdentityView(subject, [.. policies], entity.IsDisabled);
    }

    private static IReadOnlyDictionary<string, string> NoPairs { get; } = new Dictionary<string, string>();

    private async ValueTask<IReadOnlyList<string>> PageAsync(
        string prefix, string after, int limit, CancellationToken ct) =>
        [.. (await _storage.ScanAsync(prefix, after.Length == 0 ? "" : prefix + after, limit, ct))
            .Select(key => key[prefix.Length..])];

    private async ValueTask<string?> IdAsync(string key, CancellationToken ct)
    {
        using var plain = await _storage.GetAsync(key, ct);
        return plain is null ? null : Encoding.ASCII.GetString(plain.Span);
    }

    private async ValueTask<T?> ReadAsync<T>(string prefix, string id, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
    {
        if (!IdentityRules.IsId(id)) return null;
        using var plain = await _storage.GetAsync(prefix + id, ct);
        return plain is null ? null : JsonSerializer.Deserialize(plain.Span, type);
    }

    private static string NewId() => Guid.NewGuid().ToString();

    private static string NewName(string kind) => $"{kind}_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
}

/// <summary>The kinds of thing that identity lists.</summary>
public enum IdentityKind
{
    /// <summary>Entities.</summary>
    Entity,
    /// <summary>Names of entities in login methods.</summary>
    Alias,
    /// <summary>Groups.</summary>
    Group,
    /// <summary>Names of external groups in login methods.</summary>
    GroupAlias,
}
