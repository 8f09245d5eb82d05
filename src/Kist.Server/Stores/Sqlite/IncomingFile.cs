using System.Text;
using Kist.Kernel.Stores;
using SQLitePCL;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// A database that is made beside the store's and takes its place by one rename. Rows lie in the order of ids computed
/// from their keys, so that inserting them in the order of keys would touch a page for each; they are first put into
/// <see cref="RowBins"/>.
/// </summary>
internal sealed class IncomingFile : IDisposable
{
    /// <summary>Behind the database's name: the file that is to take its place.</summary>
    public const string Ending = ".incoming";

    /// <summary>Behind the database's name: the file with the bins.</summary>
    public const string BinsEnding = ".bins";

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
        _connection.Execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            + " PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=FILE; PRAGMA cell_size_check=OFF");
        Schema.MakeEmpty(_connection);
        _connection.Execute("DROP INDEX entries_by_key");
    }

    /// <summary>The revision of all its entries.</summary>
    public long Revision { get; }

    /// <summary>Writes the entries, makes the index, and flushes the file.</summary>
    public async Task FillAsync(IAsyncEnumerable<StoredEntry> entries, CancellationToken ct)
    {
        var connection = _connection!;
        connection.Execute("BEGIN");
        using (var pieces = File.OpenHandle(_binsPath, FileMode.Open, FileAccess.ReadWrite))
        {
            var bins = new RowBins(pieces, _binsPath);
            await foreach (var entry in entries.WithCancellation(ct))
            {
                var key = Encoding.UTF8.GetBytes(entry.Key);
                bins.Add(RowId.Of(key), key, entry.Value.Span);
            }
            Insert(connection, bins, ct);
        }
        connection.Execute($"UPDATE meta SET value={Revision} WHERE name='revision'");
        // What sorts the keys may fill as much memory as the pages did, and use another thread.
        connection.Execute($"PRAGMA cache_size=-{4 * CacheKiB}; PRAGMA threads=1");
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

    private void Insert(Connection connection, RowBins bins, CancellationToken ct)
    {
        var insert = connection.Prepare("INSERT OR IGNORE INTO entries VALUES(?1, ?2, ?3, ?4)");
        // Two keys that want one id are as rare as the hash is wide; the second gets another, as in the live store.
        var displaced = connection.Prepare("INSERT INTO entries(key, value, revision) VALUES(?2, ?3, ?4)");
        foreach (var rows in bins.InOrder())
        {
            ct.ThrowIfCancellationRequested();
            foreach (var row in rows)
            {
                connection.Bind(insert, 1, row.Id);
                Run(insert, row);
                if (connection.Changes == 0) Run(displaced, row);
            }
        }

        void Run(sqlite3_stmt statement, BinnedRow row)
        {
            connection.Bind(statement, 2, row.Key);
            connection.Bind(statement, 3, row.Value);
            connection.Bind(statement, 4, Revision);
            connection.Run(statement);
        }
    }
}
