using System.Collections.Concurrent;
using System.Globalization;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Postgres;
using Kist.Testing;
using Xunit;

namespace Kist.Server.Tests.Stores.Postgres;

/// <summary>
/// What was acknowledged is there after the database or the way to it died, and nothing is half there.
/// </summary>
public sealed class PostgresCrashTests
{
    [Fact]
    public async Task ADatabaseThatIsKilledAndStartedAgainLosesNothingAndIsUsedAgain()
    {
        using var server = PostgresServer.Start();
        await using var store = PostgresStore.Open(new PostgresStoreOptions { ConnectionUrl = server.Url("postgres") });
        var answers = new Answers(store);
        using var stop = new CancellationTokenSource();
        var writers = answers.WriteAsync(16, stop.Token);
        foreach (var how in new Action[] { server.Kill, () => server.Stop("fast"), () => server.Stop("immediate") })
        {
            await answers.MoreAsync(100);
            how();
            server.StartAgain();
        }
        await answers.MoreAsync(100);
        await stop.CancelAsync();
        await writers;
        await answers.CheckAsync(store);
    }

    [Theory, InlineData(Passing.CutAfter), InlineData(Passing.CutBefore)]
    public async Task ACommitThatIsCutOffIsDoneExactlyOnceWhetherItHadArrivedOrNot(Passing passing)
    {
        using var proxy = new TcpProxy(PostgresServer.Shared.Port);
        var options = StoreUnderTest.FreshTables();
        await using var store = PostgresStore.Open(Through(proxy, options));
        await using var other = PostgresStore.Open(options);
        await store.Commit(b => b.Put("k", "before"));
        var revision = await store.Revision("k");
        var cuts = 0;
        proxy.FromClient = bytes => bytes.Span.IndexOf("the marked value"u8) >= 0
            && Interlocked.Increment(ref cuts) == 1 ? passing : Passing.Pass;
        Assert.True(await store.Commit(b => b.Expect("k", revision).Put("k", "the marked value")));
        Assert.True(cuts > 0);
        Assert.Equal("the marked value", await other.Read("k"));
        Assert.Equal(revision + 1, await other.Revision("k"));
        Assert.False(await store.Commit(b => b.Expect("k", revision).Put("k", "stale")));
    }

