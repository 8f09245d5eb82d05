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
    private readonly ChangeFeed _feed;
    private readonly CommitQueue _writer;
    private int _disposed;

    private PostgresStore(Database database, ChangeFeed feed, CommitQueue writer) =>
        (_database, _feed, _writer) = (database, feed, writer);

    /// <summary>
    /// How long ago it was last certain that watchers had been given every commit of every node up to that moment.
    /// </summary>
    public TimeSpan SinceConfirmed => _feed.SinceConfirmed;

    /// <summary>See <see cref="OpenAsync"/>; waits for it.</summary>
    public static PostgresStore Open(PostgresStoreOptions options) =>
        Task.Run(() => OpenAsync(options)).GetAwaiter().GetResult();

    /// <summary>
    /// Connects, and makes or checks the tables. A <see cref="StoreException"/> says what stands in the way: no
    /// answer, no permission, a newer schema, a table of somebody else.
    /// </summary>
    public static async Task<PostgresStore> OpenAsync(PostgresStoreOptions options)
    {
        var database = new Database(options);
        try
        {
            var head = await database.RunAsync(
                connection => Schema.AdmitAsync(connection, database.Tables), CancellationToken.None);
            var feed = new ChangeFeed(database, head, options.Warn);
            return new PostgresStore(database, feed, new CommitQueue(new GroupWriter(database, options), feed));
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <inheritdoc/>
    public async ValueTask<long> RevisionAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
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
        var utf8 = Encoding.UTF8.GetBytes(key);
        return await _database.RunAsync<Entry?>(async connection =>
        {
            await using var command = new NpgsqlCommand(_database.Tables.Get, connection) { Parameters = { Of(utf8) } };
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            return await reader.ReadAsync(CancellationToken.None)
                ? new Entry(reader.GetFieldValue<byte[]>(0), reader.GetInt64(1))
                : null;
        }, ct);
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
        _feed.WatchAsync(prefix, afterRevision, ct);

    /// <summary>Commits what waits, ends the watches and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _writer.DisposeAsync();
        await _feed.DisposeAsync();
        await _database.DisposeAsync();
    }

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
