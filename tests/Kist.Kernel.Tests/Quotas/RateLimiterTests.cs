using System.Net;
using Kist.Kernel.Quotas;
using Xunit;

namespace Kist.Kernel.Tests.Quotas;

public sealed class RateLimiterTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Two = IPAddress.Parse("2001:db8::2");

    private readonly StepClock _clock = new();

    private RateLimiter Limiter(double rate, double intervalSeconds = 1, double blockSeconds = 0) => new(new RateLimit
    {
        Name = "q", Rate = rate, Interval = TimeSpan.FromSeconds(intervalSeconds),
        BlockInterval = TimeSpan.FromSeconds(blockSeconds),
    }, _clock);

    [Fact]
    public void AnAddressHasItsBudgetOncePerInterval()
    {
        var limiter = Limiter(3);
        Assert.Equal([2u, 1u, 0u], Enumerable.Range(0, 3).Select(_ => limiter.Take(One).Left));
        Assert.False(limiter.Take(One).Allowed);
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(limiter.Take(One).Allowed);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new Taken(true, 2, TimeSpan.FromSeconds(1)), limiter.Take(One));
    }

    [Fact]
    public void AddressesDoNotShareABudget()
    {
        var limiter = Limiter(1);
        Assert.True(limiter.Take(One).Allowed);
        Assert.True(limiter.Take(Two).Allowed);
        Assert.True(limiter.Take(null).Allowed);
        Assert.False(limiter.Take(One).Allowed);
        Assert.False(limiter.Take(null).Allowed);
    }

    [Fact]
    public void WhoeverGoesOverIsBlockedForTheBlockInterval()
    {
        var limiter = Limiter(1, blockSeconds: 10);
        Assert.True(limiter.Take(One).Allowed);
        Assert.Equal(new Taken(false, 0, TimeSpan.FromSeconds(10)), limiter.Take(One));
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(new Taken(false, 0, TimeSpan.FromSeconds(1)), limiter.Take(One));
        Assert.True(limiter.Take(Two).Allowed);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(limiter.Take(One).Allowed);
    }

    [Theory]
    [InlineData(0.2, 1u)]
    [InlineData(1000.5, 1000u)]
    [InlineData(4294967295d, uint.MaxValue)]
    public void ABudgetIsTheRoundedRateAndAtLeastOne(double rate, uint budget) =>
        Assert.Equal(budget, Limiter(rate).Budget);

    [Fact]
    public async Task ParallelRequestsNeverTakeMoreThanTheBudget()
    {
        var limiter = Limiter(500, intervalSeconds: 3600);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            Enumerable.Range(0, 1000).Count(_ => limiter.Take(One).Allowed))));
        Assert.Equal(500, taken.Sum());
    }

    [Fact]
    public void MemoryIsBoundedAndAnAddressThatKeepsComingIsNotForgotten()
    {
        var limiter = Limiter(1, intervalSeconds: 3600);
        Assert.True(limiter.Take(One).Allowed);
        Span<byte> bytes = stackalloc byte[16];
        for (var i = 0; i < RateLimiter.GenerationSize * 3; i++)
        {
            BitConverter.TryWriteBytes(bytes, i + 1);
            limiter.Take(new IPAddress(bytes));
            if (i % 10_000 == 0) Assert.False(limiter.Take(One).Allowed);
        }
        Assert.InRange(limiter.Count, RateLimiter.GenerationSize, RateLimiter.GenerationSize * 2);
        Assert.False(limiter.Take(One).Allowed);
    }
}
