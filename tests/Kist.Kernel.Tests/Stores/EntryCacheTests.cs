using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Stores;

public sealed class EntryCacheTests
{
    private readonly EntryCache _cache = new(1 << 20);

    private static Entry One(int bytes = 8) => new(new byte[bytes], 1);

    private void Keep(string key, int bytes) => _cache.Add(key, One(bytes), _cache.EpochOf(key));

    [Fact]
    public void What_was_read_is_known_and_so_is_that_a_key_is_absent()
    {
        Assert.False(_cache.TryGet("a", out _));
        _cache.Add("a", One(), _cache.EpochOf("a"));
        _cache.Add("none", null, _cache.EpochOf("none"));
        Assert.True(_cache.TryGet("a", out var entry) && entry?.Revision == 1);
        Assert.True(_cache.TryGet("none", out entry) && entry is null);
    }

    [Fact]
    public void A_read_that_overlaps_a_commit_is_not_kept()
    {
        var before = _cache.EpochOf("a");
        _cache.Hold();
        var during = _cache.EpochOf("a");
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
        foreach (var key in (string[])["young", "other"]) _cache.Add(key, One(), _cache.EpochOf(key));
        _cache.Hold();
        Assert.True(_cache.TryGet("young", out _)); // nobody has been told of the commit yet
        _cache.Release([new Change("young", 2, false)]);
        Assert.False(_cache.TryGet("young", out _));
        Assert.True(_cache.TryGet("other", out _));
        for (var i = 0; i < 200; i++) Keep($"filler{i}", EntryCache.LargestValue - 1);
        _cache.Add("late", One(), _cache.EpochOf("late"));
        for (var i = 0; i < 100; i++) Keep($"more{i}", EntryCache.LargestValue - 1);
        _cache.Hold();
        _cache.Release([new Change("late", 3, true)]);
        Assert.False(_cache.TryGet("late", out _));
    }

    [Fact]
    public void A_commit_of_unknown_outcome_forgets_everything()
    {
        _cache.Add("a", One(), _cache.EpochOf("a"));
        _cache.Hold();
        _cache.ReleaseUnknown();
        Assert.False(_cache.TryGet("a", out _));
        _cache.Add("a", One(), _cache.EpochOf("a"));
        Assert.True(_cache.TryGet("a", out _));
    }

    [Fact]
    public void A_change_by_another_node_is_forgotten_and_a_read_that_overlaps_it_is_not_kept()
    {
        _cache.Add("a", One(), _cache.EpochOf("a"));
        _cache.Add("b", One(), _cache.EpochOf("b"));
        var before = _cache.EpochOf("a");
        _cache.Forget("a");
        _cache.Add("a", One(), before);
        Assert.False(_cache.TryGet("a", out _));
        Assert.True(_cache.TryGet("b", out _));
        before = _cache.EpochOf("b");
        _cache.Clear();
        _cache.Add("b", One(), before);
        Assert.False(_cache.TryGet("b", out _));
        _cache.Add("b", One(), _cache.EpochOf("b"));
        Assert.True(_cache.TryGet("b", out _));
    }

    [Fact]
    public void Where_reads_are_cheap_only_what_is_read_again_is_kept()
    {
        var cache = new EntryCache(1 << 20, keepsOnSecondRead: true);
        cache.Add("a", One(), cache.EpochOf("a"));
        Assert.False(cache.TryGet("a", out _));
        cache.Add("a", One(), cache.EpochOf("a"));
        Assert.True(cache.TryGet("a", out _));
    }

    [Fact]
    public void What_is_used_stays_and_what_is_not_goes()
    {
        _cache.Add("used", One(), _cache.EpochOf("used"));
        _cache.Add("unused", One(), _cache.EpochOf("unused"));
        for (var i = 0; i < 1_000; i++)
        {
            Keep($"filler{i}", EntryCache.LargestValue - 1);
            Assert.True(_cache.TryGet("used", out _));
        }
        Assert.False(_cache.TryGet("unused", out _));
        _cache.Add("large", One(EntryCache.LargestValue + 1), _cache.EpochOf("large"));
        Assert.False(_cache.TryGet("large", out _));
    }
}
