using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Stores;

public sealed class GenerationsTests
{
    private const int Rounds = 10_000;

    [Fact]
    public void What_is_asked_for_stays_and_the_rest_goes()
    {
        var kept = new Generations<int, string>(10, static (_, _) => 1);
        for (var i = 0; i < 100; i++)
        {
            Put(kept, i, $"{i}");
            Assert.True(kept.TryGet(0, out var first) && first == "0");
            Assert.InRange(kept.Count, 1, 20);
        }
        Assert.False(kept.TryGet(50, out _));
        Assert.True(kept.TryGet(99, out _));
    }

    [Fact]
    public void Weights_bound_it()
    {
        var kept = new Generations<int, string>(10, static (_, value) => value.Length);
        Put(kept, 1, new string('x', 9));
        Put(kept, 2, "x");
        Put(kept, 3, new string('x', 100));
        Assert.False(kept.TryGet(1, out _));
        Assert.True(kept.TryGet(3, out _));
    }

    [Fact]
    public void What_is_removed_or_cleared_is_gone_from_both()
    {
        var kept = new Generations<int, string>(2, static (_, _) => 1);
        for (var i = 0; i < 3; i++) Put(kept, i, "");
        lock (kept.Gate)
        {
            kept.Remove(0);
            kept.Remove(2);
        }
        Assert.False(kept.TryGet(0, out _) || kept.TryGet(2, out _));
        Assert.True(kept.TryGet(1, out _));
        lock (kept.Gate) kept.Clear();
        Assert.Equal(0, kept.Count);
    }

    /// <summary>
    /// Both find it in the old generation and one of them moves it; the other must not take that for an absent value.
    /// </summary>
    [Fact]
    public void What_two_ask_for_at_once_is_whole_for_both()
    {
        var wrong = 0;
        Together.Run(Rounds, InTheOldOne, Ask, Ask);
        Assert.Equal(0, wrong);

        void Ask(Generations<int, string> kept)
        {
            if (kept.TryGet(1, out var value) && value != "one") Interlocked.Increment(ref wrong);
        }
    }

    /// <summary>
    /// Whoever finds it in the old generation puts it into the young one. If it is removed in between, as a revoked
    /// token is, it would be good for ever.
    /// </summary>
    [Fact]
    public void What_is_removed_while_it_is_asked_for_does_not_come_back()
    {
        var revived = 0;
        Together.Run(Rounds, InTheOldOne, kept => kept.TryGet(1, out _), Remove,
            kept => revived += kept.TryGet(1, out _) ? 1 : 0);
        Assert.Equal(0, revived);

        static void Remove(Generations<int, string> kept)
        {
            lock (kept.Gate) kept.Remove(1);
        }
    }

    private static Generations<int, string> InTheOldOne()
    {
        var kept = new Generations<int, string>(2, static (_, _) => 1);
        Put(kept, 1, "one");
        Put(kept, 2, "two");
        return kept;
    }

    private static void Put(Generations<int, string> kept, int key, string value)
    {
        lock (kept.Gate) kept.Put(key, value);
    }
}
