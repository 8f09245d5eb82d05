using System.Diagnostics;
using Kist.Kernel.Stores;
using Npgsql;
using NpgsqlTypes;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// The connection that writes. A group is one transaction in two round trips: take the lock of the state row and read
/// the revisions that matter; write everything and commit. The lock makes revisions visible in their order, whatever
/// node makes them.
/// </summary>
internal sealed class GroupWriter(Database database, PostgresStoreOptions options) : IAsyncDisposable
{
    private const int CompactEach = 512;
    private static readonly TimeSpan PauseBeforeLookup = TimeSpan.FromMilliseconds(50);
    private readonly Tables _tables = database.Tables;
    private NpgsqlConnection? _connection;

    /// <summary>
    /// Commits the batches that hold and sets each one's outcome. After an exception nothing of the group is
    /// committed, or its text says that this is not known.
    /// </summary>
    public async Task<(Group Group, Mark Made)> ApplyAsync(List<PendingCommit> batches)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (group, writer) = (new Group(batches), Guid.NewGuid());
            var mayBeCommitted = false;
            try
            {
                var connection = _connection ??= await database.OpenAsync(default);
                await DecideAsync(connection, group);
                mayBeCommitted = group.Writes;
                await FinishAsync(connection, group, writer);
                return (group, new Mark(group.Last, writer));
            }
            catch (Exception fault) when (PostgresFault.Is(fault))
            {
                await AbandonAsync();
                if (mayBeCommitted && !PostgresFault.IsCertain(fault))
                {
                    if (await WasCommittedAsync(group, writer, fault))
                        return (group, new Mark(group.Last, writer));
                    if (attempt == 1)
                        continue;
                }
                // The connection was dead before anything could be committed.
                if (attempt == 1 && !mayBeCommitted && PostgresFault.IsLostConnection(fault))
                    continue;
                throw PostgresFault.Of(fault, database.Place);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => AbandonAsync();

    private async Task DecideAsync(NpgsqlConnection connection, Group group)
    {
        await using var batch = new NpgsqlBatch(connection);
        Add(batch, "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE");
        Add(batch, _tables.Lock);
        var looked = group.Looked;
        // Each statement sees what was committed when it began, so this one sees all that came before the lock.
        if (looked.Length > 0)
            Add(batch, _tables.RevisionsOf, ByteArrays(looked));
        await using var reader = await batch.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
            throw new StoreException(StoreFailure.Corrupt, $"the table {_tables.Name}_state has lost its row");
        var revision = reader.GetInt64(0);
        Schema.Check(reader.GetInt32(1), _tables);
        if (looked.Length > 0)
        {
            await reader.NextResultAsync();
            while (await reader.ReadAsync())
                group.Found(reader.GetFieldValue<byte[]>(0), reader.GetInt64(1));
        }
        group.Decide(revision);
    }

    private async Task FinishAsync(NpgsqlConnection connection, Group group, Guid writer)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (!group.Writes)
        {
            Add(batch, "ROLLBACK");
            await batch.ExecuteNonQueryAsync();
            return;
        }
        var puts = group.Puts();
        if (puts.Keys.Length > 0)
            Add(batch, _tables.Put, ByteArrays(puts.Keys), ByteArrays(puts.Values), Numbers(puts.Revisions));
        if (group.Deletes() is { Length: > 0 } deletes)
            Add(batch, _tables.Delete, ByteArrays(deletes));
        Add(batch, _tables.Log, Numbers(group.Revisions), ByteArrays(group.Records),
            new NpgsqlParameter<Guid> { TypedValue = writer });
        Add(batch, _tables.Advance, Number(group.Last), Number(group.Changed));
        if (group.Before / CompactEach != group.Last / CompactEach)
            Add(batch, _tables.Compact, Number(group.Last - options.KeptRevisions));
        Add(batch, _tables.Notify, new NpgsqlParameter<string> { TypedValue = _tables.Channel },
            new NpgsqlParameter<string> { TypedValue = $"{group.Last}" });
        Add(batch, "COMMIT");
        await batch.ExecuteNonQueryAsync();
    }

    // The row in the change log says whose commit has the revision. Its transaction holds the lock until it has ended
    // in one way or the other, so the lock is taken before looking.
    private async Task<bool> WasCommittedAsync(Group group, Guid writer, Exception cause)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Delay(PauseBeforeLookup))
        {
            try
            {
                await using var connection = await database.OpenAsync(default);
                await using var batch = new NpgsqlBatch(connection);
                Add(batch, "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE");
                Add(batch, _tables.Lock);
                Add(batch, _tables.WriterOf, Number(group.Last));
                Add(batch, "ROLLBACK");
                await using var reader = await batch.ExecuteReaderAsync();
                var head = await reader.ReadAsync() ? reader.GetInt64(0) : 0;
                await reader.NextResultAsync();
                if (await reader.ReadAsync())
                    return reader.GetGuid(0) == writer;
                if (head < group.Last)
                    return false;
                // The log was compacted past it meanwhile.
                throw Unknown(cause);
            }
            catch (Exception fault) when (PostgresFault.Is(fault) && fault is not StoreException)
            {
                if (Stopwatch.GetElapsedTime(began) > options.PatienceForOutcome)
                    throw Unknown(cause);
            }
        }
    }

    private StoreException Unknown(Exception cause) => new(StoreFailure.Unavailable,
        $"{database.Place} was lost during a commit, and whether it was done could not be found out", cause);

    private async ValueTask AbandonAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<byte[][]> ByteArrays(byte[][] values) =>
        new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };

    private static NpgsqlParameter<long[]> Numbers(long[] values) =>
        new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    private static NpgsqlParameter<long> Number(long value) => new() { TypedValue = value };
}
