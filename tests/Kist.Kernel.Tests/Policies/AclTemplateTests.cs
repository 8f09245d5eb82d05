using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

public sealed class AclTemplateTests
{
    private static TemplateSubject Subject(string name = "bob", string team = "red") => new(
        "e-1",
        name,
        new Dictionary<string, string> { ["team"] = team, ["a.b"] = "dotted" },
        new Dictionary<string, TemplateAlias>
        {
            ["acc_1"] = new(
                "a-1",
                "bob-login",
                new Dictionary<string, string> { ["org"] = "acme" },
                new Dictionary<string, string> { ["c"] = "own" }),
        },
        [new TemplateGroup("g-1", "admins", new Dictionary<string, string> { ["floor"] = "3" })]);

    private static Acl Compile(string path, TemplateSubject? subject) =>
        Acl.Compile([PolicyDocument.Parse($$"""path "{{path}}" { capabilities = ["read"] }""")], subject);

    [Theory]
    [InlineData("x/{{identity.entity.id}}", "x/e-1")]
    [InlineData("x/{{ identity.entity.name }}/*", "x/bob/more")]
    [InlineData("{{identity.entity.metadata.team}}/{{identity.entity.metadata.a.b}}", "red/dotted")]
    [InlineData("x/{{identity.entity.aliases.acc_1.id}}", "x/a-1")]
    [InlineData("x/{{identity.entity.aliases.acc_1.name}}", "x/bob-login")]
    [InlineData("x/{{identity.entity.aliases.acc_1.metadata.org}}", "x/acme")]
    [InlineData("x/{{identity.entity.aliases.acc_1.custom_metadata.c}}", "x/own")]
    [InlineData("x/{{identity.groups.ids.g-1.name}}", "x/admins")]
    [InlineData("x/{{identity.groups.names.admins.id}}", "x/g-1")]
    [InlineData("x/{{identity.groups.names.admins.metadata.floor}}", "x/3")]
    [InlineData("x/{{identity.entity.name}}/+/z", "x/bob/y/z")]
    public void TemplatesAreFilledFromTheSubject(string template, string path)
    {
        var acl = Compile(template, Subject());
        Assert.True(acl.Check(Operation.Read, path).Allowed);
        Assert.False(acl.Check(Operation.Read, template).Allowed);
        Assert.Empty(acl.UnsafeRules);
    }

    [Theory]
    [InlineData("identity.entity.metadata.none")]
    [InlineData("identity.entity.metadata")]
    [InlineData("identity.entity.aliases.acc_2.name")]
    [InlineData("identity.entity.aliases.acc_1")]
    [InlineData("identity.groups.names.others.id")]
    [InlineData("identity.groups.names.admins.members")]
    [InlineData("identity.groups.ids.g-1")]
    [InlineData("identity.other")]
    [InlineData("time.now")]
    [InlineData("")]
    public void ARuleWithoutAValueIsDropped(string directive)
    {
        var template = "x/{{" + directive + "}}*";
        var acl = Compile(template, Subject());
        Assert.Equal(["deny"], acl.CapabilitiesOf("x/"));
        Assert.Equal(["deny"], acl.CapabilitiesOf(template));
        Assert.Empty(acl.UnsafeRules);
    }

    [Fact]
    public void WithoutASubjectOnlyFixedRulesApply()
    {
        var policy = PolicyDocument.Parse(
            """path "x/{{identity.entity.name}}" { capabilities = ["read"] } path "y" { capabilities = ["read"] }""");
        Assert.True(policy.HasTemplates);
        var acl = Acl.Compile([policy]);
        Assert.True(acl.Check(Operation.Read, "y").Allowed);
        Assert.False(acl.Check(Operation.Read, "x/").Allowed);
        Assert.False(acl.Check(Operation.Read, "x/{{identity.entity.name}}").Allowed);
    }

    // A11: whoever may set a name or metadata must not widen a rule with it.
    [Theory]
    [InlineData("*")]
    [InlineData("a*")]
    [InlineData("+")]
    [InlineData("a+b")]
    [InlineData("a/b")]
    [InlineData("/")]
    [InlineData("x,y")]
    [InlineData("..")]
    [InlineData("a\nb")]
    [InlineData("a\0")]
    [InlineData("a\u200b")]
    [InlineData("a\u2028")]
    [InlineData("\u202eabc")]
    [InlineData("a\\b")]
    [InlineData("a\ud800")]
    public void AValueThatCouldWidenARuleDropsIt(string value)
    {
        const string name = "{{identity.entity.name}}";
        foreach (var template in new[] { "x/" + name, "x/" + name + "*", name })
        {
            var acl = Compile(template, Subject(name: value));
            Assert.Equal([template], acl.UnsafeRules);
            foreach (var path in new[] { "x/" + value, "x/anything", "x/", value, "anything" })
                Assert.False(acl.Check(Operation.Read, path).Allowed);
        }
    }

    [Fact]
    public void AValueIsNotExpandedAgain()
    {
        var acl = Compile("x/{{identity.entity.name}}", Subject(name: "{{identity.entity.id}}"));
        Assert.False(acl.Check(Operation.Read, "x/e-1").Allowed);
        Assert.True(acl.Check(Operation.Read, "x/{{identity.entity.id}}").Allowed);
    }

    [Theory]
    [InlineData("x/{{identity.entity.id")]
    [InlineData("x/identity.entity.id}}")]
    [InlineData("x/{{a}}b}}")]
    [InlineData("x/{{a{{b}}")]
    public void UnbalancedBracesAreRefused(string path)
    {
        var policy = $$"""path "{{path}}" { capabilities = ["read"] }""";
        Assert.False(PolicyDocument.TryParse(policy, out _, out var error));
        Assert.Contains("unbalanced", error, StringComparison.Ordinal);
    }

    [Fact]
    public void EmptyMetadataIsNoValue()
    {
        var acl = Compile("x/{{identity.entity.metadata.team}}*", Subject(team: ""));
        Assert.Equal(["deny"], acl.CapabilitiesOf("x/y"));
    }
}
