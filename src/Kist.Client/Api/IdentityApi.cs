using System.Text.Json;
using Kist.Client.Http;

namespace Kist.Client.Api;

/// <summary>Somebody or something that logs in, or a group of them.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Policies">What it may do besides what its login gives.</param>
/// <param name="Members">The ids of a group's members; empty for all else.</param>
public sealed record IdentityInfo(
    string Id, string Name, IReadOnlyList<string> Policies, IReadOnlyList<string> Members);

/// <summary>People, programs and groups: <c>identity</c>.</summary>
public sealed class IdentityApi
{
    private readonly KistClient _client;

    internal IdentityApi(KistClient client) => _client = client;

    /// <summary>The names of all entities.</summary>
    public Task<IReadOnlyList<string>> EntitiesAsync(CancellationToken ct = default) =>
        _client.ListAsync("identity/entity/name", ct);

    /// <summary>The names of all groups.</summary>
    public Task<IReadOnlyList<string>> GroupsAsync(CancellationToken ct = default) =>
        _client.ListAsync("identity/group/name", ct);

    /// <summary>An entity; null when there is none of this name.</summary>
    public Task<IdentityInfo?> EntityAsync(string name, CancellationToken ct = default) =>
        ReadAsync(ApiPath.Join("identity/entity/name", name), ct);

    /// <summary>A group; null when there is none of this name.</summary>
    public Task<IdentityInfo?> GroupAsync(string name, CancellationToken ct = default) =>
        ReadAsync(ApiPath.Join("identity/group/name", name), ct);

    /// <summary>Makes an entity, or changes one.</summary>
    public async Task WriteEntityAsync(string name, IReadOnlyList<string> policies, CancellationToken ct = default) =>
        (await _client.WriteAsync(ApiPath.Join("identity/entity/name", name),
            json => Write(json, "policies", policies), null, ct)).Dispose();

    /// <summary>Makes a group, or changes one.</summary>
    /// <param name="members">Ids of entities.</param>
    public async Task WriteGroupAsync(string name, IReadOnlyList<string> policies, IReadOnlyList<string> members,
        CancellationToken ct = default) =>
        (await _client.WriteAsync(ApiPath.Join("identity/group/name", name), json =>
        {
            Write(json, "policies", policies);
            Write(json, "member_entity_ids", members);
        }, null, ct)).Dispose();

    /// <summary>Says that whoever logs in as <paramref name="login"/> at a mount is this entity.</summary>
    /// <param name="entityId">The entity.</param>
    /// <param name="login">The name at the mount: the user name of userpass.</param>
    /// <param name="mountAccessor">The login method (<see cref="MountInfo.Accessor"/>).</param>
    public async Task AddAliasAsync(
        string entityId, string login, string mountAccessor, CancellationToken ct = default) =>
        (await _client.WriteAsync("identity/entity-alias", json =>
        {
            json.WriteString("canonical_id", entityId);
            json.WriteString("name", login);
            json.WriteString("mount_accessor", mountAccessor);
        }, null, ct)).Dispose();

    /// <summary>Removes an entity.</summary>
    public Task DeleteEntityAsync(string name, CancellationToken ct = default) =>
        _client.DeleteAsync(ApiPath.Join("identity/entity/name", name), ct);

    /// <summary>Removes a group.</summary>
    public Task DeleteGroupAsync(string name, CancellationToken ct = default) =>
        _client.DeleteAsync(ApiPath.Join("identity/group/name", name), ct);

    private async Task<IdentityInfo?> ReadAsync(string path, CancellationToken ct)
    {
        using var answer = await _client.ReadAsync(path, ct);
        return answer is null ? null : new IdentityInfo(answer.Data.Member("id").Text() ?? "",
            answer.Data.Member("name").Text() ?? "", answer.Data.Member("policies").Texts(),
            answer.Data.Member("member_entity_ids").Texts());
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
