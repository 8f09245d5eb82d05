using System.Text;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Postgres;
using Kist.Server.Stores.Sqlite;
using Kist.Testing;
using Xunit;

namespace Kist.Server.Tests.Stores;

/// <summary>
/// A fresh store of a kind, and its directory if it has one. A new kind of store is one more line here.
/// </summary>
internal sealed class StoreUnderTest : IAsyncDisposable
{
    private readonly string? _directory;

    private StoreUnderTest(IStore store, string? directory) => (Store, _directory) = (store, directory);

    public static TheoryData<string> Kinds => ["memory", "sqlite", "postgresql"];

    public IStore Store { get; }

    public static StoreUnderTest Open(string kind)
    {
        if (kind == "memory")
            return new StoreUnderTest(new MemoryStore(), null);
        if (kind == "postgresql")
            return new StoreUnderTest(PostgresStore.Open(FreshTables()), null);
        var directory = NewDirectory();
        return new StoreUnderTest(SqliteStore.Open(new SqliteStoreOptions { Directory = directory }), directory);
    }

    /// <summary>Tables of their own in the tests' PostgreSQL.</summary>
    public static PostgresStoreOptions FreshTables() => new()
    {
        ConnectionUrl = PostgresServer.Shared.Url("postgres"), Table = $"t{Guid.NewGuid():N}", MaxParallel = 4,
    };

    public static string NewDirectory() => Directory.CreateTempSubdirectory("kist-store-").FullName;

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        if (_directory is not null)
            Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>Text in and out of a store.</summary>
internal static class StoreText
{
    extension(IStore store)
    {
        public async Task<string?> Read(string key) =>
            await store.GetAsync(key, default) is { } entry ? Encoding.UTF8.GetString(entry.Value.Span) : null;

        public async Task<long> Revision(string key) => (await store.GetAsync(key, default))?.Revision ?? 0;

        public async Task<bool> Commit(Func<Batch, Batch> fill) => await store.CommitAsync(fill(new Batch()), default);

        public async Task<string> Scan(string prefix, string after = "", int limit = 100) =>
            string.Join(' ', await store.ScanAsync(prefix, after, limit, default));

        /// <summary>The whole snapshot, as one text.</summary>
        public async Task<string> Everything()
        {
            var text = new StringBuilder();
            await foreach (var (key, value) in store.SnapshotAsync(default))
                text.Append($"{key}={Encoding.UTF8.GetString(value.Span)} ");
            return text.ToString().TrimEnd();
        }

        /// <summary>All keys, read in small pages.</summary>
        public async Task<List<string>> Keys(string prefix = "")
        {
            var keys = new List<string>();
            while (await store.ScanAsync(prefix, keys.LastOrDefault(""), 7, default) is { Count: > 0 } page)
                keys.AddRange(page);
            return keys;
        }
    }

    extension(Batch batch)
    {
        public Batch Put(string key, string value) => batch.Put(key, Encoding.UTF8.GetBytes(value));
    }
}
