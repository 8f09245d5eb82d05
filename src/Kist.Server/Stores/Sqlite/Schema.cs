using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// The tables. `entries` is an ordinary rowid table, where values lie in leaf pages only and the inner pages fit into
/// the cache, with an index on the key that scans read alone. A row's id is computed from its key (see <see
/// cref="RowId"/>).
/// </summary>
internal static class Schema
{
    /// <summary>
    /// Written into new databases. A database with a higher version is refused before anything is written.
    /// </summary>
    public const int Version = 2;

    /// <summary>Bytes of a page, its checksum included.</summary>
    public const int PageBytes = 4096;

    private const int CopyKiB = 8_192;

    private const string Create = """
        BEGIN IMMEDIATE;
        CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE entries(id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL, revision INTEGER NOT NULL);
        CREATE UNIQUE INDEX entries_by_key ON entries(key);
        INSERT INTO meta VALUES('revision', 0), ('schema', 2);
        COMMIT;
        """;

    /// <summary>Checks what the file is, makes the tables in an empty one, and gives the last revision.</summary>
    public static long Admit(Connection connection, string path)
    {
        var tables = connection.Number("SELECT count(*) FROM sqlite_schema");
        if (tables == 0)
        {
            connection.Execute($"PRAGMA page_size={PageBytes}");
            connection.KeepRoomForChecksums();
            connection.RequireWal();
            connection.Execute(Create);
        }
        RequireOurs(connection, path);
        var version = connection.Number("SELECT value FROM meta WHERE name='schema'");
        if (version is null)
            throw new StoreException(StoreFailure.Corrupt, $"{path} has no schema version");
        if (version > Version)
        {
            throw new StoreException(StoreFailure.Unavailable,
                $"{path} was written by a newer Kist (schema {version}, this program knows {Version});"
                + " nothing was changed. Run the newer program, or restore a backup made by this one.");
        }
        return Revision(connection, path);
    }

    /// <summary>Makes the tables in an empty file.</summary>
    public static void MakeEmpty(Connection connection)
    {
        connection.Execute($"PRAGMA page_size={PageBytes}");
        connection.KeepRoomForChecksums();
        connection.Execute(Create);
    }

    /// <summary>
    /// Makes <paramref name="copy"/>, which is an empty file, of a database of version 1, whose pages have no checksum.
    /// False, and nothing made: it is not of that version.
    /// </summary>
    public static bool TryCopyWithChecksums(string path, string copy)
    {
        var (from, to) = (UriOf(path), UriOf(copy));
        // Only looked at so far: who closes a database writes its WAL into it, and without checksums that would be
        // wrong for one of this version whose header is damaged.
        using (var seen = Connection.Open(from + "?immutable=1", CopyKiB, TimeSpan.Zero, vfs: null))
        {
            // If it is empty, all there is stands in the WAL.
            if (seen.Number("SELECT count(*) FROM sqlite_schema") > 0)
            {
                RequireOurs(seen, path);
                if (seen.Number("SELECT value FROM meta WHERE name='schema'") != 1) return false;
            }
        }
        using (var old = Connection.Open(from, CopyKiB, TimeSpan.Zero, vfs: null))
        {
            old.KeepRoomForChecksums();
            old.Execute($"VACUUM INTO '{to}?vfs={SqliteVfs.Name}'");
        }
        // Its commit flushes what lies in the file so far, too.
        using var made = Connection.Open(copy, CopyKiB, TimeSpan.Zero);
        made.Execute($"UPDATE meta SET value={Version} WHERE name='schema'");
        return true;

        static string UriOf(string path) => new Uri(path).AbsoluteUri.Replace("'", "%27", StringComparison.Ordinal);
    }

    private static void RequireOurs(Connection connection, string path)
    {
        if (connection.Number("SELECT count(*) FROM sqlite_schema WHERE name='meta'") == 0)
            throw new StoreException(StoreFailure.Corrupt, $"{path} is an SQLite database, but not one of Kist's");
    }

    /// <summary>The revision of the last commit.</summary>
    public static long Revision(Connection connection, string path) =>
        connection.Number("SELECT value FROM meta WHERE name='revision'")
        ?? throw new StoreException(StoreFailure.Corrupt, $"{path} has lost its revision counter");
}
