using System.Text;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Stores;

public sealed partial class StoreConformanceTests
{
    [Theory, MemberData(nameof(Kinds))]
    public async Task ASnapshotIsOfOneMomentAndInTheOrderOfKeys(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        Assert.Equal("", await under.Store.Everything());
        await under.Store.Commit(b =>
            b.Put("b", "1").Put("a", "").Put("\uFFFF", "2").Put("🔑", "3").Put("gone", "x"));
        await under.Store.Commit(b => b.Delete("gone"));
        await using var reading = under.Store.SnapshotAsync(default).GetAsyncEnumerator();
        Assert.True(await reading.MoveNextAsync());
        Assert.Equal("a", reading.Current.Key);
        await under.Store.Commit(b => b.Put("b", "changed").Put("c", "new").Delete("🔑"));
        var rest = new List<string>();
        while (await reading.MoveNextAsync())
            rest.Add($"{reading.Current.Key}={Encoding.UTF8.GetString(reading.Current.Value.Span)}");
        Assert.Equal(["b=1", "\uFFFF=2", "🔑=3"], rest);
        Assert.Equal("a= b=changed c=new \uFFFF=2", await under.Store.Everything());
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task ManySnapshotsMayBeReadWhileWritersGoOn(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        // Money moves between two accounts; a snapshot of two moments would not add up.
        await under.Store.Commit(b => b.Put("a", "500").Put("b", "500"));
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(async () =>
        {
            for (var i = 1; !stop.IsCancellationRequested; i++)
                await under.Store.Commit(b => b.Put("a", $"{500 - i % 500}").Put("b", $"{500 + i % 500}"));
        });
        for (var i = 0; i < 20; i++)
        {
            var sum = 0;
            await foreach (var entry in under.Store.SnapshotAsync(default))
                sum += int.Parse(Encoding.UTF8.GetString(entry.Value.Span));
            Assert.Equal(1000, sum);
        }
        await stop.CancelAsync();
        await writer;
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task ReplacingPutsOtherEntriesIntoThePlaceOfAll(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("old", "x").Put("both", "x"));
        var before = await under.Store.Revision("both");
        Assert.True(await under.Store.ReplaceAsync(Of(("z", "1"), ("both", "2"), ("🔑", "")), true, default));
        Assert.Equal("both=2 z=1 🔑=", await under.Store.Everything());
        Assert.Equal("both z 🔑", await under.Store.Scan(""));
        Assert.Null(await under.Store.Read("old"));
        Assert.Equal("2", await under.Store.Read("both"));
        var after = await under.Store.RevisionAsync(default);
        Assert.True(after > before);
        Assert.Equal(after, await under.Store.Revision("both"));
        Assert.Equal(after, await under.Store.Revision("z"));
        Assert.False(await under.Store.Commit(b => b.Expect("both", before).Put("both", "stale")));
        Assert.True(await under.Store.Commit(b => b.Expect("both", after).Put("both", "fresh").Delete("z")));
        Assert.Equal("both=fresh 🔑=", await under.Store.Everything());
        Assert.True(await under.Store.Revision("both") > after);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task ReplacingIsRefusedWhereSomethingIsUnlessItMayOverwrite(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        Assert.True(await under.Store.ReplaceAsync(Of(("a", "1")), false, default));
        Assert.False(await under.Store.ReplaceAsync(Of(("b", "2")), false, default));
        Assert.Equal("a=1", await under.Store.Everything());
        Assert.True(await under.Store.ReplaceAsync(Of(), true, default));
        Assert.Equal("", await under.Store.Everything());
        Assert.True(await under.Store.Commit(b => b.Expect("a", 0).Put("a", "again")));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AReplacementThatBreaksOffChangesNothing(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("a", "1"));
        var before = await under.Store.RevisionAsync(default);
        await Assert.ThrowsAsync<FormatException>(async () =>
            await under.Store.ReplaceAsync(Broken(), true, default));
        Assert.Equal("a=1", await under.Store.Everything());
        Assert.Equal(before, await under.Store.RevisionAsync(default));
        Assert.True(await under.Store.Commit(b => b.Put("b", "2")));
        Assert.True(await under.Store.ReplaceAsync(Of(("c", "3")), true, default));
        Assert.Equal("c=3", await under.Store.Everything());

        static async IAsyncEnumerable<StoredEntry> Broken()
        {
            for (var i = 0; i < 1_000; i++) yield return new StoredEntry($"k{i:d4}", new byte[100]);
            await Task.Yield();
            throw new FormatException("the rest is missing");
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task WatchersStartOverAfterAReplacement(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("a", "1"));
        await using var watch = under.Store.WatchAsync("", 0, default).GetAsyncEnumerator();
        var step = watch.MoveNextAsync().AsTask();
        await under.Store.ReplaceAsync(Of(("b", "2")), true, default);
        var fault = await Assert.ThrowsAsync<StoreException>(() => step.WaitAsync(Patience));
        Assert.Equal(StoreFailure.Unavailable, fault.Kind);
        var now = await under.Store.RevisionAsync(default);
        await using var again = under.Store.WatchAsync("", now, default).GetAsyncEnumerator();
        await under.Store.Commit(b => b.Put("c", "3"));
        Assert.Equal("c", Assert.Single(await Take(again, 1)).Key);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task WhoeverWritesWhileItIsReplacedGetsAnAnswer(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await under.Store.Commit(b => b.Put($"w{n}", "x"));
                _ = await under.Store.Read("k0");
                _ = await under.Store.Scan("k");
            }
        })).ToList();
        for (var i = 0; i < 3; i++)
        {
            var entries = Enumerable.Range(0, 300).Select(n => ($"k{n}", $"{i}")).ToArray();
            Assert.True(await under.Store.ReplaceAsync(Of(entries), true, default));
            Assert.Equal($"{i}", await under.Store.Read("k7"));
            Assert.Equal($"{i}", await under.Store.Read("k299"));
        }
        await stop.CancelAsync();
        await Task.WhenAll(writers).WaitAsync(Patience);
    }

