using Kist.Kernel.Stores;
using SQLitePCL;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// One SQLite connection with the statements that live as long as it. Used by one thread at a time (NOMUTEX). Goes
/// through the raw API: binding and stepping cost well under a microsecond and allocate nothing.
/// </summary>
internal sealed class Connection : IDisposable
{
    private readonly sqlite3 _db;
    private readonly string _path;
    private readonly List<sqlite3_stmt> _statements = [];

    static Connection()
    {
        // Without these every allocation inside SQLite takes one process-wide lock to count bytes nobody reads.
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        _ = raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
        _ = raw.sqlite3_initialize();
        SqliteVfs.Register();
    }

    private Connection(sqlite3 db, string path) => (_db, _path) = (db, path);

    /// <summary>
    /// Opens an existing database file. Never makes one: a store whose file has vanished must not look empty.
    /// </summary>
    public static Connection Open(string path, int cacheKiB, TimeSpan busy, string? vfs = SqliteVfs.Name)
    {
        const int flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | raw.SQLITE_OPEN_URI;
        var code = raw.sqlite3_open_v2(path, out var db, flags, vfs);
        var connection = new Connection(db, path);
        try
        {
            connection.Check(code);
            connection.Check(raw.sqlite3_busy_timeout(db, (int)busy.TotalMilliseconds));
            connection.Execute($"PRAGMA cache_size=-{cacheKiB}");
            connection.Execute("PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Pages this connection has written since the last call: into the WAL, that is.</summary>
    public int TakePagesWritten()
    {
        _ = raw.sqlite3_db_status(_db, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, resetFlg: 1);
        return pages;
    }

    /// <summary>The number of rows that the last statement changed.</summary>
    public int Changes => raw.sqlite3_changes(_db);

    /// <summary>Has the database that this connection is about to make keep room for checksums.</summary>
    public void KeepRoomForChecksums() => Check(CheckedPages.KeepRoom(_db));

    /// <summary>The database's file; of a connection that was opened with <see cref="SqliteVfs"/>.</summary>
    public CheckedPages.PageFile File => CheckedPages.FileOf(_db);

    /// <summary>See <see cref="GatheredLog.Begin"/>.</summary>
    public void GatherLog() => GatheredLog.Begin(_db);

    /// <summary>False while a transaction is open.</summary>
    public bool IsIdle => raw.sqlite3_get_autocommit(_db) != 0;

    /// <summary>Prepares a statement for the life of the connection.</summary>
    public sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_db, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        _statements.Add(statement);
        return statement;
    }

    /// <summary>Runs SQL that returns nothing of interest. Constant texts and numbers only.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_db, sql));

    /// <summary>Runs a query for one number; null if it has no row or the row is null.</summary>
    public long? Number(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_db, sql, out var statement));
        using (statement)
        {
            return Row(statement) && raw.sqlite3_column_type(statement, 0) != raw.SQLITE_NULL
                ? raw.sqlite3_column_int64(statement, 0)
                : null;
        }
    }

    /// <summary>
    /// Sets the journal mode to WAL; throws where the file system cannot do it (no shared memory files).
    /// </summary>
    public void RequireWal()
    {
        Check(raw.sqlite3_prepare_v2(_db, "PRAGMA journal_mode=WAL", out var statement));
        using (statement)
        {
            if (!Row(statement) || raw.sqlite3_column_text(statement, 0).utf8_to_string() != "wal")
            {
                throw new StoreException(StoreFailure.Unavailable,
                    $"{_path}: this file system cannot hold a write-ahead log; put the data directory on a local disk");
            }
        }
    }

    /// <summary>Ends the statement that another thread runs on this connection, if one does.</summary>
    public void Interrupt() => raw.sqlite3_interrupt(_db);

    /// <summary>Steps once: true for a row, false for the end.</summary>
    public bool Row(sqlite3_stmt statement)
    {
        var code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_ROW)
            return true;
        if (code == raw.SQLITE_DONE)
            return false;
        throw SqliteFault.Of(_db, code, _path);
    }

    /// <summary>Runs a prepared statement to its end and makes it ready for the next time.</summary>
    public void Run(sqlite3_stmt statement)
    {
        try
        {
            Row(statement);
        }
        finally
        {
            _ = raw.sqlite3_reset(statement);
        }
    }

    public void Bind(sqlite3_stmt statement, int at, ReadOnlySpan<byte> bytes) =>
        Check(raw.sqlite3_bind_blob(statement, at, bytes));

    public void Bind(sqlite3_stmt statement, int at, long number) =>
        Check(raw.sqlite3_bind_int64(statement, at, number));

    /// <summary>
    /// Moves committed pages from the WAL into the database. True if all of them are there, so that the next write
    /// begins the WAL anew.
    /// </summary>
    public bool Checkpoint(int mode)
    {
        var code = raw.sqlite3_wal_checkpoint_v2(_db, "main", mode, out var inWal, out var moved);
        if (code == raw.SQLITE_BUSY)
            return false;
        Check(code);
        return inWal == moved;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statement in _statements)
            statement.Dispose();
        _db.Dispose();
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
            throw SqliteFault.Of(_db, code, _path);
    }
}
