using System.Runtime.CompilerServices;
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
    // So many more pages' rows become known when one is read from the file, as long as they were not.
    private const int PagesAhead = 32;
    private const int RowsAhead = 500;

    private readonly KnownEntries _known;
    private readonly Connection _connection;
    private readonly CheckedPages.PageFile _file;
    private readonly sqlite3_stmt _hold;
    private readonly sqlite3_stmt _get;
    private readonly sqlite3_stmt _find;
    private readonly sqlite3_stmt _next;
    private readonly sqlite3_stmt _scan;

    public Reader(string path, int cacheKiB, KnownEntries known)
    {
        _known = known;
        _connection = Connection.Open(path, cacheKiB, TimeSpan.FromSeconds(2));
        try
        {
            _file = _connection.File;
            _connection.Execute("PRAGMA query_only=ON");
            _hold = _connection.Prepare("SELECT value FROM meta");
            _get = _connection.Prepare("SELECT value, revision, key FROM entries WHERE id=?1");
            _find = _connection.Prepare("SELECT value, revision FROM entries WHERE key=?1");
            _next = _connection.Prepare("SELECT id FROM entries WHERE id>?1 ORDER BY id");
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

    /// <summary>The number of the last snapshot that was committed: reads see none before it.</summary>
    public long Current { get; set; }

    /// <summary>Ends the read transaction, so that a checkpoint can pass.</summary>
    public void LetGo()
    {
        _ = raw.sqlite3_reset(_hold);
        Snapshot = 0;
    }

    /// <summary>
    /// The entry under a key, as a copy that the caller owns: from where it is known to lie, else by SQLite.
    /// </summary>
    /// <param name="key">The key in UTF-8.</param>
    /// <param name="epoch">See <see cref="KnownEntries.Epoch"/>.</param>
    public Entry? Get(ReadOnlySpan<byte> key, long epoch)
    {
        var id = RowId.Of(key);
        if (_known.TryGetPlace(id, out var place) && EntryAt(place, key) is { } known)
            return known;
        Renew();
        if (GetById(id, key, epoch, out var lastOnPage) is not { } entry)
            return Find(key);
        if (lastOnPage is { } last)
            LookAhead(last, epoch);
        return entry;
    }

    /// <summary>
    /// Keys from <paramref name="from"/> on and below <paramref name="below"/>, in order. Reads the index alone.
    /// </summary>
    public List<string> Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> below, int limit)
    {
        Renew();
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

    // Takes a fresh snapshot if the one that is held is not the current one.
    private void Renew()
    {
        if (Snapshot == Current)
            return;
        LetGo();
        // A statement that has given a row and is not reset keeps the connection's read transaction open.
        _connection.Row(_hold);
        Snapshot = Current;
    }

    [SkipLocalsInit]
    private Entry? EntryAt(RowPlace place, ReadOnlySpan<byte> key)
    {
        Span<byte> row = stackalloc byte[LeafPage.LongestRow];
        row = row[..place.Length];
        return _file.TryRead(row, place.At) && RowPlaces.HashOf(row) == place.Hash
            && LeafPage.TryRead(row, out var itsKey, out var value, out var revision) && itsKey.SequenceEqual(key)
                ? new Entry(value.ToArray(), revision)
                : null;
    }

    private Entry? GetById(long id, ReadOnlySpan<byte> key, long epoch, out long? lastOnPage)
    {
        lastOnPage = null;
        try
        {
            _file.ForgetPage();
            _connection.Bind(_get, 1, id);
            if (!_connection.Row(_get) || !raw.sqlite3_column_blob(_get, 2).SequenceEqual(key))
                return null;
            var entry = Entry(_get);
            // Of a row that goes on elsewhere the last pages are those, which the statement does not hold.
            if (key.Length + entry.Value.Length <= LeafPage.LongestKeyAndValue)
                lastOnPage = KeepPlaces(id, epoch);
            return entry;
        }
        catch (StoreException fault) when (fault.Kind is StoreFailure.Corrupt)
        {
            // Nearly every key that is not there would have its place on some page that others fill. The index knows
            // whether this one is there; if so, it leads to the damage again.
            MetDamage = true;
            return null;
        }
        finally
        {
            _ = raw.sqlite3_reset(_get);
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

    // Keeps the places of all rows on the page that a statement stands on, and gives the last one's id, if the page
    // came from the file just now (what stays in the page cache is fast enough) and no commit has begun.
    private long? KeepPlaces(long? id, long epoch)
    {
        var page = _file.LastPage(out var at);
        _file.ForgetPage();
        return !page.IsEmpty && _known.KeepPlaces(page, at, id, epoch) ? LeafPage.LastId(page) : null;
    }

    // Without this a large store that has just been opened would be slow until each page had been read once by chance.
    private void LookAhead(long lastOnPage, long epoch)
    {
        try
        {
            _connection.Bind(_next, 1, lastOnPage);
            var (pages, rows) = (0, 0);
            while (pages < PagesAhead && rows++ < RowsAhead && _known.Epoch == epoch && _connection.Row(_next))
            {
                var id = raw.sqlite3_column_int64(_next, 0);
                if (KeepPlaces(null, epoch) is { } last)
                    (pages, lastOnPage) = (pages + 1, last);
                else if (id > lastOnPage && _known.TryGetPlace(id, out _))
                    break;
            }
        }
        catch (StoreException)
        {
            // The entry that was asked for is found. Whoever asks for one on a damaged page is told.
            MetDamage = true;
        }
        finally
        {
            _ = raw.sqlite3_reset(_next);
        }
    }

    private static Entry Entry(sqlite3_stmt row) =>
        new(raw.sqlite3_column_blob(row, 0).ToArray(), raw.sqlite3_column_int64(row, 1));

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
