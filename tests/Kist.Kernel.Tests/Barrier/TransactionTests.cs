using System.Buffers.Binary;
using System.Text;
using Kist.Kernel.Barrier;
using Xunit;

namespace Kist.Kernel.Tests.Barrier;

public sealed class TransactionTests
{
    [Fact]
    public async Task ConcurrentTransfersKeepTheSum()
    {
        const int accounts = 6, transfers = 60, tellers = 8, seed = 20261123;
        using var opened = await Opened.FreshAsync();
        var bank = opened.Barrier.View("bank/");
        for (var i = 0; i < accounts; i++) await bank.PutAsync($"{i}", Amount(1000), default);
        var attempts = 0;
        await Task.WhenAll(Enumerable.Range(0, tellers).Select(teller => Task.Run(async () =>
        {
            var random = new Random(seed + teller);
            for (var n = 0; n < transfers; n++)
            {
                int from = random.Next(accounts), to = random.Next(accounts), sum = random.Next(100);
                await bank.TransactAsync(
                    async t =>
                    {
                        Interlocked.Increment(ref attempts);
                        var left = await ReadAsync(t, from) - sum;
                        await Task.Yield();
                        t.Put($"{from}", Amount(left));
                        t.Put($"{to}", Amount(await ReadAsync(t, to) + sum));
                    },
                    default);
            }
        })));
        long total = 0;
        for (var i = 0; i < accounts; i++)
            total += await bank.TransactAsync(t => ReadAsync(t, i), default);
        Assert.Equal(accounts * 1000, total);
        Assert.True(attempts > tellers * transfers, $"no conflict in {attempts} attempts: the test tests nothing");
    }

    [Fact]
    public async Task ATransactionSeesItsOwnWritesAndNobodyElseDoesBeforeCommit()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        await view.PutAsync("b", "old"u8.ToArray(), default);
        await view.TransactAsync(
            async t =>
            {
                t.Put("a", "new"u8);
                t.Delete("b");
                Assert.Equal("new", Encoding.UTF8.GetString((await t.GetAsync("a"))!.Span));
                Assert.Null(await t.GetAsync("b"));
                Assert.Equal(["a"], await t.ScanAsync("", "", 0));
                Assert.Equal(["b"], await view.ScanAsync("", "", 0, default));
            },
            default);
        Assert.Equal(["a"], await view.ScanAsync("", "", 0, default));
    }

    [Fact]
    public async Task TheScanOfATransactionPutsItsWritesInOrderWithinTheLimit()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        foreach (var key in new[] { "a", "c", "e", "g" }) await view.PutAsync(key, new byte[1], default);
        await view.TransactAsync(
            async t =>
            {
                t.Delete("a");
                t.Delete("c");
                t.Put("d", new byte[1]);
                t.Put("h", new byte[1]);
                Assert.Equal(["d", "e"], await t.ScanAsync("", "", 2));
                Assert.Equal(["g", "h"], await t.ScanAsync("", "e", 9));
            },
            default);
    }

    [Fact]
    public async Task TwoViewsCommitTogetherOrNotAtAll()
    {
        using var opened = await Opened.FreshAsync();
        var (left, right) = (opened.Barrier.View("l/"), opened.Barrier.View("r/"));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await left.TransactAsync(
            async t =>
            {
                t.Put("a", new byte[1]);
                t.On(right).Put("a", new byte[1]);
                await Task.Yield();
                throw new InvalidDataException();
            },
            default));
        Assert.Empty(await opened.Barrier.Root.ScanAsync("l/", "", 0, default));
        await left.TransactAsync(
            t =>
            {
                t.Put("a", new byte[1]);
                t.On(right).Put("a", new byte[1]);
                return ValueTask.CompletedTask;
            },
            default);
        Assert.Equal(["a"], await left.ScanAsync("", "", 0, default));
        Assert.Equal(["a"], await right.ScanAsync("", "", 0, default));
    }

    [Fact]
    public async Task AnAbsentKeyThatAppearsMeanwhileIsAConflict()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        var runs = 0;
        await view.TransactAsync(
            async t =>
            {
                var there = await t.GetAsync("lock") is not null;
                if (runs++ == 0) await view.PutAsync("lock", new byte[1], default);
                t.Put("seen", [there ? (byte)1 : (byte)0]);
            },
            default);
        Assert.Equal(2, runs);
        using var seen = await view.GetAsync("seen", default);
        Assert.Equal(1, seen!.Span[0]);
    }

    [Fact]
    public async Task ATransactionThatAlwaysLosesEndsWithAConflict()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        var runs = 0;
        await Assert.ThrowsAsync<ConflictException>(async () => await view.TransactAsync(
            async t =>
            {
                runs++;
                await t.GetAsync("a");
                await view.PutAsync("a", new byte[1], default);
                t.Put("b", new byte[1]);
            },
            default));
        Assert.InRange(runs, 10, 1000);
        Assert.Null(await view.GetAsync("b", default));
    }

    [Fact]
    public async Task AFenceThatDoesNotHoldEndsTheTransactionWithoutASecondRun()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        await view.PutAsync("fence", new byte[1], default);
        var revision = opened.Store.Raw("v/fence").Revision;
        await view.PutAsync("fence", new byte[1], default);
        var runs = 0;
        await Assert.ThrowsAsync<ConflictException>(async () => await view.TransactAsync(
            t =>
            {
                runs++;
                t.ExpectRaw("v/fence", revision);
                t.Put("a", new byte[1]);
                return ValueTask.CompletedTask;
            },
            default));
        Assert.Equal(1, runs);
        Assert.Null(await view.GetAsync("a", default));
    }

    [Fact]
    public async Task ATransactionThatWroteNothingCommitsNothing()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        await view.PutAsync("a", new byte[1], default);
        var before = opened.Store.Raw("v/a").Revision;
        var length = await view.TransactAsync(async t => (await t.GetAsync("a"))!.Span.Length, default);
        await view.PutAsync("b", new byte[1], default);
        Assert.Equal(1, length);
        Assert.Equal(before + 1, opened.Store.Raw("v/b").Revision);
    }

    [Fact]
    public async Task ValuesOfAnEndedTransactionAreGone()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        await view.PutAsync("a", new byte[1], default);
        Plain? kept = null;
        Transaction? late = null;
        await view.TransactAsync(async t => { (late, kept) = (t, await t.GetAsync("a")); }, default);
        Assert.Throws<ObjectDisposedException>(() => kept!.Span.Length);
        Assert.Throws<InvalidOperationException>(() => late!.Put("a", new byte[1]));
    }

    private static byte[] Amount(long amount)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, amount);
        return bytes;
    }

    private static async ValueTask<long> ReadAsync(Transaction t, int account) =>
        BinaryPrimitives.ReadInt64BigEndian((await t.GetAsync($"{account}"))!.Span);
}
