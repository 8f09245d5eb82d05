using System.Diagnostics.CodeAnalysis;

namespace Kist.Kernel.Mounts;

/// <summary>
/// All mounts at one moment; immutable, read without a lock. No mount lies inside another, so the first prefix of a
/// path that is a mount is the only one.
/// </summary>
public sealed class MountTable
{
    private readonly Dictionary<string, Mount> _byPath;
    private readonly Dictionary<string, Mount>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<string, Mount> _byUuid;
    private readonly Dictionary<string, Mount> _byAccessor;

    internal MountTable(IEnumerable<Mount> mounts)
    {
        All = [.. mounts.OrderBy(m => m.Path, StringComparer.Ordinal)];
        _byPath = All.ToDictionary(m => m.Path);
        _lookup = _byPath.GetAlternateLookup<ReadOnlySpan<char>>();
        _byUuid = All.ToDictionary(m => m.Entry.Uuid);
        _byAccessor = All.ToDictionary(m => m.Entry.Accessor);
    }

    /// <summary>No mounts.</summary>
    public static MountTable Empty { get; } = new([]);

    /// <summary>Every mount, by path.</summary>
    public IReadOnlyList<Mount> All { get; }

    /// <summary>
    /// The mount that <paramref name="path"/> lies in. A mount's own path lies in it, with and without the slash at its
    /// end.
    /// </summary>
    public bool TryFind(ReadOnlySpan<char> path, [NotNullWhen(true)] out Mount? mount)
    {
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] != '/') continue;
            if (_lookup.TryGetValue(path[..(i + 1)], out mount)) return !mount.Entry.Tainted;
        }
        mount = At(string.Concat(path, "/"));
        return mount is { Entry.Tainted: false };
    }

    /// <summary>The mount at exactly <paramref name="path"/> (with its slash).</summary>
    public Mount? At(string path) => _byPath.GetValueOrDefault(path);

    /// <summary>The mount with this uuid.</summary>
    public Mount? WithUuid(string uuid) => _byUuid.GetValueOrDefault(uuid);

    /// <summary>The mount with this accessor.</summary>
    public Mount? WithAccessor(string accessor) => _byAccessor.GetValueOrDefault(accessor);

    /// <summary>
    /// A mount that <paramref name="path"/> would lie in or that would lie in it, other than
    /// <paramref name="except"/>; null when it is free.
    /// </summary>
    public Mount? InTheWayOf(string path, Mount? except = null)
    {
        foreach (var mount in All)
            if (mount.Entry.Uuid == except?.Entry.Uuid) continue;
            else if (path.StartsWith(mount.Path, StringComparison.Ordinal)
                || mount.Path.StartsWith(path, StringComparison.Ordinal))
                return mount;
        return null;
    }
}
