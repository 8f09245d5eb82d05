using System.Runtime.CompilerServices;
using System.Text;
using Kist.Kernel.Stores;
using Npgsql;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// A store that many nodes share: tables in a PostgreSQL database (14 or newer). Every node reads and writes; commits
/// of all nodes are put in order by the lock of one row, and each node follows the others' through the change log.
/// </summary>
public sealed class PostgresStore : IStore
{
    private readonly Database _database;
    private readonly Opening _opening;
    private readonly ReadQueue _reads;
    private int _disposed;

    private PostgresStore(PostgresStoreOptions options)
    {
        _database = new Database(options);
        _opening = new Opening(_database, options);
        _reads = new ReadQueue(_database, options.MaxParallel);
    }

    /// <summary>
    /// How long ago it was last certain that watchers had been given every commit of every node up to that moment.
    /// </summary>
    public TimeSpan SinceConfirmed => _opening.Done?.Feed.SinceConfirmed ?? TimeSpan.MaxValue;

    /// <summary>See <see cref="OpenAsync"/>; waits for it.</summary>
    public static PostgresStore Open(PostgresStoreOptions options) =>
        Task.Run(() => OpenAsync(options)).GetAwaiter().GetResult();

    /// <summary>
    /// Connects, and makes or checks the tables. A <see cref="StoreException"/> says what stands in the way: no
    /// answer, no permission, a newer schema, a table of somebody else.
    /// </summary>
    public static Task<PostgresStore> OpenAsync(PostgresStoreOptions options) => MakeAsync(options, static _ => false);

    /// <summary>
    /// As <see cref="OpenAsync"/>, but a database that is only away is waited for: the store then says so once, throws
    /// <see cref="StoreException"/> for whatever is asked of it, and is there as soon as the database is.
    /// </summary>
    public static PostgresStore OpenOrWait(PostgresStoreOptions options) =>
        Task.Run(() => MakeAsync(options, fault =>
        {
            if (!PostgresFault.MayPass(fault))
                return false;
            options.Warn($"{fault.Message}; starting without the storage and trying again until it is there");
            return true;
        })).GetAwaiter().GetResult();

    private static async Task<PostgresStore> MakeAsync(
        PostgresStoreOptions options, Func<StoreException, bool> waitsFor)
    {
        var store = new PostgresStore(options);
        try
        {
            await store._opening.GetAsync(CancellationToken.None);
            return store;
        }
        catch (StoreException fault) when (waitsFor(fault))
        {
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <inheritdoc/>
    public async ValueTask<long> RevisionAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        await MustBeOpenAsync(ct);
        return await _database.RunAsync(async connection =>
        {
            await using var command = new NpgsqlCommand(_database.Tables.Changed, connection);
            return await command.ExecuteScalarAsync(CancellationToken.None) as long?
                ?? throw new StoreException(
                    StoreFailure.Corrupt, $"the table {_database.Tables.Name}_state has lost its row");
        }, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<Entry?> GetAsync(string key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        // What cannot be written as a key cannot be there.
        if (!KeyOrder.IsWellFormed(key))
            return null;
        await MustBeOpenAsync(ct);
        return await _reads.GetAsync(key, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> ScanAsync(
        string prefix, string after, int limit, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (limit <= 0 || !KeyOrder.IsWellFormed(prefix))
            return [];
        if (!KeyOrder.IsWellFormed(after))
            throw new ArgumentException("not a key", nameof(after));
        var (from, below, behind) = (Encoding.UTF8.GetBytes(prefix), EndOf(prefix), Encoding.UTF8.GetBytes(after));
        // The smallest key that is greater than after has one zero byte more.
        if (behind.Length > 0 && behind.AsSpan().SequenceCompareTo(from) >= 0)
            from = [.. behind, 0];
        await MustBeOpenAsync(ct);
        return await _database.RunAsync<IReadOnlyList<string>>(async connection =>
        {
            await using var command = new NpgsqlCommand(_database.Tables.Scan, connection)
            {
                Parameters = { Of(from), Of(below), new NpgsqlParameter<int> { TypedValue = limit } },
            };
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            var keys = new List<string>();
            while (await reader.ReadAsync(CancellationToken.None))
                keys.Add(Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(0)));
            return keys;
        }, ct);
    }

    /// <inheritdoc/>
    public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct)
    {
        if (ct.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(ct);
        if (_opening.Done is not { } open)
            return OpenAndCommitAsync(batch, ct);
        try
        {
            return new ValueTask<bool>(open.Writer.CommitAsync(batch, ct));
        }
        catch (StoreException fault)
        {
            return ValueTask.FromException<bool>(fault);
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct) =>
        _opening.Done is { } open
            ? open.Feed.WatchAsync(prefix, afterRevision, ct)
            : throw new StoreException(StoreFailure.Unavailable, $"{_database.Place} was not reached yet");

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredEntry> SnapshotAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await MustBeOpenAsync(ct);
        await foreach (var entry in new Snapshot(_database).ReadAsync(ct)) yield return entry;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ReplaceAsync(
        IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct)
    {
        var feed = (await _opening.GetAsync(ct)).Feed;
        feed.IsReplacing = true;
        var isDone = false;
        try
        {
            return isDone = await new IncomingTable(_database).ReplaceAsync(entries, overwrites, ct);
        }
        finally
        {
            // If it was done, the feed has yet to see that.
            if (!isDone) feed.IsReplacing = false;
        }
    }

    /// <summary>Commits what waits, ends the watches and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _opening.DisposeAsync();
        _reads.Dispose();
        await _database.DisposeAsync();
    }

    private ValueTask MustBeOpenAsync(CancellationToken ct) =>
        _opening.Done is not null ? default : new ValueTask(_opening.GetAsync(ct));

    private async ValueTask<bool> OpenAndCommitAsync(Batch batch, CancellationToken ct) =>
        await (await _opening.GetAsync(ct)).Writer.CommitAsync(batch, ct);

    // The first byte string behind all that start with the prefix. UTF-8 has no byte 0xFF, so the last byte can always
    // be counted up, and 0xFF alone lies behind every key.
    private static byte[] EndOf(string prefix)
    {
        var end = Encoding.UTF8.GetBytes(prefix);
        if (end.Length == 0)
            return [0xFF];
        end[^1]++;
        return end;
    }

    private static NpgsqlParameter<byte[]> Of(byte[] bytes) => new() { TypedValue = bytes };
}
