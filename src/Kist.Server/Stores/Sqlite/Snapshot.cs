using System.Runtime.CompilerServices;
using System.Text;
using Kist.Kernel.Stores;
using SQLitePCL;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// Everything in the store at one moment, read on a connection of its own whose read transaction lasts as long. The WAL
/// grows meanwhile by what is written.
/// </summary>
internal sealed class Snapshot(string path, ReadPool readers)
{
    private const int CacheKiB = 2_048;

    /// <summary>See <see cref="IStore.SnapshotAsync"/>.</summary>
    public async IAsyncEnumerable<StoredEntry> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        // Callers may do their own work between two steps, and do it elsewhere.
        await Task.CompletedTask;
        using var reading = new Reading(path, readers);
        await using var ahead = new ReadAhead(path);
        while (reading.Next() is { } entry)
        {
            ct.ThrowIfCancellationRequested();
            yield return entry;
        }
    }

    /// <summary>
    /// Reads every row's page in the order of the file, into the system's cache, if that has the place: rows do not lie
    /// in the order of their keys, and fetched one by one from a disk, each costs a way there. By SQLite, because
    /// closing a file that another part of the process has opened would end all its locks on it.
    /// </summary>
    private sealed class ReadAhead : IAsyncDisposable
    {
        private readonly Connection? _connection;
        private readonly Task _reading = Task.CompletedTask;

        public ReadAhead(string path)
        {
            if (new FileInfo(path).Length > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2) return;
            var connection = _connection = Connection.Open(path, CacheKiB, TimeSpan.FromSeconds(2));
            _reading = Task.Run(() =>
            {
                try
                {
                    connection.Number("SELECT count(*) FROM entries NOT INDEXED");
                }
                catch (StoreException)
                {
                    // Interrupted; or damaged, and then whoever reads the rows says so.
                }
            });
        }

        public async ValueTask DisposeAsync()
        {
            _connection?.Interrupt();
            await _reading;
            _connection?.Dispose();
        }
    }

    private sealed class Reading : IDisposable
    {
        private readonly Connection _connection;
        private readonly ReadPool _readers;
        private readonly sqlite3_stmt _all;

        public Reading(string path, ReadPool readers)
        {
            _readers = readers;
            _connection = readers.BeginSnapshot(() => Connection.Open(path, CacheKiB, TimeSpan.FromSeconds(2)));
            try
            {
                _connection.Execute("PRAGMA query_only=ON; BEGIN");
                _all = _connection.Prepare("SELECT key, value FROM entries ORDER BY key");
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public StoredEntry? Next() => _connection.Row(_all)
            ? new StoredEntry(Encoding.UTF8.GetString(raw.sqlite3_column_blob(_all, 0)),
                raw.sqlite3_column_blob(_all, 1).ToArray())
            : null;

        public void Dispose()
        {
            _connection.Dispose();
            _readers.EndSnapshot();
        }
    }
}
