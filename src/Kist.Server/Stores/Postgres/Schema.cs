using Kist.Kernel.Stores;
using Npgsql;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// The store's tables: made and brought up to date here, by one node at a time, and refused if they are newer than this
/// program.
/// </summary>
internal static class Schema
{
    /// <summary>The version that this program writes.</summary>
    public const int Version = 1;

    /// <summary>Checks what is there, makes what is not, and gives the place where the change log ends.</summary>
    public static async Task<Head> AdmitAsync(NpgsqlConnection connection, Tables tables)
    {
        if (await VersionOfAsync(connection, tables) != Version)
        {
            // Other nodes that start now wait here, and then find the tables made. A lock of the session, because a
            // transaction that has begun before would go on believing that there are none.
            await ExecuteAsync(connection, $"SELECT pg_advisory_lock({tables.LockKey})");
            try
            {
                if (await VersionOfAsync(connection, tables) is null)
                    await MakeAsync(connection, tables);
            }
            finally
            {
                if (connection.State == System.Data.ConnectionState.Open)
                    await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({tables.LockKey})");
            }
        }
        await IncomingTable.SweepAsync(connection, tables);
        return await HeadAsync(connection, tables);
    }

    /// <summary>Throws if a node with a newer program has brought the tables up to its version.</summary>
    public static void Check(long version, Tables tables)
    {
        if (version > Version)
        {
            throw new StoreException(StoreFailure.Refused,
                $"the tables {tables.Name} were written by a newer Kist (schema {version}, this program knows "
                + $"{Version}); nothing was changed. Run the newer program, or restore a backup made by this one.");
        }
    }

    /// <summary>The last row of the change log. There is always one.</summary>
    public static async Task<Head> HeadAsync(NpgsqlConnection connection, Tables tables)
    {
        await using var command = new NpgsqlCommand(tables.Head, connection);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync()
            ? new Head(new Mark(reader.GetInt64(0), reader.GetGuid(1)), reader.GetInt64(2))
            : throw new StoreException(StoreFailure.Corrupt, $"the table {tables.Name}_changes has lost its rows");
    }

    // Null: there are no tables yet.
    private static async Task<int?> VersionOfAsync(NpgsqlConnection connection, Tables tables)
    {
        await using (var look = new NpgsqlCommand("SELECT to_regclass($1) IS NULL, to_regclass($2) IS NULL", connection)
            { Parameters = { Text(tables.State), Text(tables.Entries) } })
        await using (var reader = await look.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            var (noState, noEntries) = (reader.GetBoolean(0), reader.GetBoolean(1));
            if (noState && noEntries)
                return null;
            if (noState)
            {
                throw new StoreException(StoreFailure.Refused,
                    $"the table {tables.Name} is not one of Kist's; nothing was changed. Name another table.");
            }
        }
        await using var command = new NpgsqlCommand($"SELECT schema_version FROM {tables.State}", connection);
        var version = await command.ExecuteScalarAsync() as int?
            ?? throw new StoreException(StoreFailure.Corrupt, $"the table {tables.Name}_state has lost its row");
        Check(version, tables);
        return version;
    }

    // One message, and so one transaction. Keys are bytea, so they sort by their bytes whatever the database's
    // collation is, and may hold any character. The state row changes with every commit: room in its page keeps that
    // off its index.
    private static Task MakeAsync(NpgsqlConnection connection, Tables tables) => ExecuteAsync(connection, $"""
        {MakeEntries(tables.Entries, "PRIMARY KEY")}
        CREATE TABLE {tables.State}(one boolean PRIMARY KEY DEFAULT true CHECK (one), schema_version int NOT NULL,
            revision bigint NOT NULL, changed bigint NOT NULL) WITH (fillfactor = 10);
        CREATE TABLE {tables.Changes}(revision bigint PRIMARY KEY, writer uuid NOT NULL, keys bytea NOT NULL);
        INSERT INTO {tables.State}(schema_version, revision, changed) VALUES ({Version}, 0, 0);
        INSERT INTO {tables.Changes} VALUES (0, '{Guid.NewGuid()}', '');
        """);

    /// <summary>Makes a table of entries; <paramref name="ofKey"/> is the constraint of its key.</summary>
    public static string MakeEntries(string name, string ofKey) => $"""
        CREATE TABLE {name}(key bytea NOT NULL {ofKey}, value bytea NOT NULL, revision bigint NOT NULL);
        ALTER TABLE {name} ALTER COLUMN value SET STORAGE EXTERNAL;
        """;

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value };

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>
/// A place in the change log: a revision, and who made it. Two histories (after a failover that lost commits) may use
/// the same revision; the writer tells them apart.
/// </summary>
internal readonly record struct Mark(long Revision, Guid Writer);

/// <summary>
/// Where the change log ends, and the revision of the last commit that changed anything, which may be smaller: what
/// was to be deleted by those after it was not there.
/// </summary>
internal readonly record struct Head(Mark Place, long Changed);
