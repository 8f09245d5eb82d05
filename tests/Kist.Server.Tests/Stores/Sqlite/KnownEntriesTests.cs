using System.Text;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

public sealed class KnownEntriesTests
{
    private readonly KnownEntries _known = new();

    // A leaf page with two small rows, "a" and "b", as SQLite lays them out.
    private static byte[] Page()
    {
        var page = new byte[4_096];
        (page[0], page[4]) = (0x0D, 2);
        Row(0, 4_000, (byte)'a');
        Row(1, 3_900, (byte)'b');
        return page;

        void Row(int index, int at, byte key)
        {
            (page[8 + (index * 2)], page[9 + (index * 2)]) = ((byte)(at >> 8), (byte)at);
            byte[] row = [8, (byte)(index + 1), 5, 0, 14, 14, 1, key, (byte)'v', 7];
            row.CopyTo(page, at);
        }
    }

    private static long IdOf(string key) => RowId.Of(Encoding.UTF8.GetBytes(key));

    private bool Knows(string key) => _known.TryGetPlace(IdOf(key), out _);

    private bool Keep(long epoch) => _known.KeepPlaces(Page(), 8_192, IdOf("a"), epoch);

    [Fact]
    public void AllRowsOfAPageThatWasReadAreKnown()
    {
        Keep(_known.Epoch);
        Assert.True(_known.TryGetPlace(IdOf("a"), out var a));
        Assert.True(_known.TryGetPlace(IdOf("b"), out var b));
        Assert.Equal((8_192 + 4_002, 8, 8_192 + 3_902), (a.At, a.Length, b.At));
    }

    [Fact]
    public void NothingIsKeptThatWasReadBeforeACommitBeganOrWhileItWasUnderWay()
    {
        var before = _known.Epoch;
        _known.Hold();
        Assert.False(Keep(before) || Keep(_known.Epoch));
        var during = _known.Epoch;
        _known.Release([new Change("c", 2, false)]);
        Assert.False(Keep(before) || Keep(during));
        Assert.False(Knows("a") || Knows("b"));
        Assert.True(Keep(_known.Epoch));
        Assert.True(Knows("a") && Knows("b"));
    }

    [Fact]
    public void ACommitForgetsWhatItChanged()
    {
        Keep(_known.Epoch);
        _known.Hold();
        Assert.True(Knows("b")); // nobody has been told of it yet
        _known.Release([new Change("b", 3, true)]);
        Assert.True(Knows("a"));
        Assert.False(Knows("b"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenAnythingMayHaveChangedNothingIsKnown(bool atACommit)
    {
        Keep(_known.Epoch);
        var before = _known.Epoch;
        if (atACommit) _known.Hold();
        if (atACommit) _known.ReleaseUnknown();
        else _known.Clear();
        Assert.False(Knows("a") || Knows("b"));
        Keep(before);
        Assert.False(Knows("a"));
        Keep(_known.Epoch);
        Assert.True(Knows("a"));
    }

    [Fact]
    public void OfAPageWhoseRowsAreKnownOnlyTheOneThatWasReadIsKeptAndNoneBehindIt()
    {
        Keep(_known.Epoch);
        Forget("a");
        Assert.False(Keep(_known.Epoch));
        Assert.True(Knows("a") && Knows("b"));
        Forget("a");
        Forget("b");
        Assert.True(Keep(_known.Epoch));
        Assert.True(Knows("a") && Knows("b"));
    }

    private void Forget(string key)
    {
        _known.Hold();
        _known.Release([new Change(key, 4, false)]);
    }
}
