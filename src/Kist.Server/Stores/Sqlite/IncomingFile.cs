using System.Text;
using Kist.Kernel.Stores;
using SQLitePCL;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// A database that is made beside the store's and takes its place by one rename. Rows lie in the order of ids computed
/// from their keys, so that inserting them in the order of keys would touch a page for each; they are first put into
/// bins by the beginning of their ids, in a second file, and each bin is then sorted in memory.
/// </summary>
internal sealed class IncomingFile : IDisposable
{
    /// <summary>Behind the database's name: the file that is to take its place.</summary>
    public const string Ending = ".incoming";

    /// <summary>Behind the database's name: the file with the bins.</summary>
    public const string BinsEnding = ".bins";

    private const int Bins = 256;
    private const int CacheKiB = 8_192;
    private readonly DataDirectory _directory;
    private readonly string _path;
    private readonly string _binsPath;
    private Connection? _connection;

    /// <summary>Makes empty files; what an earlier attempt left is removed.</summary>
    public IncomingFile(DataDirectory directory, long revision)
    {
        (_directory, Revision) = (directory, revision);
        (_path, _binsPath) = (directory.Database + Ending, directory.Database + BinsEnding);
        _directory.MakeBeside(_path);
        _directory.MakeBeside(_binsPath);
        _connection = Connection.Open(_path, CacheKiB, TimeSpan.Zero);
        // Nothing counts before the rename, so nothing of it is made safe step by step.
        _connection.Execute("PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            + " PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=FILE; PRAGMA cell_size_check=OFF");
        Schema.MakeEmpty(_connection);
        _connection.Execute("DROP INDEX entries_by_key");
        _connection.Execute($"ATTACH '{_binsPath.Replace("'", "''")}' AS bins");
        _connection.Execute("PRAGMA bins.journal_mode=OFF; PRAGMA bins.synchronous=OFF");
    }

    /// <summary>The revision of all its entries.</summary>
    public long Revision { get; }

    /// <summary>Writes the entries, makes the index, and flushes the file.</summary>
    public async Task FillAsync(IAsyncEnumerable<StoredEntry> entries, CancellationToken ct)
    {
        var connection = _connection!;
        var insert = new sqlite3_stmt[Bins];
        connection.Execute("BEGIN");
        for (var bin = 0; bin < Bins; bin++)
        {
            connection.Execute($"CREATE TABLE bins.b{bin}(id INTEGER, key BLOB NOT NULL, value BLOB NOT NULL)");
            insert[bin] = connection.Prepare($"INSERT INTO bins.b{bin} VALUES(?1, ?2, ?3)");
        }
        await foreach (var entry in entries.WithCancellation(ct))
        {
            var key = Encoding.UTF8.GetBytes(entry.Key);
            var id = RowId.Of(key);
            var statement = insert[BinOf(id)];
            connection.Bind(statement, 1, id);
            connection.Bind(statement, 2, key);
            connection.Bind(statement, 3, entry.Value.Span);
            connection.Run(statement);
        }
        for (var bin = 0; bin < Bins; bin++)
        {
            ct.ThrowIfCancellationRequested();
            MoveBin(connection, bin);
        }
        connection.Execute($"UPDATE meta SET value={Revision} WHERE name='revision'");
        connection.Execute("CREATE UNIQUE INDEX entries_by_key ON entries(key)");
        connection.Execute("COMMIT");
        _connection = null;
        connection.Dispose();
        using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Takes the store's place. Nobody may have either file open.</summary>
    public void Install()
    {
        try
        {
            _directory.PutInPlace(_path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw SqliteFault.Of(fault, _directory.Database);
        }
    }

    /// <summary>Removes what was not installed.</summary>
    public void Dispose()
    {
        _connection?.Dispose();
        File.Delete(_binsPath);
        File.Delete(_path);
    }

    // Two keys that want one id are as rare as the hash is wide; the second then gets another, as in the live store.
    private void MoveBin(Connection connection, int bin)
    {
        var rows = connection.Number($"SELECT count(*) FROM bins.b{bin}");
        connection.Execute($"INSERT OR IGNORE INTO entries(id, key, value, revision)"
            + $" SELECT id, key, value, {Revision} FROM bins.b{bin} ORDER BY id");
        if (connection.Changes == rows)
            return;
        connection.Execute($"INSERT INTO entries(key, value, revision) SELECT b.key, b.value, {Revision}"
            + $" FROM bins.b{bin} AS b WHERE NOT EXISTS(SELECT 1 FROM entries AS e WHERE e.id=b.id AND e.key=b.key)");
    }

    // In the order of signed numbers.
    private static int BinOf(long id) => (int)(((ulong)id ^ (1UL << 63)) >> 56);
}
