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
    public const int Version = 1;

    private const string Create = """
        BEGIN IMMEDIATE;
        CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE entries(id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL, revision INTEGER NOT NULL);
        CREATE UNIQUE INDEX entries_by_key ON entries(key);
        INSERT INTO meta VALUES('revision', 0), ('schema', 1);
        COMMIT;
        """;

    /// <summary>Checks what the file is, makes the tables in an empty one, and gives the last revision.</summary>
    public static long Admit(Connection connection, string path)
    {
        var tables = connection.Number("SELECT count(*) FROM sqlite_schema");
        if (tables == 0)
        {
            connection.Execute("PRAGMA page_size=4096");
            connection.RequireWal();
            connection.Execute(Create);
        }
        else if (connection.Number("SELECT count(*) FROM sqlite_schema WHERE name='meta'") == 0)
            throw new StoreException(StoreFailure.Corrupt, $"{path} is an SQLite database, but not one of Kist's");
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
    public static void MakeEmpty(Connection connection) => connection.Execute(Create);

    /// <summary>The revision of the last commit.</summary>
    public static long Revision(Connection connection, string path) =>
        connection.Number("SELECT value FROM meta WHERE name='revision'")
        ?? throw new StoreException(StoreFailure.Corrupt, $"{path} has lost its revision counter");
}
