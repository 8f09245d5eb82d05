using System.Globalization;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Stores;

public sealed partial class StoreConformanceTests
{
    [Theory, MemberData(nameof(Kinds))]
    public async Task OptimisticCountersOfManyTasksEndWithTheExactSum(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        const int tasks = 32, rounds = 25;
        await Task.WhenAll(Enumerable.Range(0, tasks).Select(task => Task.Run(async () =>
        {
            for (var round = 0; round < rounds; round++)
                await Increment(under.Store, $"counter/{(task + round) % 3}");
        })));
        var sum = 0;
        for (var i = 0; i < 3; i++)
            sum += int.Parse((await under.Store.Read($"counter/{i}"))!, CultureInfo.InvariantCulture);
        Assert.Equal(tasks * rounds, sum);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task ACommitIsSeenByEveryReadThatFollowsIt(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(task => Task.Run(async () =>
        {
            for (var round = 0; round < 50; round++)
            {
                await under.Store.Commit(b => b.Put($"k/{task}", $"{round}"));
                Assert.Equal($"{round}", await under.Store.Read($"k/{task}"));
                Assert.Equal($"k/{task}", await under.Store.Scan($"k/{task}", limit: 1));
            }
        })));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task OfManyBatchesThatExpectTheSameRevisionExactlyOneIsApplied(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        for (var round = 0; round < 20; round++)
        {
            var revision = await under.Store.Revision("k");
            Batch Bid(Batch b, int i) => b.Expect("k", revision).Put("k", $"{i}").Put($"won/{round}/{i}", "");
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 64).Select(i =>
                Task.Run(() => under.Store.Commit(b => Bid(b, i)))));
            var winner = Assert.Single(Enumerable.Range(0, 64), i => outcomes[i]);
            Assert.Equal($"{winner}", await under.Store.Read("k"));
            Assert.Equal($"won/{round}/{winner}", await under.Store.Scan($"won/{round}/"));
        }
    }

    private static async Task Increment(IStore store, string key)
    {
        while (true)
        {
            var entry = await store.GetAsync(key, default);
            var count = entry is { } e ? int.Parse(e.Value.Span, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
            if (await store.Commit(b => b.Expect(key, entry?.Revision ?? 0).Put(key, $"{count + 1}")))
                return;
        }
    }
}
