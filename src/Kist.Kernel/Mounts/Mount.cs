using Kist.Kernel.Barrier;
using Kist.Kernel.Routes;

namespace Kist.Kernel.Mounts;

/// <summary>A mount at work: its entry, its engine with compiled routes, and its part of the barrier.</summary>
public sealed class Mount(MountEntry entry, IEngine engine, RouteTable routes, Storage storage)
{
    /// <summary>The entry as stored.</summary>
    public MountEntry Entry { get; } = entry;

    /// <summary>The engine of this mount.</summary>
    public IEngine Engine { get; } = engine;

    /// <summary>The engine's routes.</summary>
    public RouteTable Routes { get; } = routes;

    /// <summary>This mount's keys.</summary>
    public Storage Storage { get; } = storage;

    /// <summary>The entry's path.</summary>
    public string Path => Entry.Path;

    /// <summary>
    /// The part of <paramref name="path"/> below this mount; empty for the mount itself, with or without its slash.
    /// </summary>
    public ReadOnlySpan<char> Below(ReadOnlySpan<char> path) => path[Math.Min(Path.Length, path.Length)..];
}
