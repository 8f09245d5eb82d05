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
        while (reading.Next() is { } entry)
        {
            ct.ThrowIfCancellationRequested();
            yield return entry;
        }
    }

    private sealed class Reading : IDisposable
    {
        private readonly Connection _connection;
        private readonly ReadPool _readers;
        private readonly sqlite3_stmt _all;
        private readonly sqlite3_stmt _rows;
        private readonly string _path;
        private byte[] _last = [];

        public Reading(string path, ReadPool readers)
        {
            (_path, _readers) = (path, readers);
            _connection = readers.BeginSnapshot(() => Connection.Open(path, CacheKiB, TimeSpan.FromSeconds(2)));
            try
            {
                _connection.Execute("PRAGMA query_only=ON; BEGIN");
                _all = _connection.Prepare("SELECT key, value FROM entries ORDER BY key");
                // The rows themselves: the index, whose pages have no checksum, may have lost some. One is counted off
                // for each that is given; all of them before the first would be a minute of silence on a cold disk.
                _rows = _connection.Prepare("SELECT id FROM entries NOT INDEXED");
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public StoredEntry? Next()
        {
            var isMore = _connection.Row(_all);
            if (_connection.Row(_rows) != isMore) throw Damaged();
            if (!isMore) return null;
            var key = raw.sqlite3_column_blob(_all, 0);
            if (_last.Length > 0 && key.SequenceCompareTo(_last) <= 0) throw Damaged();
            _last = key.ToArray();
            return new StoredEntry(Encoding.UTF8.GetString(key), raw.sqlite3_column_blob(_all, 1).ToArray());
        }

        public void Dispose()
        {
            _connection.Dispose();
            _readers.EndSnapshot();
        }

        private StoreException Damaged() => new(StoreFailure.Corrupt, $"{_path}: the index of keys is damaged");
    }
}
