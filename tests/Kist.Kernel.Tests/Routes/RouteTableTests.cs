using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Xunit;

namespace Kist.Kernel.Tests.Routes;

public sealed class RouteTableTests
{
    private static readonly RouteTable Table = new(
    [
        Route("mounts"), Route("mounts/{path+}"), Route("mounts/{path+}/tune"), Route("any/{rest...}"),
        Route("roles/{name}"), Route("list/", Operation.List),
    ]);

    private static Route Route(string pattern, Operation operation = Operation.Read) =>
        new(operation, pattern, _ => new(Response.None), pattern);

    [Theory]
    [InlineData("mounts", "mounts")]
    [InlineData("mounts/", "mounts")]
    [InlineData("mounts/a", "mounts/{path+}", "a")]
    [InlineData("mounts/a/b", "mounts/{path+}", "a/b")]
    [InlineData("mounts/tune", "mounts/{path+}", "tune")]
    [InlineData("mounts/a/tune", "mounts/{path+}/tune", "a")]
    [InlineData("mounts/auth/a/tune", "mounts/{path+}/tune", "auth/a")]
    [InlineData("mounts/atune", "mounts/{path+}", "atune")]
    [InlineData("any/", "any/{rest...}", "")]
    [InlineData("any/a/b", "any/{rest...}", "a/b")]
    [InlineData("roles/a.b", "roles/{name}", "a.b")]
    [InlineData("list/", "list/")]
    public void APathLeadsToItsPattern(string path, string expected, params string[] captured)
    {
        Assert.True(Table.TryMatch(path, out var pattern, out var captures));
        Assert.Equal(expected, pattern.Pattern);
        Assert.Equal(captured, Enumerable.Range(0, captures.Count).Select(i => captures[i]));
    }

    [Theory]
    [InlineData("any")]
    [InlineData("roles/a/b")]
    [InlineData("roles/-a")]
    [InlineData("list")]
    [InlineData("other")]
    [InlineData("")]
    public void APathWithoutAPatternLeadsNowhere(string path) => Assert.False(Table.TryMatch(path, out _, out _));

    [Fact]
    public void EveryPatternDescribesItself()
    {
        Assert.True(Table.TryMatch("mounts/a/tune", out var pattern, out _));
        Assert.NotNull(pattern[Operation.Help]);
        Assert.NotNull(Table.Index[Operation.Help]);
    }

    [Fact]
    public void TheSameOperationTwiceIsADefect() =>
        Assert.Throws<InvalidOperationException>(() => new RouteTable([Route("a"), Route("a")]));
}
