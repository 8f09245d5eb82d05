using Kist.Kernel.Stores;
using Kist.Server.Stores.Postgres;
using Kist.Testing;
using Xunit;

namespace Kist.Server.Tests.Stores.Postgres;

/// <summary>What the store makes of a database, and which databases it leaves alone.</summary>
public sealed class PostgresSchemaTests
{
    [Fact]
    public async Task NodesThatStartTogetherMakeOneSetOfTables()
    {
        var options = StoreUnderTest.FreshTables();
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PostgresStore.OpenAsync(options)));
        for (var i = 0; i < stores.Length; i++)
            Assert.True(await stores[i].Commit(b => b.Expect($"{i}", 0).Put($"{i}", "x")));
        Assert.Equal(stores.Length, await stores[0].RevisionAsync(default));
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Theory]
    [InlineData("jit", "off")]
    [InlineData("enable_seqscan", "off")]
    [InlineData("synchronous_commit", "on")]
    public async Task ASessionHasTheSettingsThatTheStatementsCountOn(string setting, string value)
    {
        await using var database = new Database(StoreUnderTest.FreshTables());
        await using var connection = await database.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SHOW {setting}";
        Assert.Equal(value, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ANewerSchemaIsRefusedBeforeAnythingIsTouchedAndByNodesThatRunAlready()
    {
        var options = StoreUnderTest.FreshTables();
        await using var running = PostgresStore.Open(options);
        await running.Commit(b => b.Put("k", "x"));
        Sql($"UPDATE {options.Table}_state SET schema_version = {Schema.Version + 1}");
        var fault = Assert.Throws<StoreException>(() => PostgresStore.Open(options));
        Assert.Contains("newer Kist", fault.Message);
        var late = await Assert.ThrowsAsync<StoreException>(() => running.Commit(b => b.Put("k", "y")));
        Assert.Contains("newer Kist", late.Message);
        Sql($"UPDATE {options.Table}_state SET schema_version = {Schema.Version}");
        Assert.Equal("x", await running.Read("k"));
        Assert.True(await running.Commit(b => b.Put("k", "y")));
    }

    [Fact]
    public void ATableOfSomebodyElseIsLeftAlone()
    {
        var options = StoreUnderTest.FreshTables();
        Sql($"CREATE TABLE {options.Table}(parent_path text, path text, key text, value bytea)");
        var fault = Assert.Throws<StoreException>(() => PostgresStore.Open(options));
        Assert.Contains("not one of Kist's", fault.Message);
        Assert.Equal("t", Sql($"SELECT to_regclass('{options.Table}_state') IS NULL"));
    }

    [Fact]
    public async Task AUserWhoMayOnlyReadGetsReadsAndIsToldThatTheStoreIsReadOnly()
    {
        var options = StoreUnderTest.FreshTables();
        await using (var owner = PostgresStore.Open(options))
            await owner.Commit(b => b.Put("k", "x"));
        var role = $"reader_{Guid.NewGuid():N}";
        Sql($"CREATE ROLE {role} LOGIN CONNECTION LIMIT 3");
        foreach (var table in new[] { "", "_state", "_changes" })
            Sql($"GRANT SELECT ON {options.Table}{table} TO {role}");
        await using var reader = PostgresStore.Open(options with
        {
            ConnectionUrl = options.ConnectionUrl.Replace("kist@", $"{role}@", StringComparison.Ordinal),
        });
        Assert.Equal("x", await reader.Read("k"));
        Assert.Equal(StoreFailure.ReadOnly,
            (await Assert.ThrowsAsync<StoreException>(() => reader.Commit(b => b.Put("k", "y")))).Kind);
    }

    [Fact]
    public async Task ATableMayBeInASchemaOfItsOwn()
    {
        Sql("CREATE SCHEMA IF NOT EXISTS \"Secrets\"");
        var options = StoreUnderTest.FreshTables() with { Table = $"Secrets.T{Guid.NewGuid():N}" };
        await using var store = PostgresStore.Open(options);
        await store.Commit(b => b.Put("k", "x"));
        await using var again = PostgresStore.Open(options);
        Assert.Equal("x", await again.Read("k"));
    }

    [Fact]
    public void ADatabaseThatDoesNotAnswerIsNamedAndItsPasswordIsNot()
    {
        var options = new PostgresStoreOptions { ConnectionUrl = "postgres://u:sesame@127.0.0.1:1/db?sslmode=disable" };
        var fault = Assert.Throws<StoreException>(() => PostgresStore.Open(options));
        Assert.Equal(StoreFailure.Unavailable, fault.Kind);
        Assert.Contains("127.0.0.1", fault.Message);
        Assert.DoesNotContain("sesame", fault.ToString());
    }

    private static string Sql(string text) => PostgresServer.Shared.Query("postgres", text);
}
