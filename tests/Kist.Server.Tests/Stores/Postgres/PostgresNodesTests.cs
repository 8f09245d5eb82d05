using System.Diagnostics;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Postgres;
using Kist.Testing;
using Xunit;

namespace Kist.Server.Tests.Stores.Postgres;

/// <summary>Several nodes on one database.</summary>
public sealed class PostgresNodesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task EachNodeReadsAtOnceWhatAnotherHasWritten()
    {
        var options = StoreUnderTest.FreshTables();
        await using var one = PostgresStore.Open(options);
        await using var two = PostgresStore.Open(options);
        for (var i = 0; i < 50; i++)
        {
            await one.Commit(b => b.Put("k", $"{i}"));
            Assert.Equal($"{i}", await two.Read("k"));
            Assert.Equal(await one.Revision("k"), await two.RevisionAsync(default));
        }
    }

    // A node's first reads must not wait for connections to be made.
    [Fact]
    public async Task AStoreThatIsOpenHasConnectionsAtHand()
    {
        var name = $"ready{Guid.NewGuid():N}";
        var options = StoreUnderTest.FreshTables();
        await using var store = PostgresStore.Open(
            options with { ConnectionUrl = $"{options.ConnectionUrl}&application_name={name}" });
        var sessions = PostgresServer.Shared.Query(
            "postgres", $"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'");
        Assert.Equal("4", sessions);
    }

    [Fact]
    public async Task EveryWatcherOfEveryNodeSeesAllCommitsOfAllNodesInTheSameOrder()
    {
        var options = StoreUnderTest.FreshTables();
        const int nodes = 3, writers = 4, rounds = 40;
        var stores = Enumerable.Range(0, nodes).Select(_ => PostgresStore.Open(options)).ToList();
        await stores[0].Commit(b => b.Put("begin", "x"));
        var begin = await stores[0].Revision("begin");
        var watchers = stores.Select(store => Task.Run(async () =>
        {
            var seen = new List<Change>();
            // From a revision and not from now on: the writers may begin before this thread does.
            await foreach (var change in store.WatchAsync("k/", begin, default))
            {
                seen.Add(change);
                if (seen.Count(c => c.Key == "k/end") == 1)
                    break;
            }
            return seen;
        })).ToList();
        await Task.WhenAll(stores.SelectMany((store, node) => Enumerable.Range(0, writers).Select(writer =>
            Task.Run(async () =>
            {
                for (var round = 0; round < rounds; round++)
                    await store.Commit(b => b.Put($"k/{node}/{writer}", $"{round}").Put($"k/{round}", "x"));
            }))));
        await stores[0].Commit(b => b.Put("k/end", "x"));
        var transcripts = await Task.WhenAll(watchers).WaitAsync(Patience);
        Assert.All(transcripts, seen =>
        {
            Assert.Equal(2 * nodes * writers * rounds + 1, seen.Count);
            Assert.Equal(transcripts[0], seen);
            Assert.Equal(Enumerable.Range(1, nodes * writers * rounds + 1).Select(i => begin + i),
                seen.Select(change => change.Revision).Distinct());
        });
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task CountersOfManyNodesEndWithTheExactSum()
    {
        var options = StoreUnderTest.FreshTables();
        var stores = Enumerable.Range(0, 3).Select(_ => PostgresStore.Open(options)).ToList();
        await Task.WhenAll(stores.Select(store => Task.Run(async () =>
        {
            for (var done = 0; done < 40;)
            {
                var entry = await store.GetAsync("n", default);
                var next = entry is { } e ? int.Parse(e.Value.Span) + 1 : 1;
                if (await store.Commit(b => b.Expect("n", entry?.Revision ?? 0).Put("n", $"{next}")))
                    done++;
            }
        })));
        Assert.Equal("120", await stores[0].Read("n"));
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task ANodeWhoseFeedWasOvertakenByTheCompactionTellsItsWatchersToStartOver()
    {
        using var proxy = new TcpProxy(PostgresServer.Shared.Port);
        var options = StoreUnderTest.FreshTables() with { KeptRevisions = 16 };
        await using var writer = PostgresStore.Open(options);
        await using var slow = PostgresStore.Open(PostgresCrashTests.Through(proxy, options));
        await using var watch = slow.WatchAsync("", 0, default).GetAsyncEnumerator();
        await writer.Commit(b => b.Put("seen", "x"));
        Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Patience));
        proxy.Pause();
        await Task.WhenAll(Enumerable.Range(0, 1_100).Select(i => writer.Commit(b => b.Put($"k{i % 7}", "x"))));
        proxy.Resume();
        var fault = await Assert.ThrowsAsync<StoreException>(async () =>
        {
            while (await watch.MoveNextAsync().AsTask().WaitAsync(Patience)) { }
        });
        Assert.Equal(StoreFailure.Unavailable, fault.Kind);
        await using var again = slow.WatchAsync("", 0, default).GetAsyncEnumerator();
        await writer.Commit(b => b.Put("fresh", "x"));
        Assert.True(await again.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal("fresh", again.Current.Key);
    }

    [Fact]
    public async Task AWatchGoesOnWithoutAGapAfterItsConnectionWasCut()
    {
        using var proxy = new TcpProxy(PostgresServer.Shared.Port);
        var options = StoreUnderTest.FreshTables();
        await using var writer = PostgresStore.Open(options);
        await using var cut = PostgresStore.Open(PostgresCrashTests.Through(proxy, options));
        await using var watch = cut.WatchAsync("", 0, default).GetAsyncEnumerator();
        for (var i = 0; i < 10; i++)
        {
            proxy.CutAll();
            await writer.Commit(b => b.Put($"k/{i}", "x"));
            Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Patience));
            Assert.Equal($"k/{i}", watch.Current.Key);
        }
    }

    [Fact]
    public async Task ADatabaseThatWentBackInTimeMakesWatchersStartOver()
    {
        var options = StoreUnderTest.FreshTables();
        await using var store = PostgresStore.Open(options);
        for (var i = 0; i < 5; i++)
            await store.Commit(b => b.Put($"{i}", "x"));
        await using var watch = store.WatchAsync("", 0, default).GetAsyncEnumerator();
        // What a failover to a standby does that had not got the last two commits.
        var t = options.Table;
        PostgresServer.Shared.Query("postgres", $"BEGIN; DELETE FROM {t}_changes WHERE revision > 3; "
            + $"DELETE FROM {t} WHERE revision > 3; UPDATE {t}_state SET revision = 3, changed = 3; COMMIT");
        await Assert.ThrowsAsync<StoreException>(() => watch.MoveNextAsync().AsTask().WaitAsync(Patience));
        await using var again = store.WatchAsync("", 0, default).GetAsyncEnumerator();
        await store.Commit(b => b.Put("fresh", "x"));
        Assert.True(await again.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal(new Change("fresh", 4, false), again.Current);
        await using var after = store.WatchAsync("", 3, default).GetAsyncEnumerator();
        Assert.True(await after.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal(again.Current, after.Current);
    }

    [Fact]
    public async Task ANodeThatStartsAfterACommitWhichChangedNothingWatchesFromTheNewestRevision()
    {
        var options = StoreUnderTest.FreshTables();
        await using var one = PostgresStore.Open(options);
        await one.Commit(b => b.Put("a", "x"));
        await one.Commit(b => b.Delete("never was"));
        await using var two = PostgresStore.Open(options);
        await using var watch = two.WatchAsync("", await two.RevisionAsync(default), default).GetAsyncEnumerator();
        await one.Commit(b => b.Put("b", "x"));
        Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal("b", watch.Current.Key);
    }

    [Fact]
    public async Task TheFeedIsConfirmedWhileTheDatabaseAnswersAndNotWhileItDoesNot()
    {
        using var proxy = new TcpProxy(PostgresServer.Shared.Port);
        await using var store = PostgresStore.Open(PostgresCrashTests.Through(proxy, StoreUnderTest.FreshTables()));
        proxy.Pause();
        var began = Stopwatch.GetTimestamp();
        while (store.SinceConfirmed < TimeSpan.FromSeconds(1) && Stopwatch.GetElapsedTime(began) < Patience)
            await Task.Delay(20);
        Assert.True(store.SinceConfirmed >= TimeSpan.FromSeconds(1));
        proxy.Resume();
        while (store.SinceConfirmed > TimeSpan.FromSeconds(1) && Stopwatch.GetElapsedTime(began) < Patience)
            await Task.Delay(20);
        Assert.True(store.SinceConfirmed <= TimeSpan.FromSeconds(1));
    }
}
