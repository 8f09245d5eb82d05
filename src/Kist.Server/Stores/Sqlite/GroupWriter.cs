using System.Buffers;
using System.Text.Unicode;
using Kist.Kernel.Stores;
using SQLitePCL;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// The connection that writes, and its transaction. A group of batches becomes one transaction with one fsync: each
/// batch's guards are looked up in the state that the batches before it have left, and are checked before it writes
/// anything, so a batch that fails its guards leaves nothing to undo.
/// </summary>
internal sealed class GroupWriter : IDisposable
{
    // Nothing is written while a checkpoint waits for the disk, so not many of them.
    private const int CheckpointPages = 2_000;
    private const int RetryPages = 500;
    private const int PatienceForReaders = 16;
    private readonly string _path;
    private readonly Connection _connection;
    private readonly sqlite3_stmt _begin, _commit, _rollback, _setRevision;
    private readonly sqlite3_stmt _revisionAt, _revisionOf, _replace, _put, _delete;
    private readonly byte[] _key = new byte[Batch.MaxKeyBytes];
    private int _pagesInWal;
    private int _checkpointsCutShort;

    public GroupWriter(string path, int cacheKiB, long maxBytes)
    {
        _path = path;
        _connection = Connection.Open(path, cacheKiB, TimeSpan.FromSeconds(5));
        try
        {
            Revision = Schema.Admit(_connection, path);
            // Checkpoints run here, after the answers have left, and on this thread only.
            _connection.RequireWal();
            _connection.Execute("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0");
            _ = _connection.Number("SELECT EXISTS(SELECT 1 FROM meta)"); // opens the log
            _connection.GatherLog();
            // What a user destroys leaves the file too: FAST would leave the pages of large values in the free list.
            _connection.Execute("PRAGMA secure_delete=ON; PRAGMA journal_size_limit=16777216");
            if (maxBytes > 0)
                _connection.Execute($"PRAGMA max_page_count={Math.Max(1, maxBytes / Schema.PageBytes)}");
            _begin = _connection.Prepare("BEGIN IMMEDIATE");
            _commit = _connection.Prepare("COMMIT");
            _rollback = _connection.Prepare("ROLLBACK");
            _revisionOf = _connection.Prepare("SELECT revision FROM entries WHERE key=?1");
            _revisionAt = _connection.Prepare("SELECT revision FROM entries WHERE id=?1 AND key=?2");
            _replace = _connection.Prepare("UPDATE entries SET value=?3, revision=?4 WHERE id=?1 AND key=?2");
            // Without an id SQLite picks one that is free.
            _put = _connection.Prepare("INSERT INTO entries(id, key, value, revision) "
                + "VALUES(iif(EXISTS(SELECT 1 FROM entries WHERE id=?1), NULL, ?1), ?2, ?3, ?4) "
                + "ON CONFLICT(key) DO UPDATE SET value=excluded.value, revision=excluded.revision");
            _delete = _connection.Prepare("DELETE FROM entries WHERE key=?1");
            _setRevision = _connection.Prepare("UPDATE meta SET value=?1 WHERE name='revision'");
            var wal = new FileInfo(path + "-wal");
            _pagesInWal = wal.Exists ? (int)(wal.Length / Schema.PageBytes) : 0;
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>The revision of the last commit on disk when this connection was opened.</summary>
    public long Revision { get; }

    /// <summary>
    /// Applies <paramref name="group"/> in its order and returns when it is on disk. Sets each commit's outcome and
    /// adds to <paramref name="changes"/>. After an exception nothing of the group is applied, and this object is to
    /// be thrown away.
    /// </summary>
    public void Apply(List<PendingCommit> group, ref long revision, List<Change> changes)
    {
        _connection.Run(_begin);
        var wrote = false;
        foreach (var pending in group)
        {
            pending.Outcome = GuardsHold(pending.Batch);
            if (pending.Outcome && pending.Batch.Writes.Count > 0)
            {
                revision++;
                foreach (var write in pending.Batch.Writes)
                    Apply(write, revision, changes);
                wrote = true;
            }
        }
        if (!wrote)
        {
            _connection.Run(_rollback);
            return;
        }
        _connection.Bind(_setRevision, 1, revision);
        _connection.Run(_setRevision);
        _connection.Run(_commit);
    }

    /// <summary>True when the WAL has grown enough for <see cref="Checkpoint"/>.</summary>
    public bool IsCheckpointDue
    {
        get
        {
            _pagesInWal += _connection.TakePagesWritten();
            return _pagesInWal >= CheckpointPages;
        }
    }

    /// <summary>
    /// Empties the WAL. A checkpoint only gets as far as the oldest reader; after some that were cut short
    /// it waits for the readers, which are at work for microseconds, unless one of them may take long
    /// (<paramref name="canWait"/> is false).
    /// </summary>
    public void Checkpoint(bool canWait)
    {
        // A failure is reported by the caller and tried again later: what is committed is safe in the WAL.
        _pagesInWal = CheckpointPages - RetryPages;
        var patient = _checkpointsCutShort < PatienceForReaders || !canWait;
        var complete = _connection.Checkpoint(patient ? raw.SQLITE_CHECKPOINT_PASSIVE : raw.SQLITE_CHECKPOINT_RESTART);
        _checkpointsCutShort = complete || !patient ? 0 : _checkpointsCutShort + 1;
        if (complete)
            _pagesInWal = 0;
    }

    /// <summary>How large the database's file is; 0 when somebody has removed it.</summary>
    public long FileBytes => new FileInfo(_path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Whether the store holds nothing.</summary>
    public bool IsEmpty => _connection.Number("SELECT EXISTS(SELECT 1 FROM entries)") == 0;

    /// <summary>Moves everything into the database file and empties the WAL.</summary>
    public bool CheckpointAll() => _connection.Checkpoint(raw.SQLITE_CHECKPOINT_TRUNCATE);

    /// <summary>Rolls back what is open and closes.</summary>
    public void Dispose() => _connection.Dispose();

    private bool GuardsHold(Batch batch)
    {
        for (var i = 0; i < batch.Guards.Count; i++)
        {
            if (RevisionOf(batch.Guards[i].Key) != batch.Guards[i].Revision)
                return false;
        }
        return true;
    }

    private long RevisionOf(string key)
    {
        var utf8 = Utf8Of(key);
        _connection.Bind(_revisionAt, 1, RowId.Of(utf8));
        _connection.Bind(_revisionAt, 2, utf8);
        if (Number(_revisionAt) is { } revision)
            return revision;
        _connection.Bind(_revisionOf, 1, utf8);
        return Number(_revisionOf) ?? 0;
    }

    private long? Number(sqlite3_stmt statement)
    {
        try
        {
            return _connection.Row(statement) ? raw.sqlite3_column_int64(statement, 0) : null;
        }
        finally
        {
            _ = raw.sqlite3_reset(statement);
        }
    }

    private void Apply(Write write, long revision, List<Change> changes)
    {
        var key = Utf8Of(write.Key);
        if (write.Value is { } value)
        {
            Put(_replace, key, value.Span, revision);
            if (_connection.Changes == 0)
                Put(_put, key, value.Span, revision);
            changes.Add(new Change(write.Key, revision, Deleted: false));
            return;
        }
        _connection.Bind(_delete, 1, key);
        _connection.Run(_delete);
        if (_connection.Changes > 0)
            changes.Add(new Change(write.Key, revision, Deleted: true));
    }

    private void Put(sqlite3_stmt statement, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long revision)
    {
        _connection.Bind(statement, 1, RowId.Of(key));
        _connection.Bind(statement, 2, key);
        _connection.Bind(statement, 3, value);
        _connection.Bind(statement, 4, revision);
        _connection.Run(statement);
    }

    private ReadOnlySpan<byte> Utf8Of(string key)
    {
        // The batch has checked length and form.
        var status = Utf8.FromUtf16(key, _key, out _, out var written, replaceInvalidSequences: false);
        return status == OperationStatus.Done
            ? _key.AsSpan(0, written)
            : throw new InvalidOperationException("a key that no batch admits reached the store");
    }
}
