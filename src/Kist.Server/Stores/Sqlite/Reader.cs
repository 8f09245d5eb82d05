using System.Text;
using Kist.Kernel.Stores;
using SQLitePCL;

namespace Kist.Server.Stores.Sqlite;

/// <summary>A connection for reading, with its two statements. One thread at a time.</summary>
internal sealed class Reader : IDisposable
{
    private readonly Connection _connection;
    private readonly sqlite3_stmt _get;
    private readonly sqlite3_stmt _scan;

    public Reader(string path, int cacheKiB)
    {
        _connection = Connection.Open(path, cacheKiB, TimeSpan.FromSeconds(2));
        try
        {
            _connection.Execute("PRAGMA query_only=ON");
            _get = _connection.Prepare("SELECT value, revision FROM entries WHERE key=?1");
            _scan = _connection.Prepare("SELECT key FROM entries WHERE key>=?1 AND key<?2 ORDER BY key LIMIT ?3");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>The entry under a key, as a copy that the caller owns.</summary>
    public Entry? Get(ReadOnlySpan<byte> key)
    {
        try
        {
            _connection.Bind(_get, 1, key);
            if (!_connection.Row(_get))
                return null;
            return new Entry(raw.sqlite3_column_blob(_get, 0).ToArray(), raw.sqlite3_column_int64(_get, 1));
        }
        finally
        {
            _ = raw.sqlite3_reset(_get);
        }
    }

    /// <summary>Keys from <paramref name="from"/> on and below <paramref name="below"/>, in order.</summary>
    public List<string> Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> below, int limit)
    {
        try
        {
            _connection.Bind(_scan, 1, from);
            _connection.Bind(_scan, 2, below);
            _connection.Bind(_scan, 3, limit);
            var keys = new List<string>();
            while (_connection.Row(_scan))
                keys.Add(Encoding.UTF8.GetString(raw.sqlite3_column_blob(_scan, 0)));
            return keys;
        }
        finally
        {
            _ = raw.sqlite3_reset(_scan);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
