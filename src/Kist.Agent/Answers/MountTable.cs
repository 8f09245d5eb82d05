using System.Collections.Concurrent;
using Kist.Agent.Link;

namespace Kist.Agent.Answers;

/// <summary>A mount of secrets.</summary>
/// <param name="Path">With its last slash.</param>
/// <param name="Version">1 or 2 of kv; 0: another engine.</param>
internal sealed record MountInfo(string Path, int Version)
{
    /// <summary>When the server said so.</summary>
    public long Asked { get; init; }

    /// <summary>
    /// The secret that a path tells of, below the mount; null: it is none whose changes are told.
    /// </summary>
    public string? SecretOf(string path)
    {
        if (Version == 0 || path.Length <= Path.Length || path.EndsWith('/')) return null;
        var rest = path[Path.Length..];
        if (Version == 1) return rest;
        var slash = rest.IndexOf('/');
        return slash > 0 && rest[..slash] is "data" or "metadata" or "subkeys" ? rest[(slash + 1)..] : null;
    }
}

/// <summary>Which mount a path lies in, as the server says; asked once for each mount and a while.</summary>
internal sealed class MountTable(ServerLink link)
{
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_refusal = TimeSpan.FromSeconds(10);
    private static readonly string[] s_other = ["sys", "auth", "identity", "cubbyhole", "agent"];

    private readonly ConcurrentDictionary<(string Namespace, string Path), MountInfo> _known = new();
    private readonly ConcurrentDictionary<string, long> _refused = new();

    /// <summary>What is known, to be kept elsewhere.</summary>
    public IEnumerable<(string Namespace, MountInfo Mount)> Known => _known.Select(p => (p.Key.Namespace, p.Value));

    /// <summary>Adds what was known earlier; it holds until the server can be asked.</summary>
    public void Add(string space, MountInfo mount) => _known.TryAdd((space, mount.Path), mount);

    /// <summary>The mount of a path below <c>/v1/</c>; null: the server does not say.</summary>
    /// <param name="token">Null: there is none, and what is known must do.</param>
    public async Task<MountInfo?> FindAsync(
        string owner, string? token, string space, string path, CancellationToken ct)
    {
        var first = path.IndexOf('/') is var slash and > 0 ? path[..slash] : path;
        if (s_other.Contains(first)) return null;
        var known = Longest(space, path);
        if (known is not null && known.Asked != 0 && TimeProvider.System.GetElapsedTime(known.Asked) < s_life)
            return known;
        if (token is null) return known;
        var refusal = $"{owner}\n{space}\n{first}";
        if (_refused.TryGetValue(refusal, out var at) && TimeProvider.System.GetElapsedTime(at) < s_refusal)
            return known;
        var question = new Question(HttpMethod.Get, "sys/internal/ui/mounts/" + path, token) { Namespace = space };
        using var reply = await link.AskAsync(question, ct);
        if (reply.Root.Get("data").Text("path") is not { Length: > 0 } mountPath
            || !(path + "/").StartsWith(mountPath, StringComparison.Ordinal))
        {
            if (_refused.Count > 10_000) _refused.Clear();
            if (!reply.IsAway) _refused[refusal] = TimeProvider.System.GetTimestamp();
            // What was known is better than nothing while the server is away.
            return reply.IsAway ? known : null;
        }
        var data = reply.Root.Get("data");
        var version = data.Text("type") is "kv" or "generic" ? data.Get("options").Text("version") == "2" ? 2 : 1 : 0;
        var mount = new MountInfo(mountPath, version) { Asked = TimeProvider.System.GetTimestamp() };
        return _known[(space, mountPath)] = mount;
    }

    private MountInfo? Longest(string space, string path)
    {
        MountInfo? longest = null;
        foreach (var ((own, mountPath), mount) in _known)
            if (own == space && (path + "/").StartsWith(mountPath, StringComparison.Ordinal)
                && mountPath.Length > (longest?.Path.Length ?? 0)) longest = mount;
        return longest;
    }
}
