using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Stores;

/// <summary>What every store does in the same way.</summary>
public sealed partial class StoreConformanceTests
{
    public static TheoryData<string> Kinds => StoreUnderTest.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task WhatWasPutIsReadBackAndWhatWasDeletedIsGone(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        Assert.Null(await under.Store.GetAsync("a", default));
        Assert.True(await under.Store.Commit(b => b.Put("a", "one").Put("empty", "")));
        Assert.Equal("one", await under.Store.Read("a"));
        Assert.Equal("", await under.Store.Read("empty"));
        Assert.True(await under.Store.Commit(b => b.Put("a", "two").Delete("empty").Delete("never was")));
        Assert.Equal("two", await under.Store.Read("a"));
        Assert.Null(await under.Store.GetAsync("empty", default));
        Assert.Null(await under.Store.GetAsync("never was", default));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AGuardOfZeroHoldsOnlyForAnAbsentKey(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        Assert.True(await under.Store.Commit(b => b.Expect("a", 0).Put("a", "one")));
        Assert.False(await under.Store.Commit(b => b.Expect("a", 0).Put("a", "two")));
        Assert.Equal("one", await under.Store.Read("a"));
        Assert.True(await under.Store.Commit(b => b.Delete("a")));
        Assert.True(await under.Store.Commit(b => b.Expect("a", 0)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AGuardHoldsForTheRevisionThatWasReadAndForNoOther(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("a", "one"));
        var first = await under.Store.Revision("a");
        Assert.True(await under.Store.Commit(b => b.Expect("a", first).Put("a", "two")));
        var second = await under.Store.Revision("a");
        Assert.True(second > first);
        Assert.False(await under.Store.Commit(b => b.Expect("a", first).Put("a", "stale")));
        Assert.False(await under.Store.Commit(b => b.Expect("a", second + 1).Put("a", "future")));
        Assert.False(await under.Store.Commit(b => b.Expect("absent", second).Put("a", "absent")));
        Assert.Equal("two", await under.Store.Read("a"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task OneFailedGuardKeepsTheWholeBatchOut(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("a", "one").Put("b", "one"));
        var now = await under.Store.Revision("a");
        Assert.False(await under.Store.Commit(b =>
            b.Put("a", "x").Expect("a", now).Delete("b").Put("c", "x").Expect("b", now + 7)));
        Assert.Equal("a b", await under.Store.Scan(""));
        Assert.Equal("one", await under.Store.Read("a"));
        Assert.Equal(now, await under.Store.Revision("b"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task ARevisionIsNeverUsedAgainNotEvenAfterADelete(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        var seen = new List<long> { 0 };
        for (var round = 0; round < 5; round++)
        {
            await under.Store.Commit(b => b.Put("a", "x"));
            seen.Add(await under.Store.Revision("a"));
            await under.Store.Commit(b => b.Delete("a"));
        }
        Assert.Equal(seen.Distinct().Order(), seen);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task KeysAreOrderedByTheirUtf8Bytes(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        // U+1F511 is a surrogate pair: below U+E000 and U+FFFD as UTF-16, above them as UTF-8.
        string[] ordered =
            ["A", "a", "a\0", "a\0b", "a/", "a/b", "a0", "aa", "é", "\uD7FF", "\uE000", "\uFFFD", "🔑", "🔑a"];
        var batch = new Batch();
        foreach (var key in ordered.Reverse())
            batch.Put(key, "x");
        await under.Store.CommitAsync(batch, default);
        Assert.Equal(ordered, await under.Store.ScanAsync("", "", 100, default));
        Assert.Equal(ordered, await under.Store.Keys());
        foreach (var after in ordered)
        {
            Assert.Equal(ordered.SkipWhile(key => key != after).Skip(1),
                await under.Store.ScanAsync("", after, 100, default));
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AScanGivesThePageAfterAKeyWhetherThatKeyExistsOrNot(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("p", "x").Put("p/a", "x").Put("p/b", "x").Put("p/c", "x").Put("p0", "x"));
        Assert.Equal("p/a p/b", await under.Store.Scan("p/", limit: 2));
        Assert.Equal("p/c", await under.Store.Scan("p/", after: "p/b", limit: 2));
        Assert.Equal("p/c", await under.Store.Scan("p/", after: "p/bb"));
        Assert.Equal("", await under.Store.Scan("p/", after: "p/c"));
        Assert.Equal("", await under.Store.Scan("p/", after: "z"));
        Assert.Equal("p/a p/b p/c", await under.Store.Scan("p/", after: "a"));
        Assert.Equal("", await under.Store.Scan("p/", limit: 0));
        Assert.Equal("p p/a p/b p/c p0", await under.Store.Scan(""));
        Assert.Equal("", await under.Store.Scan("q"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task APrefixThatEndsInTheLastCodePointsHasAnEnd(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        const string last = "\U0010FFFF";
        await under.Store.Commit(b => b.Put("a", "x").Put("a\u007F", "x").Put("a\u0080", "x").Put("a\u07FF", "x")
            .Put("a\uFFFF", "x").Put("a" + last, "x").Put("a" + last + last, "x").Put("b", "x").Put(last, "x"));
        Assert.Equal("a\u007F", await under.Store.Scan("a\u007F"));
        Assert.Equal("a\u0080", await under.Store.Scan("a\u0080"));
        Assert.Equal("a\u07FF", await under.Store.Scan("a\u07FF"));
        Assert.Equal("a\uFFFF", await under.Store.Scan("a\uFFFF"));
        Assert.Equal($"a{last} a{last}{last}", await under.Store.Scan("a" + last));
        Assert.Equal(last, await under.Store.Scan(last));
        Assert.Equal("b", await under.Store.Scan("b"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task TheLargestKeyValueAndBatchAreStored(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        var key = new string('k', Batch.MaxKeyBytes - 2) + "é";
        var value = new byte[Batch.MaxValueBytes];
        new Random(1).NextBytes(value);
        var batch = new Batch().Put(key, value);
        for (var i = 1; i < Batch.MaxOperations; i++)
            batch.Put($"n/{i:d3}", "x");
        Assert.True(await under.Store.CommitAsync(batch, default));
        Assert.Equal(value, (await under.Store.GetAsync(key, default))!.Value.Value.ToArray());
        Assert.Equal(Batch.MaxOperations - 1, (await under.Store.ScanAsync("n/", "", 1_000, default)).Count);
        Assert.Equal(key, await under.Store.Scan(key));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task KeysThatNoStoreCanHoldAreRefusedWhenWrittenAndAbsentWhenRead(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        await under.Store.Commit(b => b.Put("\uFFFD", "x").Put("🔑", "x"));
        foreach (var key in new[] { "", "\uD83D", "a\uDD11", "\uDD11\uD83D", new string('k', Batch.MaxKeyBytes + 1) })
        {
            Assert.Throws<BatchLimitException>(() => new Batch().Put(key, "x"));
            Assert.Throws<BatchLimitException>(() => new Batch().Expect(key, 0));
            Assert.Null(await under.Store.GetAsync(key, default));
        }
        Assert.Equal("", await under.Store.Scan("\uD83D"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AValueIsACopyOfWhatTheCallerGave(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        byte[] buffer = [1, 2, 3];
        await under.Store.CommitAsync(new Batch().Put("a", buffer), default);
        buffer.AsSpan().Clear();
        Assert.Equal([1, 2, 3], (await under.Store.GetAsync("a", default))!.Value.Value.ToArray());
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task ACancelledCallChangesNothing(string kind)
    {
        await using var under = StoreUnderTest.Open(kind);
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await under.Store.CommitAsync(new Batch().Put("a", "x"), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await under.Store.GetAsync("a", cancelled));
        Assert.Equal("", await under.Store.Scan(""));
    }
}
