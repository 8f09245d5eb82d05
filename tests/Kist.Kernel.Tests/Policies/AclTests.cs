using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

public sealed class AclTests
{
    private static Acl Compile(params string[] policies) => Acl.Compile(policies.Select(PolicyDocument.Parse));

    [Fact]
    public void NothingIsAllowedWithoutARule()
    {
        var acl = Compile();
        foreach (var operation in Enum.GetValues<Operation>())
            Assert.Equal(operation == Operation.Help, acl.Check(operation, "secret/x").Allowed);
        Assert.Equal(["deny"], acl.CapabilitiesOf("secret/x"));
        Assert.False(acl.IsRoot);
    }

    [Fact]
    public void RootMayDoEverything()
    {
        foreach (var operation in Enum.GetValues<Operation>())
            Assert.Equal(new Decision(true, true, default, default), Acl.Root.Check(operation, "sys/seal"));
        Assert.Equal(["root"], Acl.Root.CapabilitiesOf("x"));
        Assert.True(Acl.Root.IsRoot);
    }

    [Theory]
    [InlineData("create", Operation.Create)]
    [InlineData("read", Operation.Read)]
    [InlineData("update", Operation.Update)]
    [InlineData("patch", Operation.Patch)]
    [InlineData("delete", Operation.Delete)]
    [InlineData("list", Operation.List)]
    public void ACapabilityGrantsItsOperationOnly(string capability, Operation granted)
    {
        var acl = Compile($$"""path "a" { capabilities = ["{{capability}}"] }""");
        foreach (var operation in Enum.GetValues<Operation>())
            Assert.Equal(operation == granted || operation == Operation.Help, acl.Check(operation, "a").Allowed);
    }

    // Recorded from Vault: scenario policy-old-style.
    [Theory]
    [InlineData("read", "list,read")]
    [InlineData("write", "create,delete,list,read,update")]
    [InlineData("deny", "deny")]
    [InlineData("sudo", "create,delete,list,read,sudo,update")]
    public void OldStylePoliciesBecomeCapabilities(string policy, string capabilities)
    {
        var acl = Compile($$"""path "s" { policy = "{{policy}}" }""");
        Assert.Equal(capabilities.Split(','), acl.CapabilitiesOf("s"));
        Assert.Equal(policy == "sudo", acl.Check(Operation.Read, "s").Sudo);
    }

    // Recorded from Vault: scenario policy-globs.
    [Theory]
    [InlineData("g/a/b", true)]
    [InlineData("g/a/b/c", true)]
    [InlineData("g/ab", false)]
    [InlineData("g/a", false)]
    [InlineData("g/a/", true)]
    [InlineData("g/x/y/z", true)]
    [InlineData("g/x/q/z", true)]
    [InlineData("g/x/y/w", false)]
    [InlineData("g/x/y/y/z", false)]
    [InlineData("g/prefix", true)]
    [InlineData("g/pre", true)]
    [InlineData("g/pre/fix", true)]
    [InlineData("g/q/w/ending", true)]
    [InlineData("g/q/w/end", true)]
    [InlineData("g/q/w/end/more", true)]
    [InlineData("g/q/end", false)]
    [InlineData("g/st*ar", true)]
    [InlineData("g/star", false)]
    [InlineData("/g/a/b", true)]
    [InlineData("///g/a/b", true)]
    public void GlobsAndSegmentWildcardsMatchAsRecorded(string path, bool allowed)
    {
        var acl = Compile("""
            path "g/a/*" { capabilities = ["read"] }
            path "g/x/+/z" { capabilities = ["read"] }
            path "g/pre*" { capabilities = ["read"] }
            path "g/+/+/end*" { capabilities = ["read"] }
            path "g/st*ar" { capabilities = ["read"] }
            """);
        Assert.Equal(allowed, acl.Check(Operation.Read, path).Allowed);
    }

    // Recorded from Vault: scenario policy-precedence.
    [Theory]
    [InlineData("p/foo", "deny")]
    [InlineData("p/foo/bar", "read,update")]
    [InlineData("p/foo/bar/baz", "update")]
    [InlineData("p/x/1/y", "read")]
    [InlineData("p/x/2/y", "read")]
    [InlineData("p/other", "read")]
    [InlineData("p/p/q/r", "deny")]
    [InlineData("p/p/z/r", "read")]
    public void TheMostSpecificRuleCountsAsRecorded(string path, string capabilities)
    {
        var acl = Compile("""
            path "p/*" { capabilities = ["read"] }
            path "p/foo" { capabilities = ["deny"] }
            path "p/foo/*" { capabilities = ["update"] }
            path "p/foo/bar" { capabilities = ["read", "update"] }
            path "p/+/1/y" { capabilities = ["deny"] }
            path "p/x/+/y" { capabilities = ["read"] }
            path "p/p/+/*" { capabilities = ["read"] }
            path "p/p/q/*" { capabilities = ["deny"] }
            """);
        Assert.Equal(capabilities.Split(','), acl.CapabilitiesOf(path));
    }

