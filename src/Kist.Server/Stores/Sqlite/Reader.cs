using System.Text;
using Kist.Kernel.Stores;
using SQLitePCL;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// A connection for reading, one thread at a time. It keeps its read transaction open from one read to the next for as
/// long as nobody commits: beginning one costs system calls for locks and file size that take longer than a warm read.
/// </summary>
internal sealed class Reader : IDisposable
{
    private readonly Connection _connection;
    private readonly sqlite3_stmt _hold;
    private readonly sqlite3_stmt _get;
    private readonly sqlite3_stmt _find;
    private readonly sqlite3_stmt _scan;

    public Reader(string path, int cacheKiB)
    {
        _connection = Connection.Open(path, cacheKiB, TimeSpan.FromSeconds(2));
        try
        {
            _connection.Execute("PRAGMA query_only=ON");
            _hold = _connection.Prepare("SELECT value FROM meta");
            _get = _connection.Prepare("SELECT value, revision, key FROM entries WHERE id=?1");
            _find = _connection.Prepare("SELECT value, revision FROM entries WHERE key=?1");
            _scan = _connection.Prepare("SELECT key FROM entries WHERE key>=?1 AND key<?2 ORDER BY key");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>The number of the snapshot that is held; 0: none.</summary>
    public long Snapshot { get; private set; }

    /// <summary>
    /// Whether a damaged page was met on the way to an answer that is right without it. This connection keeps the page
    /// in its cache, so it must not be used again: the file may be mended meanwhile.
    /// </summary>
    public bool MetDamage { get; private set; }

    /// <summary>Takes a fresh snapshot if the one that is held is not <paramref name="current"/>.</summary>
    public void Renew(long current)
    {
        if (Snapshot == current)
            return;
        LetGo();
        // A statement that has given a row and is not reset keeps the connection's read transaction open.
        _connection.Row(_hold);
        Snapshot = current;
    }

    /// <summary>Ends the read transaction, so that a checkpoint can pass.</summary>
    public void LetGo()
    {
        _ = raw.sqlite3_reset(_hold);
        Snapshot = 0;
    }

    /// <summary>The entry under a key, as a copy that the caller owns.</summary>
    public Entry? Get(ReadOnlySpan<byte> key)
    {
        try
        {
            _connection.Bind(_get, 1, RowId.Of(key));
            if (_connection.Row(_get) && raw.sqlite3_column_blob(_get, 2).SequenceEqual(key))
                return Entry(_get);
        }
        catch (StoreException fault) when (fault.Kind is StoreFailure.Corrupt)
        {
            // Nearly every key that is not there would have its place on some page that others fill. The index knows
            // whether this one is there; if so, it leads to the damage again.
            MetDamage = true;
        }
        finally
        {
            _ = raw.sqlite3_reset(_get);
        }
        return Find(key);
    }

    /// <summary>
    /// Keys from <paramref name="from"/> on and below <paramref name="below"/>, in order. Reads the index alone.
    /// </summary>
    public List<string> Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> below, int limit)
    {
        try
        {
            _connection.Bind(_scan, 1, from);
            _connection.Bind(_scan, 2, below);
            var keys = new List<string>();
            while (keys.Count < limit && _connection.Row(_scan))
                keys.Add(Encoding.UTF8.GetString(raw.sqlite3_column_blob(_scan, 0)));
            return keys;
        }
        finally
        {
            _ = raw.sqlite3_reset(_scan);
        }
    }

    // By the index: for keys that are absent or whose row id was taken.
    private Entry? Find(ReadOnlySpan<byte> key)
    {
        try
        {
            _connection.Bind(_find, 1, key);
            return _connection.Row(_find) ? Entry(_find) : null;
        }
        finally
        {
            _ = raw.sqlite3_reset(_find);
        }
    }

    private static Entry Entry(sqlite3_stmt row) =>
        new(raw.sqlite3_column_blob(row, 0).ToArray(), raw.sqlite3_column_int64(row, 1));

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
