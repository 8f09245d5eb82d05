using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

public sealed class RowPlacesTests
{
    private const long Million = 1_536L << 20; // bytes of a file with room for a million places at first

    private static long IdOf(int i) => RowId.Of(BitConverter.GetBytes(i));

    private static RowPlace PlaceOf(int i) => new((i + 1L) * 997, 1 + (i % 4_000), (ulong)i * 0x9E3779B97F4A7C15);

    private static void Keep(RowPlaces places, IEnumerable<int> rows, bool wasRead = false)
    {
        foreach (var i in rows) places.Keep(IdOf(i), PlaceOf(i), wasRead);
    }

    private static int Found(RowPlaces places, IEnumerable<int> rows) =>
        rows.Count(i => places.TryGet(IdOf(i), out var place) && place == PlaceOf(i));

    [Fact]
    public void UpToFourOfFiveSlotsNearlyEveryRowHasOne()
    {
        var places = new RowPlaces();
        places.Fit(Million);
        Keep(places, Enumerable.Range(0, 830_000));
        Assert.InRange(Found(places, Enumerable.Range(0, 830_000)), 815_000, 830_000);
        Assert.InRange(Found(places, Enumerable.Range(0, 600_000)), 597_000, 600_000);
    }

    [Fact]
    public void ARowThatWasReadTakesASlotAndOthersTakeNone()
    {
        var places = new RowPlaces();
        Keep(places, Enumerable.Range(0, 100_000));
        var before = Found(places, Enumerable.Range(0, 100_000));
        Assert.InRange(before, 200, 260); // of 256 slots
        Keep(places, Enumerable.Range(100_000, 10_000));
        // One whose mark is the same as another's takes its slot all the same.
        Assert.InRange(Found(places, Enumerable.Range(0, 100_000)), before * 9 / 10, before);
        for (var i = 200_000; i < 201_000; i++)
        {
            Keep(places, [i], wasRead: true);
            Assert.Equal(1, Found(places, [i]));
        }
    }

    [Fact]
    public void ItGrowsWithTheRowsThatAreReadAndNotBeyondTheFile()
    {
        var places = new RowPlaces();
        places.Fit(10_000_000);
        for (var pass = 0; pass < 8; pass++) Keep(places, Enumerable.Range(0, 20_000));
        Assert.InRange(Found(places, Enumerable.Range(0, 20_000)), 19_000, 20_000);
        for (var pass = 0; pass < 8; pass++) Keep(places, Enumerable.Range(0, 200_000));
        Assert.InRange(Found(places, Enumerable.Range(0, 200_000)), 18_000, 40_000);
        // The file has grown: so may the places.
        places.Fit(100_000_000);
        for (var pass = 0; pass < 8; pass++) Keep(places, Enumerable.Range(0, 200_000));
        Assert.InRange(Found(places, Enumerable.Range(0, 200_000)), 190_000, 200_000);
    }

    [Fact]
    public void WhatIsForgottenIsGoneAndNothingElseIs()
    {
        var places = new RowPlaces();
        places.Fit(Million);
        Keep(places, Enumerable.Range(0, 10_000));
        for (var i = 0; i < 10_000; i += 2)
        {
            places.Forget(IdOf(i));
            Assert.False(places.TryGet(IdOf(i), out var other) && other == PlaceOf(i));
        }
        Assert.InRange(Found(places, Enumerable.Range(0, 10_000)), 4_980, 5_000);
        places.Clear();
        Assert.Equal(0, Found(places, Enumerable.Range(0, 10_000)));
        Keep(places, [3]);
        Assert.Equal(1, Found(places, [3]));
    }

    [Fact]
    public void ARowThatHasMovedHasItsLastPlace()
    {
        var places = new RowPlaces();
        places.Keep(5, PlaceOf(1), wasRead: false);
        places.Keep(5, PlaceOf(2), wasRead: false);
        Assert.True(places.TryGet(5, out var place));
        Assert.Equal(PlaceOf(2), place);
        // Farther away than there are bits for.
        places.Keep(6, new RowPlace(1L << 50, 10, 1), wasRead: true);
        Assert.False(places.TryGet(6, out _));
    }
}
