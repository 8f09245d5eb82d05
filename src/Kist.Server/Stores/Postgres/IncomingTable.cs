using System.Text;
using Kist.Kernel.Stores;
using Npgsql;
using NpgsqlTypes;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// A table that is filled by COPY beside the store's and takes its place in one transaction, under the lock that every
/// commit takes. Until then nobody sees it; what a broken attempt left is removed by the next.
/// </summary>
internal sealed class IncomingTable(Database database)
{
    private const int SecondsForIndex = 3_600;
    private readonly Tables _tables = database.Tables;

    /// <summary>See <see cref="IStore.ReplaceAsync"/>.</summary>
    public async ValueTask<bool> ReplaceAsync(
        IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct)
    {
        try
        {
            await using var connection = await database.OpenAsync(ct);
            // Of the session, so that it ends with it. Not the key under which the schema is made.
            if (!await AskAsync(connection, $"SELECT pg_try_advisory_lock({_tables.LockKey + 1})"))
                throw new StoreException(StoreFailure.InUse, "the store is being replaced already");
            try
            {
                if (!overwrites && !await IsEmptyAsync(connection)) return false;
                var revision = await RevisionAsync(connection) + (1L << 32);
                await FillAsync(connection, entries, revision, ct);
                return await InstallAsync(connection, revision, overwrites);
            }
            finally
            {
                if (connection.State == System.Data.ConnectionState.Open)
                {
                    await RunAsync(connection, $"DROP TABLE IF EXISTS {_tables.Incoming}");
                    await RunAsync(connection, $"SELECT pg_advisory_unlock({_tables.LockKey + 1})");
                }
            }
        }
        catch (Exception fault) when (PostgresFault.Is(fault) && fault is not StoreException)
        {
            throw PostgresFault.Of(fault, database.Place);
        }
    }

    /// <summary>Removes what a replacement that was killed has left, unless another one is under way.</summary>
    public static async Task SweepAsync(NpgsqlConnection connection, Tables tables)
    {
        if (await AskAsync(connection, $"SELECT to_regclass('{tables.Incoming}') IS NULL")
            || !await AskAsync(connection, $"SELECT pg_try_advisory_lock({tables.LockKey + 1})")) return;
        try
        {
            await RunAsync(connection, $"DROP TABLE IF EXISTS {tables.Incoming}");
        }
        catch (PostgresException)
        {
            // Not this user's: it does no harm where it is.
        }
        finally
        {
            if (connection.State == System.Data.ConnectionState.Open)
                await RunAsync(connection, $"SELECT pg_advisory_unlock({tables.LockKey + 1})");
        }
    }

    private async Task FillAsync(
        NpgsqlConnection connection, IAsyncEnumerable<StoredEntry> entries, long revision, CancellationToken ct)
    {
        await RunAsync(connection, $"DROP TABLE IF EXISTS {_tables.Incoming}");
        await RunAsync(connection, Schema.MakeEntries(_tables.Incoming, ""));
        await using (var import = await connection.BeginBinaryImportAsync(
            $"COPY {_tables.Incoming}(key, value, revision) FROM STDIN (FORMAT BINARY)", ct))
        {
            await foreach (var entry in entries.WithCancellation(ct))
            {
                await import.StartRowAsync(ct);
                await import.WriteAsync(Encoding.UTF8.GetBytes(entry.Key), NpgsqlDbType.Bytea, ct);
                await import.WriteAsync(entry.Value, NpgsqlDbType.Bytea, ct);
                await import.WriteAsync(revision, NpgsqlDbType.Bigint, ct);
            }
            import.Timeout = TimeSpan.FromSeconds(SecondsForIndex);
            await import.CompleteAsync(ct);
        }
        await RunAsync(connection,
            $"ALTER TABLE {_tables.Incoming} ADD CONSTRAINT {_tables.IncomingKey} PRIMARY KEY (key)", SecondsForIndex);
        await RunAsync(connection, $"ANALYZE {_tables.Incoming}", SecondsForIndex);
    }

    /// <summary>
    /// The row of the change log that watchers hold on to goes with all others, so each of them starts over.
    /// </summary>
    private async Task<bool> InstallAsync(NpgsqlConnection connection, long revision, bool overwrites)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        // A backup that is being read holds its table; commits wait for us meanwhile.
        await RunAsync(connection, "SET LOCAL lock_timeout = 5000");
        await RunAsync(connection, _tables.Lock);
        if (!overwrites && !await IsEmptyAsync(connection)) return false;
        if (await RevisionAsync(connection) >= revision)
            throw new StoreException(StoreFailure.Unavailable, "too much was written meanwhile; try again");
        await RunAsync(connection, $"""
            DROP TABLE {_tables.Entries};
            ALTER TABLE {_tables.Incoming} RENAME TO {_tables.EntriesName};
            ALTER TABLE {_tables.Entries} RENAME CONSTRAINT {_tables.IncomingKey} TO {_tables.KeyName};
            DELETE FROM {_tables.Changes};
            INSERT INTO {_tables.Changes} VALUES ({revision}, '{Guid.NewGuid()}', '');
            UPDATE {_tables.State} SET revision = {revision}, changed = {revision} WHERE one;
            SELECT pg_notify('{_tables.Channel}', '{revision}');
            """);
        await transaction.CommitAsync();
        return true;
    }

    private Task<bool> IsEmptyAsync(NpgsqlConnection connection) =>
        AskAsync(connection, $"SELECT NOT EXISTS (SELECT 1 FROM {_tables.Entries})");

    private async Task<long> RevisionAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(_tables.Lock.Replace(" FOR UPDATE", ""), connection);
        await using var reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
            throw new StoreException(StoreFailure.Corrupt, $"the table {_tables.Name}_state has lost its row");
        Schema.Check(reader.GetInt32(1), _tables);
        return reader.GetInt64(0);
    }

    private static async Task<bool> AskAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is true;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, int? seconds = null)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        if (seconds is { } patience) command.CommandTimeout = patience;
        await command.ExecuteNonQueryAsync();
    }
}
