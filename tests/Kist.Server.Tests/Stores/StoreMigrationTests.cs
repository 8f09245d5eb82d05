using Kist.Kernel.Backups;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Stores;

public sealed class StoreMigrationTests
{
    public static TheoryData<string, string> Ways => new()
    {
        { "sqlite", "postgresql" }, { "postgresql", "sqlite" }, { "memory", "sqlite" },
        { "sqlite", "memory" }, { "postgresql", "postgresql" },
    };

    [Theory, MemberData(nameof(Ways))]
    public async Task EverythingIsCopied(string from, string to)
    {
        await using var source = await FilledAsync(from);
        await using var target = StoreUnderTest.Open(to);
        var (result, refusal) = await RunAsync(source, target);
        Assert.Null(refusal);
        Assert.False(result!.WasResumed);
        Assert.Equal(await source.Store.Everything(), await target.Store.Everything());
        Assert.Equal(7_003, result.Entries);
        // Done is done: it holds data now.
        Assert.Contains("holds data", (await RunAsync(source, target)).Refusal);
        Assert.Null((await RunAsync(source, target, overwrites: true)).Refusal);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task WhatWasInterruptedGoesOnWhereItWas(string from, string to)
    {
        await using var source = await FilledAsync(from);
        await using var target = StoreUnderTest.Open(to);
        await BreakOffAsync(source, target, after: 5_000);
        var done = (await target.Store.Keys()).Count;
        Assert.InRange(done, 3_000, 6_000);
        // No server may take a part of a copy for a store, or for an empty one.
        await Assert.ThrowsAsync<SealException>(async () => await RootKeyStore.LoadAsync(target.Store, default));
        await target.Store.Commit(b => b.Put("data/00000", "as it would be if it were not copied again"));
        var (_, refusal) = await RunAsync(source, target);
        Assert.Contains("not what the source is", refusal);
        await source.Store.Commit(b => b.Put("data/changed", "x"));
        var (result, _) = await RunAsync(source, target);
        Assert.False(result!.WasResumed);           // another state of the source
        Assert.Equal(await source.Store.Everything(), await target.Store.Everything());

        await using var second = StoreUnderTest.Open(to);
        await BreakOffAsync(source, second, after: 4_000);
        await BreakOffAsync(source, second, after: 6_500);
        (result, _) = await RunAsync(source, second);
        Assert.True(result!.WasResumed);
        Assert.Equal(await source.Store.Everything(), await second.Store.Everything());
    }

    [Fact]
    public async Task ASourceThatIsNotInitialisedIsNoSource()
    {
        await using var source = StoreUnderTest.Open("memory");
        await using var target = StoreUnderTest.Open("memory");
        Assert.Contains("not initialised", (await RunAsync(source, target)).Refusal);
    }

    [Fact]
    public async Task ASourceThatChangesMeanwhileIsNoticed()
    {
        await using var source = await FilledAsync("memory");
        await using var target = StoreUnderTest.Open("memory");
        var migration = new StoreMigration(source.Store, target.Store, (count, _) =>
        {
            if (count == 10) source.Store.Commit(b => b.Put("data/zzz", "new")).Wait();
        });
        var (_, refusal) = await migration.RunAsync(false, default);
        Assert.NotNull(refusal);
        await Assert.ThrowsAsync<SealException>(async () => await RootKeyStore.LoadAsync(target.Store, default));
    }

    private static async Task<StoreUnderTest> FilledAsync(string kind)
    {
        var under = StoreUnderTest.Open(kind);
        var batch = new Batch();
        RootKeyStore.Put(batch, new SealConfig("shamir", 1, 1, "n"), new byte[61]);
        await under.Store.CommitAsync(batch.Put("core/keyring", "ring"), default);
        for (var i = 0; i < 7_000; i += 100)
        {
            batch = new Batch();
            for (var n = i; n < i + 100; n++) batch.Put($"data/{n:d5}", new string((char)('a' + n % 26), n % 50));
            await under.Store.CommitAsync(batch, default);
        }
        return under;
    }

    private static async Task<(MigrationResult? Result, string? Refusal)> RunAsync(
        StoreUnderTest source, StoreUnderTest target, bool overwrites = false) =>
        await new StoreMigration(source.Store, target.Store, (_, _) => { }).RunAsync(overwrites, default);

    private static Task BreakOffAsync(StoreUnderTest source, StoreUnderTest target, int after) =>
        Assert.ThrowsAsync<TimeoutException>(async () => await new StoreMigration(source.Store, target.Store,
            (count, _) =>
            {
                if (count == after) throw new TimeoutException();
            }).RunAsync(false, default));
}
