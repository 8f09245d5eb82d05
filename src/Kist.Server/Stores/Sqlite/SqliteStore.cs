using System.Buffers;
using System.Text.Unicode;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// The embedded store: one SQLite database in WAL mode, synchronous FULL. Reads run on the caller's thread and complete
/// at once; writes go through <see cref="CommitQueue"/>. This process is the only one on the files (it holds their
/// lock), so its own commits are all the changes there are, and <see cref="WatchAsync"/> needs no polling.
/// </summary>
public sealed class SqliteStore : IStore
{
    private readonly DataDirectory _directory;
    private readonly ReadPool _readers;
    private readonly CommitQueue _writer;
    private readonly KnownEntries _known;
    private readonly ChangeLog _log;
    private int _disposed;

    private SqliteStore(
        DataDirectory directory, ReadPool readers, CommitQueue writer, KnownEntries known, ChangeLog log) =>
        (_directory, _readers, _writer, _known, _log) = (directory, readers, writer, known, log);

    /// <summary>
    /// Opens or makes the store. Takes milliseconds whatever it holds: nothing is scanned. A <see
    /// cref="StoreException"/> says what stands in the way: another server, a newer schema, wrong owner, read-only
    /// medium, damaged file.
    /// </summary>
    public static SqliteStore Open(SqliteStoreOptions options)
    {
        var directory = DataDirectory.Claim(options.Directory, options.Warn);
        try
        {
            directory.MakeDatabase(options.Warn);
            var writerKiB = options.CacheKiB / 2;
            GroupWriter OpenWriter() => new(directory.Database, writerKiB, options.MaxBytes);
            var first = OpenWriter();
            var log = new ChangeLog(first.Revision);
            var readerKiB = Math.Max(128, (options.CacheKiB - writerKiB) / options.Readers);
            var known = new KnownEntries();
            known.Fit(first.FileBytes);
            var readers = new ReadPool(directory.Database, options.Readers, readerKiB, known);
            var queue = new CommitQueue(first, OpenWriter, readers, known, log, options.Warn);
            return new SqliteStore(directory, readers, queue, known, log);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Whether another process owns the store in <paramref name="directory"/>. Makes nothing.</summary>
    public static bool IsInUse(string directory) => DataDirectory.IsHeld(directory);

    /// <summary>Whether there is a store in <paramref name="directory"/>. Makes nothing.</summary>
    public static bool Exists(string directory) => File.Exists(Path.Combine(directory, "kist.db"));

    /// <inheritdoc/>
    public ValueTask<Entry?> GetAsync(string key, CancellationToken ct)
    {
        if (ct.IsCancellationRequested)
            return ValueTask.FromCanceled<Entry?>(ct);
        if (_known.TryGet(key, out var known))
            return ValueTask.FromResult(known);
        Span<byte> utf8 = stackalloc byte[Batch.MaxKeyBytes];
        // What cannot be written as a key cannot be there.
        if (!TryEncode(key, utf8, out var length))
            return ValueTask.FromResult<Entry?>(null);
        try
        {
            var wanted = new Wanted { Key = utf8[..length], Epoch = _known.Epoch };
            var found = _readers.Read(wanted, static (reader, wanted) => reader.Get(wanted.Key, wanted.Epoch));
            _known.Keep(key, found, wanted.Epoch);
            return ValueTask.FromResult(found);
        }
        catch (StoreException fault)
        {
            return ValueTask.FromException<Entry?>(fault);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ScanAsync(string prefix, string after, int limit, CancellationToken ct)
    {
        if (ct.IsCancellationRequested)
            return ValueTask.FromCanceled<IReadOnlyList<string>>(ct);
        Span<byte> from = stackalloc byte[Batch.MaxKeyBytes + 1];
        Span<byte> below = stackalloc byte[Batch.MaxKeyBytes + 1];
        Span<byte> behind = stackalloc byte[Batch.MaxKeyBytes + 1];
        if (limit <= 0 || !TryEncode(prefix, from[..^1], out var length))
            return ValueTask.FromResult<IReadOnlyList<string>>([]);
        if (!TryEncode(after, behind[..^1], out var behindLength))
            throw new ArgumentException("not a key", nameof(after));
        var range = new Range { Below = below[..EndOf(from[..length], below)], From = from[..length], Limit = limit };
        // The smallest key that is greater than after has one zero byte more.
        behind[behindLength] = 0;
        if (behindLength > 0 && behind[..behindLength].SequenceCompareTo(from[..length]) >= 0)
            range.From = behind[..(behindLength + 1)];
        try
        {
            IReadOnlyList<string> keys =
                _readers.Read(range, static (reader, range) => reader.Scan(range.From, range.Below, range.Limit));
            return ValueTask.FromResult(keys);
        }
        catch (StoreException fault)
        {
            return ValueTask.FromException<IReadOnlyList<string>>(fault);
        }
    }

    /// <summary>False: this process holds the lock of the files.</summary>
    public bool IsShared => false;

    /// <inheritdoc/>
    public ValueTask<long> RevisionAsync(CancellationToken ct) => ct.IsCancellationRequested
        ? ValueTask.FromCanceled<long>(ct)
        : ValueTask.FromResult(_log.Revision);

    /// <inheritdoc/>
    public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct)
    {
        if (ct.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(ct);
        try
        {
            return new ValueTask<bool>(_writer.CommitAsync(batch, ct));
        }
        catch (StoreException fault)
        {
            return ValueTask.FromException<bool>(fault);
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct) =>
        _log.WatchAsync(prefix, afterRevision, ct);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredEntry> SnapshotAsync(CancellationToken ct) =>
        new Snapshot(_directory.Database, _readers).ReadAsync(ct);

    /// <inheritdoc/>
    public async ValueTask<bool> ReplaceAsync(
        IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct)
    {
        // Far above whatever is committed while the new file is being made.
        var revision = _writer.Issued + (1L << 32);
        using var incoming = new IncomingFile(_directory, revision);
        await incoming.FillAsync(entries, ct);
        return await _writer.ReplaceAsync(incoming, overwrites);
    }

    /// <summary>Commits what waits, ends the watches, closes the files and gives back the lock.</summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return ValueTask.CompletedTask;
        _readers.Dispose();
        _writer.Dispose();
        _log.Close();
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool TryEncode(string text, Span<byte> utf8, out int length) =>
        Utf8.FromUtf16(text, utf8, out _, out length, replaceInvalidSequences: false) == OperationStatus.Done;

    // The first byte string behind all that start with the prefix. UTF-8 has no byte 0xFF, so the last byte can always
    // be counted up, and 0xFF alone lies behind every key.
    private static int EndOf(ReadOnlySpan<byte> prefix, Span<byte> end)
    {
        if (prefix.IsEmpty)
        {
            end[0] = 0xFF;
            return 1;
        }
        prefix.CopyTo(end);
        end[prefix.Length - 1]++;
        return prefix.Length;
    }

    private ref struct Wanted
    {
        public ReadOnlySpan<byte> Key;
        public long Epoch;
    }

    private ref struct Range
    {
        public ReadOnlySpan<byte> From;
        public ReadOnlySpan<byte> Below;
        public int Limit;
    }
}
