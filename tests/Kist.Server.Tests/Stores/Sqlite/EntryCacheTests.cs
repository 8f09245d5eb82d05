using Kist.Kernel.Stores;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

public sealed class EntryCacheTests
{
    private readonly EntryCache _cache = new();

    private static Entry One(int bytes = 8) => new(new byte[bytes], 1);

    [Fact]
    public void What_was_read_is_known_and_so_is_that_a_key_is_absent()
    {
        Assert.False(_cache.TryGet("a", out _));
        _cache.Add("a", One(), _cache.Epoch);
        _cache.Add("none", null, _cache.Epoch);
        Assert.True(_cache.TryGet("a", out var entry) && entry?.Revision == 1);
        Assert.True(_cache.TryGet("none", out entry) && entry is null);
    }

    [Fact]
    public void A_read_that_overlaps_a_commit_is_not_kept()
    {
        var before = _cache.Epoch;
        _cache.Hold();
        var during = _cache.Epoch;
        _cache.Add("a", One(), before);
        _cache.Add("a", One(), during);
        _cache.Release([new Change("b", 2, false)]);
        _cache.Add("a", One(), before);
        _cache.Add("a", One(), during);
        Assert.False(_cache.TryGet("a", out _));
    }

    [Fact]
    public void A_commit_is_forgotten_key_by_key_in_both_generations()
    {
        foreach (var key in (string[])["young", "other"]) _cache.Add(key, One(), _cache.Epoch);
        _cache.Hold();
        Assert.True(_cache.TryGet("young", out _)); // nobody has been told of the commit yet
        _cache.Release([new Change("young", 2, false)]);
        Assert.False(_cache.TryGet("young", out _));
        Assert.True(_cache.TryGet("other", out _));
        for (var i = 0; i < 200; i++) _cache.Add($"filler{i}", One(EntryCache.LargestValue - 1), _cache.Epoch);
        _cache.Add("late", One(), _cache.Epoch);
        for (var i = 0; i < 100; i++) _cache.Add($"more{i}", One(EntryCache.LargestValue - 1), _cache.Epoch);
        _cache.Hold();
        _cache.Release([new Change("late", 3, true)]);
        Assert.False(_cache.TryGet("late", out _));
    }

    [Fact]
    public void A_commit_of_unknown_outcome_forgets_everything()
    {
        _cache.Add("a", One(), _cache.Epoch);
        _cache.Hold();
        _cache.ReleaseUnknown();
        Assert.False(_cache.TryGet("a", out _));
        _cache.Add("a", One(), _cache.Epoch);
        Assert.True(_cache.TryGet("a", out _));
    }

    [Fact]
    public void What_is_used_stays_and_what_is_not_goes()
    {
        _cache.Add("used", One(), _cache.Epoch);
        _cache.Add("unused", One(), _cache.Epoch);
        for (var i = 0; i < 1_000; i++)
        {
            _cache.Add($"filler{i}", One(EntryCache.LargestValue - 1), _cache.Epoch);
            Assert.True(_cache.TryGet("used", out _));
        }
        Assert.False(_cache.TryGet("unused", out _));
        _cache.Add("large", One(EntryCache.LargestValue + 1), _cache.Epoch);
        Assert.False(_cache.TryGet("large", out _));
    }
}
