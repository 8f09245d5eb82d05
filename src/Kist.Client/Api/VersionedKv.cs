using System.Globalization;
using System.Text.Json;
using Kist.Client.Http;

namespace Kist.Client.Api;

/// <summary>A version of a secret.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Created">When it was written.</param>
/// <param name="Deleted">When it was or will be deleted; null: it is not.</param>
/// <param name="IsDestroyed">Whether its values are gone for good.</param>
public sealed record KvVersion(long Number, DateTimeOffset Created, DateTimeOffset? Deleted, bool IsDestroyed);

/// <summary>What is known of a secret besides its values.</summary>
/// <param name="Current">The number of the newest version; 0: there is none.</param>
/// <param name="Versions">All that are kept, oldest first.</param>
/// <param name="Custom">What people wrote to it.</param>
/// <param name="IsCasRequired">Whether each write must say which version it replaces.</param>
/// <param name="MaxVersions">How many are kept; 0: the mount decides.</param>
public sealed record KvMetadata(long Current, IReadOnlyList<KvVersion> Versions,
    IReadOnlyDictionary<string, string> Custom, bool IsCasRequired, long MaxVersions);

/// <summary>A mount of kv version 2, past the cache. Each call throws <see cref="KistException"/> when it fails.
/// </summary>
public sealed class VersionedKv
{
    private readonly KistClient _client;
    private readonly string _mount;

    internal VersionedKv(KistClient client, string mount) => (_client, _mount) = (client, ApiPath.Join(mount));

    /// <summary>The secret of a path; null when there is none, or this version is deleted.</summary>
    public async Task<KistSecret?> ReadAsync(string path, long? version = null, CancellationToken ct = default)
    {
        var request = new ApiRequest(HttpMethod.Get, At("data", path))
        {
            Query = version is { } number ? $"version={number}" : null, Accepts = KistClient.OkOrAbsent,
        };
        using var answer = await _client.SendAsync(request, ct);
        return KistSecret.Parse(ApiPath.Join(_mount, path), isVersioned: true, answer);
    }

    /// <summary>Adds a version and returns its number.</summary>
    /// <param name="replaces">Only if this is the newest version (0: there is none yet); null: in any case. If it is
    /// not, <see cref="KistFailure.Invalid"/>.</param>
    public Task<long> WriteAsync(string path, IEnumerable<KeyValuePair<string, string>> fields, long? replaces = null,
        CancellationToken ct = default) => WriteAsync(path, json => Write(json, fields), replaces, ct);

    /// <summary>As above; <paramref name="fields"/> writes the members itself, of any kind.</summary>
    public async Task<long> WriteAsync(
        string path, Action<Utf8JsonWriter> fields, long? replaces = null, CancellationToken ct = default)
    {
        using var answer = await _client.WriteAsync(At("data", path), json => Body(json, fields, replaces), null, ct);
        return answer.Data.Member("version").Number() ?? 0;
    }

    /// <summary>Adds a version in which these fields are changed and all others as they were (null removes one);
    /// returns its number.</summary>
    public async Task<long> PatchAsync(string path, IEnumerable<KeyValuePair<string, string?>> fields,
        long? replaces = null, CancellationToken ct = default)
    {
        using var answer = await _client.PatchAsync(
            At("data", path), json => Body(json, inner => WriteOrRemove(inner, fields), replaces), ct);
        return answer.Data.Member("version").Number() ?? 0;
    }

    /// <summary>Deletes the newest version; it can be brought back.</summary>
    public Task DeleteAsync(string path, CancellationToken ct = default) =>
        _client.DeleteAsync(At("data", path), ct);

    /// <summary>Deletes versions; they can be brought back.</summary>
    public Task DeleteAsync(string path, IEnumerable<long> versions, CancellationToken ct = default) =>
        VersionsAsync("delete", path, versions, ct);

    /// <summary>Brings deleted versions back.</summary>
    public Task UndeleteAsync(string path, IEnumerable<long> versions, CancellationToken ct = default) =>
        VersionsAsync("undelete", path, versions, ct);

    /// <summary>Removes the values of versions for good.</summary>
    public Task DestroyAsync(string path, IEnumerable<long> versions, CancellationToken ct = default) =>
        VersionsAsync("destroy", path, versions, ct);

    /// <summary>Removes a secret with all its versions for good.</summary>
    public Task PurgeAsync(string path, CancellationToken ct = default) =>
        _client.DeleteAsync(At("metadata", path), ct);

    /// <summary>The names below a folder; folders end in a slash.</summary>
    public Task<IReadOnlyList<string>> ListAsync(string folder = "", CancellationToken ct = default) =>
        _client.ListAsync(At("metadata", folder), ct);

    /// <summary>What is known of a secret besides its values; null when there is none.</summary>
    public async Task<KvMetadata?> MetadataAsync(string path, CancellationToken ct = default)
    {
        using var answer = await _client.ReadAsync(At("metadata", path), ct);
        if (answer is null) return null;
        var versions = answer.Data.Member("versions");
        var custom = answer.Data.Member("custom_metadata");
        return new KvMetadata(
            answer.Data.Member("current_version").Number() ?? 0,
            versions.ValueKind != JsonValueKind.Object ? [] :
            [
                .. versions.EnumerateObject()
                    .Select(v => Version(long.Parse(v.Name, CultureInfo.InvariantCulture), v.Value))
                    .OrderBy(v => v.Number),
            ],
            custom.ValueKind != JsonValueKind.Object ? new Dictionary<string, string>()
                : custom.EnumerateObject().ToDictionary(c => c.Name, c => c.Value.Text() ?? ""),
            answer.Data.Member("cas_required").IsTrue(),
            answer.Data.Member("max_versions").Number() ?? 0);
    }

    /// <summary>Replaces what people wrote to a secret.</summary>
    public async Task SetCustomAsync(
        string path, IEnumerable<KeyValuePair<string, string>> custom, CancellationToken ct = default) =>
        (await _client.WriteAsync(At("metadata", path), json =>
        {
            json.WriteStartObject("custom_metadata");
            Write(json, custom);
            json.WriteEndObject();
        }, null, ct)).Dispose();

    internal static void Write(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, string>> fields)
    {
        foreach (var (name, value) in fields) json.WriteString(name, value);
    }

    private static void WriteOrRemove(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, string?>> fields)
    {
        foreach (var (name, value) in fields)
        {
            if (value is null) json.WriteNull(name);
            else json.WriteString(name, value);
        }
    }

    private static void Body(Utf8JsonWriter json, Action<Utf8JsonWriter> fields, long? replaces)
    {
        if (replaces is { } version)
        {
            json.WriteStartObject("options");
            json.WriteNumber("cas", version);
            json.WriteEndObject();
        }
        json.WriteStartObject("data");
        fields(json);
        json.WriteEndObject();
    }

    private static KvVersion Version(long number, JsonElement version) => new(
        number, version.Member("created_time").Time() ?? default, version.Member("deletion_time").Time(),
        version.Member("destroyed").IsTrue());

    private string At(string word, string path) => ApiPath.Join(_mount, word, path);

    private async Task VersionsAsync(string word, string path, IEnumerable<long> versions, CancellationToken ct) =>
        (await _client.WriteAsync(At(word, path), json =>
        {
            json.WriteStartArray("versions");
            foreach (var version in versions) json.WriteNumberValue(version);
            json.WriteEndArray();
        }, null, ct)).Dispose();
}
