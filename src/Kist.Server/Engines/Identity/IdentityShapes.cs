using System.Text.Json;
using Kist.Kernel.Identity;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Identity;

/// <summary>How identities look in answers, the same at every path that shows them.</summary>
internal sealed class IdentityShapes(Unsealed kernel)
{
    public static readonly Field<string> After = Fields.Text("after", "List what comes after this one");
    public static readonly Field<long> Limit = Fields.Number("limit", "List at most so many");

    /// <summary>An entity with its aliases and groups.</summary>
    public async ValueTask<Response> EntityAsync(Entity entity, CancellationToken ct)
    {
        var aliases = new List<Alias>();
        foreach (var id in entity.AliasIds)
            if (await kernel.Identity.AliasAsync(id, ct) is { } alias) aliases.Add(alias);
        var groups = await kernel.Identity.GroupsOfAsync(entity.Id, ct);
        return Response.Json(json =>
        {
            json.WriteStartArray("aliases");
            foreach (var alias in aliases)
            {
                json.WriteStartObject();
                WriteAlias(json, alias);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteString("creation_time", GoTime.Format(entity.Created));
            WriteTexts(json, "direct_group_ids", groups.Direct.Select(g => g.Id));
            json.WriteBoolean("disabled", entity.IsDisabled);
            WriteTexts(json, "group_ids", groups.Direct.Concat(groups.Inherited).Select(g => g.Id));
            json.WriteString("id", entity.Id);
            WriteTexts(json, "inherited_group_ids", groups.Inherited.Select(g => g.Id));
            json.WriteString("last_update_time", GoTime.Format(entity.Updated));
            WriteTexts(json, "merged_entity_ids", entity.MergedIds);
            WritePairs(json, "metadata", entity.Metadata);
            json.WriteString("name", entity.Name);
            json.WriteString("namespace_id", "root");
            WriteTexts(json, "policies", entity.Policies);
        });
    }

    /// <summary>A group with its members.</summary>
    public async ValueTask<Response> GroupAsync(Group group, CancellationToken ct)
    {
        var members = await kernel.Identity.MembersOfAsync(group.Id, ct);
        return Response.Json(json =>
        {
            json.WriteStartObject("alias");
            if (group.Alias is { } alias) WriteAlias(json, alias);
            json.WriteEndObject();
            json.WriteString("creation_time", GoTime.Format(group.Created));
            json.WriteString("id", group.Id);
            json.WriteString("last_update_time", GoTime.Format(group.Updated));
            WriteTexts(json, "member_entity_ids", members);
            WriteTexts(json, "member_group_ids", group.MemberGroupIds.Count == 0 ? null : group.MemberGroupIds);
            WritePairs(json, "metadata", group.Metadata);
            json.WriteNumber("modify_index", group.ModifyIndex);
            json.WriteString("name", group.Name);
            json.WriteString("namespace_id", "root");
            WriteTexts(json, "parent_group_ids", group.ParentIds);
            WriteTexts(json, "policies", group.Policies);
            json.WriteString("type", group.IsExternal ? "external" : "internal");
        });
    }

    /// <summary>An alias on its own.</summary>
    public Response OfAlias(Alias alias) => Response.Json(json =>
    {
        WriteAlias(json, alias);
        json.WriteString("namespace_id", "root");
    });

    /// <summary>What is said of an alias in lists: which it is and where it comes from.</summary>
    public void WriteAliasInfo(Utf8JsonWriter json, Alias alias)
    {
        json.WriteString("name", alias.Name);
        json.WriteString("mount_accessor", alias.MountAccessor);
        if (kernel.Mounts.Current.WithAccessor(alias.MountAccessor) is not { } mount) return;
        json.WriteString("mount_path", mount.Path);
        json.WriteString("mount_type", mount.Entry.Type);
    }

    private void WriteAlias(Utf8JsonWriter json, Alias alias)
    {
        var mount = kernel.Mounts.Current.WithAccessor(alias.MountAccessor);
        json.WriteString("canonical_id", alias.CanonicalId);
        json.WriteString("creation_time", GoTime.Format(alias.Created));
        WritePairs(json, "custom_metadata", alias.CustomMetadata);
        json.WriteString("id", alias.Id);
        json.WriteString("last_update_time", GoTime.Format(alias.Updated));
        json.WriteBoolean("local", alias.IsLocal);
        WriteTexts(json, "merged_from_canonical_ids", alias.MergedFrom);
        WritePairs(json, "metadata", alias.Metadata);
        json.WriteString("mount_accessor", alias.MountAccessor);
        json.WriteString("mount_path", mount?.Path ?? "");
        json.WriteString("mount_type", mount?.Entry.Type ?? "");
        json.WriteString("name", alias.Name);
    }

    /// <summary>A list of ids with what is said of each; null info: it is gone meanwhile.</summary>
    public static Response Listed<T>(IReadOnlyList<string> keys, IReadOnlyDictionary<string, T> found,
        Action<Utf8JsonWriter, T> writeInfo)
    {
        if (keys.Count == 0) return Response.None;
        return Response.Json(json =>
        {
            json.WriteStartObject("key_info");
            foreach (var key in keys)
            {
                if (!found.TryGetValue(key, out var one)) continue;
                json.WriteStartObject(key);
                writeInfo(json, one);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            WriteTexts(json, "keys", keys);
        });
    }

    /// <summary>The names of entities or groups.</summary>
    public async ValueTask<Response> NamesAsync(Call call, IdentityKind kind)
    {
        var names = await kernel.Identity.NamesAsync(kind, call.Get(After), (int)call.Get(Limit), call.Aborted);
        return names.Count == 0 ? Response.None : Response.Json(json => WriteTexts(json, "keys", names));
    }

    /// <summary>A page of ids.</summary>
    public ValueTask<IReadOnlyList<string>> IdsAsync(Call call, IdentityKind kind) =>
        kernel.Identity.IdsAsync(kind, call.Get(After), (int)call.Get(Limit), call.Aborted);

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string>? texts)
    {
        if (texts is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WritePairs(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string>? pairs)
    {
        if (pairs is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        foreach (var (key, value) in pairs) json.WriteString(key, value);
        json.WriteEndObject();
    }
}