    [Fact]
    public async Task AReplacedDatabaseIsThereAfterARestart()
    {
        var directory = StoreUnderTest.NewDirectory();
        try
        {
            var options = new Kist.Server.Stores.Sqlite.SqliteStoreOptions { Directory = directory };
            var entries = Enumerable.Range(0, 5_000).Select(n => ($"k{n:d5}", new string('v', n % 300))).ToArray();
            await using (var store = Kist.Server.Stores.Sqlite.SqliteStore.Open(options))
            {
                await store.Commit(b => b.Put("a", "1"));
                await using var reading = store.SnapshotAsync(default).GetAsyncEnumerator();
                Assert.True(await reading.MoveNextAsync());
                var fault = await Assert.ThrowsAsync<StoreException>(
                    async () => await store.ReplaceAsync(Of(entries), true, default));
                Assert.Equal(StoreFailure.InUse, fault.Kind);
                await reading.DisposeAsync();
                await store.ReplaceAsync(Of(entries), true, default);
                await store.Commit(b => b.Put("k00001", "later"));
            }
            Assert.Equal(["kist.db", "kist.lock"], Directory.GetFiles(directory).Select(Path.GetFileName).Order());
            await using var again = Kist.Server.Stores.Sqlite.SqliteStore.Open(options);
            Assert.Equal("later", await again.Read("k00001"));
            Assert.Equal(entries.Length, (await again.Keys()).Count);
            foreach (var (key, value) in entries.Skip(2)) Assert.Equal(value, await again.Read(key));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static IAsyncEnumerable<StoredEntry> Of(params (string Key, string Value)[] entries) =>
        entries.Select(e => new StoredEntry(e.Key, Encoding.UTF8.GetBytes(e.Value))).ToAsyncEnumerable();
}
