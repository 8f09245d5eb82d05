namespace Kist.Server.Stores.Sqlite;

/// <summary>Where the embedded database lies and what it may use.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>
    /// The data directory; made with mode 0700 if it is absent. Holds kist.db, its -wal and -shm, kist.lock.
    /// </summary>
    public required string Directory { get; init; }

    /// <summary>
    /// Page cache of all connections together, in KiB. The operating system's file cache comes on top.
    /// </summary>
    public int CacheKiB { get; init; } = 6_144;

    /// <summary>Connections for reading. Each read takes one for some microseconds.</summary>
    public int Readers { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 12);

    /// <summary>The database does not grow beyond this many bytes; 0: as far as the disk has room.</summary>
    public long MaxBytes { get; init; }

    /// <summary>
    /// Gets one sentence for the operator: a mode that had to be tightened, a checkpoint that failed.
    /// </summary>
    public Action<string> Warn { get; init; } = static _ => { };
}
