using Kist.Kernel.Pipeline;
using Kist.Kernel.Quotas;
using Kist.Kernel.Tests.Barrier;
using Xunit;

namespace Kist.Kernel.Tests.Quotas;

public sealed class QuotaStoreTests
{
    private readonly StepClock _clock = new();

    private static Request RequestFor(string path)
    {
        Assert.True(RequestPath.TryCreate(path, out var parsed, out _));
        return new Request { Id = Guid.Empty, Operation = Operation.Read, Path = parsed };
    }

    private static Fault? Take(QuotaStore quotas, string path)
    {
        List<KeyValuePair<string, string>>? headers = null;
        return quotas.Take(RequestFor(path), null, ref headers);
    }

    [Fact]
    public async Task LimitsAreThereAfterARestartAndGoneWhenDeleted()
    {
        using var opened = await Opened.FreshAsync();
        var storage = opened.Barrier.View("quota/");
        var quotas = await QuotaStore.LoadAsync(storage, _clock, default);
        Assert.Null(await quotas.PutAsync(new RateLimit { Name = "all", Rate = 1 }, default));
        await quotas.ConfigureAsync(quotas.Config with { EnableRateLimitResponseHeaders = true }, default);
        var again = await QuotaStore.LoadAsync(storage, _clock, default);
        Assert.Equal(quotas.Find("all"), again.Find("all"));
        Assert.True(again.Config.EnableRateLimitResponseHeaders);
        Assert.Null(Take(again, "a"));
        Assert.Equal(FaultKind.QuotaExceeded, Take(again, "a")!.Kind);
        Assert.Equal(1, again.Refused);
        await again.DeleteAsync("all", default);
        Assert.Null(Take(again, "a"));
        Assert.Empty((await QuotaStore.LoadAsync(storage, _clock, default)).All);
    }

    [Fact]
    public async Task TwoLimitsOnTheSamePathAreRefused()
    {
        using var opened = await Opened.FreshAsync();
        var quotas = await QuotaStore.LoadAsync(opened.Barrier.View("quota/"), _clock, default);
        Assert.Null(await quotas.PutAsync(new RateLimit { Name = "one", MountPath = "kv/", Rate = 1 }, default));
        var fault = await quotas.PutAsync(new RateLimit { Name = "two", MountPath = "kv/", Rate = 2 }, default);
        Assert.Equal("quota rule with similar properties exists under the name \"one\"", fault?.Message);
        Assert.Null(await quotas.PutAsync(new RateLimit { Name = "one", MountPath = "kv/", Rate = 3 }, default));
        Assert.Equal(3, Assert.Single(quotas.All).Rate);
    }

    [Fact]
    public async Task AnswersTellWhatIsLeftOnlyWhenTheConfigurationSaysSo()
    {
        using var opened = await Opened.FreshAsync();
        var quotas = await QuotaStore.LoadAsync(opened.Barrier.View("quota/"), _clock, default);
        await quotas.PutAsync(new RateLimit { Name = "q", Rate = 1, Interval = TimeSpan.FromHours(1) }, default);
        List<KeyValuePair<string, string>>? headers = null;
        Assert.Null(quotas.Take(RequestFor("a"), null, ref headers));
        Assert.Null(headers);
        await quotas.ConfigureAsync(new QuotaConfig { EnableRateLimitResponseHeaders = true }, default);
        Assert.NotNull(quotas.Take(RequestFor("a"), null, ref headers));
        Assert.Equal(
            [
                new("X-Ratelimit-Limit", "1"), new("X-Ratelimit-Remaining", "0"), new("X-Ratelimit-Reset", "3600"),
                new("Retry-After", "3600"),
            ], headers!);
    }

    [Fact]
    public async Task WhatAnOperatorNeedsIsExempt()
    {
        using var opened = await Opened.FreshAsync();
        var quotas = await QuotaStore.LoadAsync(opened.Barrier.View("quota/"), _clock, default);
        await quotas.PutAsync(new RateLimit { Name = "q", Rate = 1 }, default);
        foreach (var path in QuotaConfig.DefaultExemptPaths)
            for (var i = 0; i < 3; i++) Assert.Null(Take(quotas, path));
        await quotas.ConfigureAsync(new QuotaConfig { RateLimitExemptPaths = ["free/*"] }, default);
        for (var i = 0; i < 3; i++) Assert.Null(Take(quotas, "free/x"));
        Assert.Null(Take(quotas, "sys/unseal"));
        Assert.NotNull(Take(quotas, "sys/unseal"));
    }
}