    [Theory]
    [InlineData("s/+", "s/*", "s/x")]
    [InlineData("s/+/b", "s/+/*", "s/a/b")]
    [InlineData("s/a*", "s/+", "s/ab")]
    [InlineData("s/*", "s/+/b*", "s/a/bc")]
    [InlineData("s/a/+", "s/+/b", "s/a/b")]
    [InlineData("s/+/b/c", "s/+/+/c", "s/a/b/c")]
    [InlineData("s/+/b/+", "s/+/+/c", "s/a/b/c")]
    [InlineData("s/+/bc*", "s/+/b*", "s/a/bcd")]
    public void OfTwoPatternsTheFirstIsPreferred(string stronger, string weaker, string path)
    {
        var strong = $$"""path "{{stronger}}" { capabilities = ["read"] }""";
        var weak = $$"""path "{{weaker}}" { capabilities = ["deny"] }""";
        Assert.Equal(["read"], Compile(strong, weak).CapabilitiesOf(path));
        Assert.Equal(["read"], Compile(weak, strong).CapabilitiesOf(path));
    }

    [Fact]
    public void RulesForOnePathAreMergedOverPolicies()
    {
        var acl = Compile(
            """path "a" { capabilities = ["read"] }""",
            """path "/a" { capabilities = ["create", "update"] }""");
        Assert.Equal(["create", "read", "update"], acl.CapabilitiesOf("a"));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a*")]
    [InlineData("+")]
    public void DenyWinsWhereverItStands(string path)
    {
        var deny = $$"""path "{{path}}" { capabilities = ["read", "deny"] }""";
        var allow = $$"""path "{{path}}" { capabilities = ["create", "read", "list", "sudo"] }""";
        Acl[] lists = [Compile(deny, allow), Compile(allow, deny), Compile(allow + deny), Compile(allow, deny, allow)];
        foreach (var acl in lists)
        {
            Assert.Equal(["deny"], acl.CapabilitiesOf("a"));
            Assert.Equal(default, acl.Check(Operation.Read, "a"));
            Assert.Equal(default, acl.Check(Operation.List, "a/") with { Sudo = false });
        }
    }

    [Fact]
    public void AListIsAlsoKnownWithoutItsSlash()
    {
        var acl = Compile("""
            path "exact" { capabilities = ["list"] }
            path "both" { capabilities = ["deny"] }
            path "both/" { capabilities = ["list"] }
            path "team/+" { capabilities = ["list"] }
            path "team/*" { capabilities = ["read"] }
            """);
        Assert.True(acl.Check(Operation.List, "exact/").Allowed);
        Assert.False(acl.Check(Operation.List, "exact/more/").Allowed);
        Assert.True(acl.Check(Operation.List, "both/").Allowed);
        Assert.True(acl.Check(Operation.List, "team/x/").Allowed);
        Assert.False(acl.Check(Operation.Read, "exact/").Allowed);
    }

    // D02: the other spelling of a LIST is not a way around a narrower deny.
    [Fact]
    public void ANarrowDenyHoldsForAListToo()
    {
        var acl = Compile("""
            path "a/*" { capabilities = ["read", "list"] }
            path "a/b/*" { capabilities = ["deny"] }
            path "a/+" { capabilities = ["list"] }
            path "c/*" { capabilities = ["list"] }
            path "c/+" { capabilities = ["deny"] }
            """);
        Assert.False(acl.Check(Operation.List, "a/b/").Allowed);
        Assert.False(acl.Check(Operation.List, "a/b/c/").Allowed);
        Assert.False(acl.Check(Operation.List, "c/d/").Allowed);
        Assert.True(acl.Check(Operation.List, "a/d/").Allowed);
    }

    // Recorded from Vault: scenario capabilities-self.
    [Theory]
    [InlineData("c/a", "create,delete,list,read,sudo,update")]
    [InlineData("c/d", "deny")]
    [InlineData("c/none", "deny")]
    [InlineData("c/l/x", "list,read")]
    [InlineData("c/l/", "list,read")]
    [InlineData("c/l", "deny")]
    [InlineData("c/e", "deny")]
    [InlineData("/c/a", "create,delete,list,read,sudo,update")]
    [InlineData("c/new", "patch,recover,subscribe")]
    public void CapabilitiesAreSortedAsRecorded(string path, string capabilities)
    {
        var acl = Compile("""
            path "c/a" { capabilities = ["create","read","update","delete","list","sudo"] }
            path "c/d" { capabilities = ["deny"] }
            path "c/e" { capabilities = [] }
            path "c/l/*" { capabilities = ["list", "read"] }
            path "c/new" { capabilities = ["subscribe", "recover", "patch"] }
            """);
        Assert.Equal(capabilities.Split(','), acl.CapabilitiesOf(path));
    }

    [Fact]
    public void LookingUpAllocatesNothing()
    {
        var rules = Enumerable.Range(0, 500).Select(i =>
            $$"""
            path "secret/data/team{{i}}/*" { capabilities = ["read"] }
            path "secret/+/x{{i}}" { capabilities = ["list"] }
            """);
        var acl = Compile(BuiltInPolicies.DefaultText, string.Join('\n', rules),
            """
            path "secret/data/prod/database" { capabilities = ["read"] }
            path "secret/data/stage/*" { capabilities = ["read"] }
            """);
        string[] paths = ["secret/data/prod/database", "secret/data/stage/database", "secret/data/x77", "no/such"];
        Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var allowed = Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(3, allowed);

        int Run()
        {
            var count = 0;
            foreach (var path in paths)
            {
                if (acl.Check(Operation.Read, path).Allowed) count++;
                if (acl.Check(Operation.List, path).Allowed) count++;
            }
            return count;
        }
    }
}
