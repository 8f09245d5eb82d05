using System.Runtime.CompilerServices;
using System.Text;
using Kist.Kernel.Stores;
using Npgsql;
using NpgsqlTypes;

namespace Kist.Server.Stores.Postgres;

/// <summary>Everything in the store at one moment: one COPY, so one snapshot of the database.</summary>
internal sealed class Snapshot(Database database)
{
    /// <summary>See <see cref="IStore.SnapshotAsync"/>.</summary>
    public async IAsyncEnumerable<StoredEntry> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await using var connection = await GuardedAsync(() => database.OpenAsync(ct));
        await using var export = await GuardedAsync(async () => await connection.BeginBinaryExportAsync(
            $"COPY (SELECT key, value FROM {database.Tables.Entries} ORDER BY key) TO STDOUT (FORMAT BINARY)", ct));
        while (await GuardedAsync(() => NextAsync(export, ct)) is { } entry) yield return entry;
    }

    private static async ValueTask<StoredEntry?> NextAsync(NpgsqlBinaryExporter export, CancellationToken ct)
    {
        if (await export.StartRowAsync(ct) < 0) return null;
        var key = await export.ReadAsync<byte[]>(NpgsqlDbType.Bytea, ct);
        return new StoredEntry(
            Encoding.UTF8.GetString(key), await export.ReadAsync<byte[]>(NpgsqlDbType.Bytea, ct));
    }

    private async ValueTask<T> GuardedAsync<T>(Func<ValueTask<T>> step)
    {
        try
        {
            return await step();
        }
        catch (Exception fault) when (PostgresFault.Is(fault) && fault is not StoreException)
        {
            throw PostgresFault.Of(fault, database.Place);
        }
    }
}
