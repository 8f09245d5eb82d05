using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

public sealed class AclWrappingTests
{
    private static bool IsAllowed(int? wrapSeconds, params string[] limits)
    {
        var acl = Acl.Compile(limits.Select(
            limit => PolicyDocument.Parse($$"""path "a" { capabilities = ["read"] {{limit}} }""")));
        TimeSpan? wrap = wrapSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        return acl.Check(Operation.Read, "a", default, wrap).Allowed;
    }

    // Recorded from Vault: scenario policy-wrapping-ttl.
    [Theory]
    [InlineData(null, false, false)]
    [InlineData(30, false, true)]
    [InlineData(60, true, true)]
    [InlineData(90, true, true)]
    [InlineData(91, true, false)]
    [InlineData(300, true, false)]
    [InlineData(600, true, false)]
    [InlineData(660, false, false)]
    public void WrappingLimitsHoldAsRecorded(int? wrap, bool withBoth, bool withMaximumOnly)
    {
        Assert.Equal(withBoth, IsAllowed(wrap, """min_wrapping_ttl = "1m" max_wrapping_ttl = "10m" """));
        Assert.Equal(withMaximumOnly, IsAllowed(wrap, "max_wrapping_ttl = 90"));
    }

    [Fact]
    public void WithoutLimitsWrappingIsFree()
    {
        Assert.True(IsAllowed(null, ""));
        Assert.True(IsAllowed(1, "min_wrapping_ttl = 0"));
    }

    [Fact]
    public void OfMergedLimitsTheShorterCounts()
    {
        string[] limits =
        [
            "min_wrapping_ttl = 60 max_wrapping_ttl = 600",
            "min_wrapping_ttl = 30 max_wrapping_ttl = 120",
            "",
        ];
        Assert.False(IsAllowed(null, limits));
        Assert.False(IsAllowed(29, limits));
        Assert.True(IsAllowed(30, limits));
        Assert.True(IsAllowed(120, limits));
        Assert.False(IsAllowed(121, limits));
    }

    [Fact]
    public void LimitsThatContradictEachOtherAfterMergingAllowNothing()
    {
        foreach (int? wrap in new int?[] { null, 5, 10, 30, 60, 90 })
            Assert.False(IsAllowed(wrap, "min_wrapping_ttl = 60", "max_wrapping_ttl = 10"));
    }

    [Fact]
    public void TheDecisionCarriesTheLimits()
    {
        var acl = Acl.Compile([PolicyDocument.Parse(
            """path "a" { capabilities = ["read"] min_wrapping_ttl = "10s" max_wrapping_ttl = "1h30m" }""")]);
        var decision = acl.Check(Operation.Read, "a", default, TimeSpan.FromMinutes(1));
        Assert.Equal(new Decision(true, false, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(90)), decision);
    }
}
