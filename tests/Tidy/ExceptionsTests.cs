using Xunit;

namespace Kist.Tidy.Tests;

public sealed class ExceptionsTests
{
    private static readonly string[] s_list =
        ["# a comment", "", "rule a.cs 80 # why", "rule b.cs # why", "other c.cs"];

    [Fact]
    public void WhatIsListedAndStillSoIsFine() =>
        Assert.Empty(Complaints(new Violation("a.cs", "", 80), new Violation("b.cs", "")));

    [Fact]
    public void WhatIsNotListedIsReported() =>
        Assert.Contains("c.cs: bad", Complaints(new("a.cs", "", 80), new("b.cs", ""), new("c.cs", "bad")));

    [Fact]
    public void WhatHasGrownIsReported() =>
        Assert.Contains("may not grow", Assert.Single(Complaints(new("a.cs", "", 81), new("b.cs", ""))));

    [Fact]
    public void AnExceptionThatNothingNeedsIsReported() =>
        Assert.Contains("b.cs: no exception is needed", Assert.Single(Complaints(new Violation("a.cs", "", 75))));

    private static IReadOnlyList<string> Complaints(params Violation[] violations) =>
        Exceptions.Complaints("rule", violations, s_list);
}
