using System.Text;
using Kist.Kernel.Barrier;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Barrier;

using Barrier = Kist.Kernel.Barrier.Barrier;

public sealed class BarrierTests
{
    [Fact]
    public async Task WhatWasWrittenIsThereAfterOpeningAgain()
    {
        using var opened = await Opened.FreshAsync();
        await opened.Barrier.Root.PutAsync("a", "value"u8.ToArray(), default);
        opened.Barrier.Dispose();
        using var again = await opened.ReopenAsync();
        using var read = await again.Root.GetAsync("a", default);
        Assert.Equal("value", Encoding.UTF8.GetString(read!.Span));
    }

    [Fact]
    public async Task AWrongRootKeyOpensNothingAndChangesNothing()
    {
        using var opened = await Opened.FreshAsync();
        using var wrong = Opened.NewRootKey();
        var before = opened.Store.All();
        var e = await Assert.ThrowsAsync<BarrierException>(
            async () => await Barrier.OpenAsync(opened.Store, wrong, TimeProvider.System, default));
        Assert.Contains("root key is wrong", e.Message);
        Assert.Equal(before, opened.Store.All());
    }

    [Fact]
    public async Task AnInitialisedStoreIsNotInitialisedAgain()
    {
        using var opened = await Opened.FreshAsync();
        using var other = Opened.NewRootKey();
        var before = opened.Store.All();
        await Assert.ThrowsAsync<BarrierException>(
            async () => await Barrier.InitializeAsync(opened.Store, other, TimeProvider.System, default));
        Assert.Equal(before, opened.Store.All());
    }

    [Fact]
    public async Task AnEmptyStoreCannotBeOpened()
    {
        using var key = Opened.NewRootKey();
        var e = await Assert.ThrowsAsync<BarrierException>(
            async () => await Barrier.OpenAsync(new MemoryStore(), key, TimeProvider.System, default));
        Assert.Contains("not initialised", e.Message);
    }

    [Fact]
    public async Task ARootKeyOfAnotherLengthIsRefused()
    {
        using var key = SecretBuffer.Rent(16);
        await Assert.ThrowsAsync<BarrierException>(
            async () => await Barrier.InitializeAsync(new MemoryStore(), key, TimeProvider.System, default));
    }

    [Fact]
    public async Task TheWrappedRootKeyIsStoredWithTheKeyringOrNotAtAll()
    {
        using var opened = await Opened.FreshAsync();
        using var key = Opened.NewRootKey();
        await Assert.ThrowsAsync<BarrierException>(async () => await Barrier.InitializeAsync(
            opened.Store, key, TimeProvider.System, PutRootKey, default));
        Assert.Null(await RootKeyStore.LoadAsync(opened.Store, default));
        var empty = new MemoryStore();
        using var barrier = await Barrier.InitializeAsync(empty, key, TimeProvider.System, PutRootKey, default);
        Assert.NotNull(await RootKeyStore.LoadAsync(empty, default));

        static void PutRootKey(Batch batch) =>
            RootKeyStore.Put(batch, new SealConfig("shamir", 1, 1, "n"), new byte[61]);
    }

    [Fact]
    public async Task EveryFlippedBitOfTheKeyringIsNoticed()
    {
        using var opened = await Opened.FreshAsync();
        opened.Barrier.Dispose();
        foreach (var damaged in Damage.Of(opened.Store.Raw("core/keyring").Value))
        {
            opened.Store.Overwrite("core/keyring", damaged);
            await Assert.ThrowsAsync<BarrierException>(async () => await opened.ReopenAsync());
        }
    }

    [Fact]
    public async Task EveryFlippedBitAndEveryCutOfAnEntryIsNoticed()
    {
        using var opened = await Opened.FreshAsync();
        var root = opened.Barrier.Root;
        await root.PutAsync("name", "some value"u8.ToArray(), default);
        foreach (var damaged in Damage.Of(opened.Store.Raw("name").Value))
        {
            opened.Store.Overwrite("name", damaged);
            var e = await Assert.ThrowsAsync<CorruptEntryException>(async () => await root.GetAsync("name", default));
            Assert.Equal("name", e.Key);
            Assert.DoesNotContain("some value", e.ToString());
            await Assert.ThrowsAsync<CorruptEntryException>(
                async () => await root.TransactAsync(async t => { await t.GetAsync("name"); }, default));
        }
    }

    [Fact]
    public async Task AnEntryUnderAnotherKeyIsNoticed()
    {
        using var opened = await Opened.FreshAsync();
        var root = opened.Barrier.Root;
        await root.PutAsync("a", "1"u8.ToArray(), default);
        await root.PutAsync("b", "2"u8.ToArray(), default);
        var (a, b) = (opened.Store.Raw("a").Value, opened.Store.Raw("b").Value);
        opened.Store.Overwrite("a", b);
        opened.Store.Overwrite("b", a);
        await Assert.ThrowsAsync<CorruptEntryException>(async () => await root.GetAsync("a", default));
        await Assert.ThrowsAsync<CorruptEntryException>(async () => await root.GetAsync("b", default));
    }

    [Fact]
    public async Task AnEntryOfAnotherStoreIsNoticed()
    {
        using var one = await Opened.FreshAsync();
        using var other = await Opened.FreshAsync();
        await one.Barrier.Root.PutAsync("a", "1"u8.ToArray(), default);
        other.Store.Overwrite("a", one.Store.Raw("a").Value);
        await Assert.ThrowsAsync<CorruptEntryException>(async () => await other.Barrier.Root.GetAsync("a", default));
    }

    [Fact]
    public async Task TheSamePlaintextNeverGivesTheSameNonceOrCiphertext()
    {
        const int writes = 20_000;
        using var opened = await Opened.FreshAsync();
        var (nonces, bodies) = (new HashSet<string>(), new HashSet<string>());
        for (var i = 0; i < writes; i++)
        {
            await opened.Barrier.Root.PutAsync("a", "the same"u8.ToArray(), default);
            var entry = opened.Store.Raw("a").Value.Span;
            nonces.Add(Convert.ToHexString(entry.Slice(5, 12)));
            bodies.Add(Convert.ToHexString(entry[17..]));
        }
        Assert.Equal((writes, writes), (nonces.Count, bodies.Count));
    }

    [Fact]
    public async Task ManyThreadsReadAndWriteAtOnceWhileKeysRotateUntilItIsSealed()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        for (var i = 0; i < 10; i++) await view.PutAsync($"{i}", new[] { (byte)i }, default);
        var reads = 0;
        var workers = Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            try
            {
                while (true)
                {
                    var i = random.Next(10);
                    if (random.Next(8) == 0) await view.PutAsync($"{i}", new[] { (byte)i }, default);
                    using var read = await view.GetAsync($"{i}", default);
                    Assert.Equal((byte)i, read!.Span[0]);
                    Interlocked.Increment(ref reads);
                }
            }
            catch (SealedException)
            {
                // What every reader meets in the end: the barrier was closed under it.
            }
        })).ToList();
        for (var i = 0; i < 20; i++)
        {
            await opened.Barrier.RotateAsync(default);
            var seen = Volatile.Read(ref reads);
            while (Volatile.Read(ref reads) < seen + 200 && !workers.Any(w => w.IsFaulted)) await Task.Yield();
        }
        opened.Barrier.Dispose();
        await Task.WhenAll(workers);
        Assert.Equal(21u, (await opened.ReopenAsync()).Status.Term);
    }
}
