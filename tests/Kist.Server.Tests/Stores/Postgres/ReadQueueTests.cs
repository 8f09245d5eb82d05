using Kist.Kernel.Stores;
using Kist.Server.Stores.Postgres;
using Kist.Testing;
using Npgsql;
using Xunit;

namespace Kist.Server.Tests.Stores.Postgres;

/// <summary>Many readers at once, whose keys are asked for together.</summary>
public sealed class ReadQueueTests : IAsyncLifetime
{
    private readonly PostgresStoreOptions _options = StoreUnderTest.FreshTables();
    private PostgresStore _store = null!;
    private Database _database = null!;

    public async ValueTask InitializeAsync()
    {
        _store = PostgresStore.Open(_options);
        _database = new Database(_options);
        for (var i = 0; i < 40; i++)
            await _store.Commit(b => b.Put($"k{i}", $"v{i}"));
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task EachGetsWhatItAskedForWhateverTheOthersDid()
    {
        List<(int Number, Task<string?> Value)> read;
        await using (await HoldAsync(_options.Table))
            read = [.. Enumerable.Range(0, 300).Select(i => (i % 50, _store.Read($"k{i % 50}")))];
        foreach (var (number, value) in read)
            Assert.Equal(number < 40 ? $"v{number}" : null, await value);
    }

    [Fact]
    public async Task AReadSeesWhatWasCommittedBeforeIt()
    {
        var readers = Enumerable.Range(0, 8).Select(async reader =>
        {
            for (var i = 1; i <= 40; i++)
            {
                Assert.True(await _store.Commit(b => b.Put($"mine{reader}", $"{i}")));
                Assert.Equal($"{i}", await _store.Read($"mine{reader}"));
            }
        });
        await Task.WhenAll(readers);
    }

    [Fact]
    public async Task ARowThatCannotBeReadTakesNoOtherDownAndAQueryThatHangsIsOvertaken()
    {
        // A table that does what a damaged page and a slow disk do.
        var table = _options.Table;
        Sql($"ALTER TABLE {table} RENAME TO {table}_real");
        Sql($"""
            CREATE FUNCTION {table}_read(key bytea, value bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE AS $$
            BEGIN
              IF key = 'k3' THEN RAISE EXCEPTION 'invalid page in block 7' USING ERRCODE = 'XX001'; END IF;
              IF key = 'k4' THEN PERFORM FROM {table}_slow; END IF;
              RETURN value;
            END $$
            """);
        Sql($"CREATE TABLE {table}_slow()");
        Sql($"CREATE VIEW {table} AS SELECT key, {table}_read(key, value) AS value, revision FROM {table}_real");
        List<Task<string?>> read;
        await using (await HoldAsync($"{table}_real"))
            read = [.. Enumerable.Range(0, 40).Select(i => _store.Read($"k{i}"))];
        for (var i = 0; i < read.Count; i++)
        {
            if (i == 3)
                Assert.Equal(StoreFailure.Corrupt, (await Assert.ThrowsAsync<StoreException>(() => read[3])).Kind);
            else
                Assert.Equal($"v{i}", await read[i]);
        }
        List<Task<string?>> slow;
        await using (await HoldAsync($"{table}_slow"))
        {
            slow = [_store.Read("k4"), _store.Read("k4")];
            Assert.Equal("v5", await _store.Read("k5"));
            Assert.All(slow, task => Assert.False(task.IsCompleted));
        }
        Assert.All(await Task.WhenAll(slow), value => Assert.Equal("v4", value));
    }

    [Fact]
    public async Task WhoeverWaitsWhenTheStoreIsClosedIsAnswered()
    {
        List<Task<string?>> read;
        await using (await HoldAsync(_options.Table))
        {
            read = [.. Enumerable.Range(0, 40).Select(i => _store.Read($"k{i}"))];
            await _store.DisposeAsync();
            read.Add(_store.Read("k0"));
        }
        for (var i = 0; i < read.Count; i++)
        {
            if (await Record.ExceptionAsync(() => read[i]) is { } fault)
                Assert.Equal(StoreFailure.Unavailable, Assert.IsType<StoreException>(fault).Kind);
            else
                Assert.Equal($"v{i % 40}", await read[i]);
        }
    }

    /// <summary>Lets nobody read a table until it is disposed of.</summary>
    private async Task<IAsyncDisposable> HoldAsync(string table)
    {
        var connection = await _database.OpenAsync(default);
        await using var command = new NpgsqlCommand(
            $"BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
            connection);
        await command.ExecuteNonQueryAsync();
        return new Held(connection);
    }

    private static void Sql(string text) => PostgresServer.Shared.Query("postgres", text);

    private sealed class Held(NpgsqlConnection connection) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await using (connection)
            {
                await using var command = new NpgsqlCommand("ROLLBACK", connection);
                await command.ExecuteNonQueryAsync();
            }
        }
    }
}
