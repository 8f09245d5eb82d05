using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

public sealed class AclAccessBelowTests
{
    [Theory]
    [InlineData("kv/*", "read", true)]
    [InlineData("kv/data/app", "read", true)]
    [InlineData("kv/data/app", "deny", false)]
    [InlineData("kv/", "list", true)]
    [InlineData("kv", "list", false)]
    [InlineData("k*", "read", true)]
    [InlineData("*", "read", true)]
    [InlineData("+/data/app", "read", true)]
    [InlineData("+/+/app", "read", true)]
    [InlineData("+", "read", false)]
    [InlineData("other/+/app", "read", false)]
    [InlineData("kv2/*", "read", false)]
    [InlineData("kvx*", "read", false)]
    public void AMountIsKnownToWhoeverMayDoSomethingInIt(string path, string capability, bool expected)
    {
        var policy = PolicyDocument.Parse($$"""path "{{path}}" { capabilities = ["{{capability}}"] }""");
        Assert.Equal(expected, Acl.Compile([policy]).HasAccessBelow("kv/"));
    }

    [Fact]
    public void RootKnowsEverything() => Assert.True(Acl.Root.HasAccessBelow("kv/"));

    [Fact]
    public void NobodyKnowsNothing() => Assert.False(Acl.Compile([]).HasAccessBelow("kv/"));
}
