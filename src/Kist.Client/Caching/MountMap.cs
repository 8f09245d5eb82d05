using System.Collections.Concurrent;
using Kist.Client.Http;

namespace Kist.Client.Caching;

/// <summary>A mount as far as reading goes.</summary>
/// <param name="Path">With its last slash: <c>prod/</c>.</param>
/// <param name="IsVersioned">Whether it is kv version 2, whose paths have <c>data/</c> behind the mount.</param>
internal sealed record KnownMount(string Path, bool IsVersioned)
{
    /// <summary>Where the API has the secret of this path.</summary>
    public string DataPath(string path) => IsVersioned ? ApiPath.Join(Path, "data", path[Path.Length..]) : path;
}

/// <summary>Which part of a path is the mount, and of what kind it is: asked once for each mount.</summary>
internal sealed class MountMap(KistClient client)
{
    private readonly ConcurrentDictionary<string, KnownMount> _mounts = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _asking = new(1);

    /// <summary>The mount that holds a path.</summary>
    public async ValueTask<KnownMount> FindAsync(string path, CancellationToken ct)
    {
        if (Known(path) is { } known) return known;
        // One at a time: of many who ask at once for the same mount the first one's answer serves all.
        await _asking.WaitAsync(ct);
        try
        {
            return Known(path) ?? await AskAsync(path, ct);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>The mount of a path, if it was asked for before.</summary>
    public KnownMount? Known(string path)
    {
        for (var slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1))
            if (_mounts.TryGetValue(path[..(slash + 1)], out var mount)) return mount;
        return null;
    }

    /// <summary>Forgets a mount that is not as it was remembered.</summary>
    public void Forget(KnownMount mount) => _mounts.TryRemove(new(mount.Path, mount));

    private async Task<KnownMount> AskAsync(string path, CancellationToken ct)
    {
        try
        {
            using var answer = await client.SendAsync(
                new ApiRequest(HttpMethod.Get, ApiPath.Join("sys/internal/ui/mounts", path)), ct);
            var at = answer.Data.Member("path").Text();
            if (at is null || !$"{path}/".StartsWith(at, StringComparison.Ordinal)) throw Hidden(path, null);
            var isVersioned = answer.Data.Member("type").Text() == "kv"
                && answer.Data.Member("options").Member("version").Text() == "2";
            return _mounts[at] = new KnownMount(at, isVersioned);
        }
        catch (KistException e) when (e.Failure is KistFailure.Denied or KistFailure.NotFound && e.Status is not null)
        {
            throw Hidden(path, e);
        }
    }

    private static KistException Hidden(string path, KistException? e) => new(KistFailure.Denied,
        $"{path}: no mount holds it, or this token may see nothing in it", e) { Status = e?.Status };
}