    [Fact]
    public async Task ACommitWhoseOutcomeCannotBeFoundOutIsAnErrorAndNeverAnAnswer()
    {
        using var proxy = new TcpProxy(PostgresServer.Shared.Port);
        var options = StoreUnderTest.FreshTables();
        await using var store = PostgresStore.Open(
            Through(proxy, options) with { PatienceForOutcome = TimeSpan.FromMilliseconds(300) });
        var isDown = false;
        proxy.FromClient = bytes =>
        {
            if (isDown)
                return Passing.CutBefore;
            isDown = bytes.Span.IndexOf("the marked value"u8) >= 0;
            return isDown ? Passing.CutAfter : Passing.Pass;
        };
        // Nor does the answer get through that the database may give before the cut.
        proxy.FromServer = _ => isDown ? Passing.CutBefore : Passing.Pass;
        var fault = await Assert.ThrowsAsync<StoreException>(() => store.Commit(b => b.Put("k", "the marked value")));
        Assert.Equal(StoreFailure.Unavailable, fault.Kind);
        Assert.Contains("could not be found out", fault.Message);
        (proxy.FromClient, proxy.FromServer) = (static _ => Passing.Pass, static _ => Passing.Pass);
        Assert.True(await store.Commit(b => b.Put("after", "x")));
        Assert.Equal("the marked value", await store.Read("k"));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task EveryAnswerIsTrueWhileConnectionsAreCutAtRandom(int seed)
    {
        using var proxy = new TcpProxy(PostgresServer.Shared.Port);
        var options = StoreUnderTest.FreshTables();
        await using var store = PostgresStore.Open(Through(proxy, options));
        var (random, gate) = (new Random(seed), new Lock());
        Passing Decide(ReadOnlyMemory<byte> bytes)
        {
            lock (gate)
            {
                return random.Next(60) switch
                {
                    0 => Passing.CutBefore, 1 => Passing.CutAfter, _ => Passing.Pass,
                };
            }
        }
        (proxy.FromClient, proxy.FromServer) = (Decide, Decide);
        var answers = new Answers(store);
        using var stop = new CancellationTokenSource();
        var writers = answers.WriteAsync(8, stop.Token);
        await answers.MoreAsync(300);
        await stop.CancelAsync();
        await writers;
        await using var direct = PostgresStore.Open(options);
        await answers.CheckAsync(direct);
    }

    [Fact]
    public async Task ANodeThatStopsInTheMiddleOfACommitHoldsUpTheOthersForSecondsOnly()
    {
        using var proxy = new TcpProxy(PostgresServer.Shared.Port);
        var options = StoreUnderTest.FreshTables();
        await using var stopped = PostgresStore.Open(Through(proxy, options));
        await using var other = PostgresStore.Open(options);
        var swallowed = 0;
        proxy.FromClient = bytes => bytes.Span.IndexOf("the marked value"u8) >= 0
            && Interlocked.Increment(ref swallowed) == 1 ? Passing.Swallow : Passing.Pass;
        var held = stopped.Commit(b => b.Put("held", "the marked value"));
        var holders = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            + $"WHERE a.state LIKE 'idle in%' AND l.relation = to_regclass('{options.Table}_state')";
        while (PostgresServer.Shared.Query("postgres", holders) == "0")
            Assert.False(held.IsCompleted);
        Assert.True(await other.Commit(b => b.Put("k", "other")).WaitAsync(TimeSpan.FromSeconds(9)));
        Assert.True(await held);
        Assert.Equal("held k", await stopped.Scan(""));
        Assert.Equal(2, await other.RevisionAsync(default));
    }

    internal static PostgresStoreOptions Through(TcpProxy proxy, PostgresStoreOptions options) => options with
    {
        ConnectionUrl = options.ConnectionUrl.Replace(
            $":{PostgresServer.Shared.Port}/", $":{proxy.Port}/", StringComparison.Ordinal),
    };

    /// <summary>Tasks that write numbered pairs of keys and count under guards, and remember each answer.</summary>
    private sealed class Answers(IStore store)
    {
        private readonly ConcurrentBag<int> _done = [], _refused = [], _unknown = [];
        private int _next;

        public Task WriteAsync(int tasks, CancellationToken stop) =>
            Task.WhenAll(Enumerable.Range(0, tasks).Select(task => Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                    await WriteOneAsync(task % 3);
            }, CancellationToken.None)));

        /// <summary>Waits for more acknowledged writes.</summary>
        public async Task MoreAsync(int count)
        {
            for (var goal = _done.Count + count; _done.Count < goal; await Task.Delay(5))
                Assert.True(_unknown.Count < 100_000);
        }

        public async Task CheckAsync(IStore after)
        {
            var there = (await after.Keys("a/")).Select(key => key[2..]).ToList();
            Assert.Equal(there, (await after.Keys("b/")).Select(key => key[2..]));
            var numbers = there.Select(key => int.Parse(key, CultureInfo.InvariantCulture)).ToHashSet();
            Assert.Empty(_done.Except(numbers));
            Assert.Empty(_refused.Intersect(numbers));
            Assert.Empty(numbers.Except(_done).Except(_unknown));
            var counted = 0;
            for (var i = 0; i < 3; i++)
                counted += int.Parse(await after.Read($"count/{i}") ?? "0", CultureInfo.InvariantCulture);
            Assert.Equal(numbers.Count, counted);
        }

        private async Task WriteOneAsync(int counter)
        {
            var number = Interlocked.Increment(ref _next);
            try
            {
                var entry = await store.GetAsync($"count/{counter}", default);
                var count = entry is { } e ? int.Parse(e.Value.Span, CultureInfo.InvariantCulture) : 0;
                var done = await store.Commit(b => b.Expect($"count/{counter}", entry?.Revision ?? 0)
                    .Put($"count/{counter}", $"{count + 1}").Put($"a/{number}", "x").Put($"b/{number}", "x"));
                (done ? _done : _refused).Add(number);
            }
            catch (StoreException fault)
            {
                Assert.Equal(StoreFailure.Unavailable, fault.Kind);
                _unknown.Add(number);
                await Task.Delay(2);
            }
        }
    }
}
