using System.Text.Json;
using Kist.Client.Http;

namespace Kist.Client.Api;

/// <summary>A mount of kv version 1, past the cache. Each call throws <see cref="KistException"/> when it fails.
/// </summary>
public sealed class UnversionedKv
{
    private readonly KistClient _client;
    private readonly string _mount;

    internal UnversionedKv(KistClient client, string mount) => (_client, _mount) = (client, ApiPath.Join(mount));

    /// <summary>The secret of a path; null when there is none.</summary>
    public async Task<KistSecret?> ReadAsync(string path, CancellationToken ct = default)
    {
        using var answer = await _client.ReadAsync(ApiPath.Join(_mount, path), ct);
        return answer is null ? null : KistSecret.Parse(ApiPath.Join(_mount, path), isVersioned: false, answer);
    }

    /// <summary>Writes the secret of a path whole.</summary>
    public async Task WriteAsync(
        string path, IEnumerable<KeyValuePair<string, string>> fields, CancellationToken ct = default) =>
        (await _client.WriteAsync(ApiPath.Join(_mount, path), json => VersionedKv.Write(json, fields), null, ct))
            .Dispose();

    /// <summary>As above; <paramref name="body"/> writes the members itself, of any kind.</summary>
    public async Task WriteAsync(string path, Action<Utf8JsonWriter> body, CancellationToken ct = default) =>
        (await _client.WriteAsync(ApiPath.Join(_mount, path), body, null, ct)).Dispose();

    /// <summary>The names below a folder; folders end in a slash.</summary>
    public Task<IReadOnlyList<string>> ListAsync(string folder = "", CancellationToken ct = default) =>
        _client.ListAsync(ApiPath.Join(_mount, folder), ct);

    /// <summary>Deletes the secret of a path, for good.</summary>
    public Task DeleteAsync(string path, CancellationToken ct = default) =>
        _client.DeleteAsync(ApiPath.Join(_mount, path), ct);
}
