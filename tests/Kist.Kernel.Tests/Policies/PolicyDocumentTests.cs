using Kist.Kernel.Hcl;
using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

public sealed class PolicyDocumentTests
{
    private static string Refuse(string text)
    {
        Assert.False(PolicyDocument.TryParse(text, out var document, out var error));
        Assert.Null(document);
        return error;
    }

    // The refusals recorded from Vault: scenario policy-errors. The place is ours.
    [Theory]
    [InlineData("junk", "line 1, column 5")]
    [InlineData("path \"x\" { capabilities = [\"bogus\"] }", "line 1, column 28")]
    [InlineData("path \"x\" { bogus = 1 }", "line 1, column 12")]
    [InlineData("bogus \"x\" { }", "line 1, column 1")]
    [InlineData("path \"a/+*\" { capabilities = [\"read\"] }", "'+*'")]
    [InlineData("path \"x\" { capabilities = [] min_wrapping_ttl=\"5m\" max_wrapping_ttl=\"1m\" }", "max_wrapping_ttl")]
    [InlineData("path \"x\" { policy = \"bogus\" }", "read, write, sudo or deny")]
    [InlineData("path \"x\" { capabilities = \"read\" }", "list of strings")]
    [InlineData("path \"x\" { capabilities = [1] }", "unknown capability")]
    [InlineData("path \"x\" { capabilities = [\"READ\"] }", "unknown capability")]
    [InlineData("path \"x\" { capabilities = [\"root\"] }", "unknown capability")]
    [InlineData("path \"x\" { capabilities = [\"deny\", \"bogus\"] }", "unknown capability")]
    [InlineData("path \"x\" { capabilities = [] capabilities = [] }", "already set")]
    [InlineData("path \"x\" { min_wrapping_ttl = \"soon\" }", "min_wrapping_ttl")]
    [InlineData("path \"x\" { min_wrapping_ttl = -1 }", "min_wrapping_ttl")]
    [InlineData("path \"x\" { max_wrapping_ttl = true }", "max_wrapping_ttl")]
    [InlineData("path \"x\" { max_wrapping_ttl = \"99999999999999999999h\" }", "max_wrapping_ttl")]
    [InlineData("path \"x\" { max_wrapping_ttl = \"\" }", "max_wrapping_ttl")]
    [InlineData("path \"x\" { allowed_parameters = [] \n allowed_parameters = [] }", "already set")]
    [InlineData("path \"x\" { allowed_parameters = 1 }", "must map names")]
    [InlineData("path \"x\" { allowed_parameters = { a = 1 } }", "list of values")]
    [InlineData("path \"x\" { denied_parameters = { a = [], A = [] } }", "stands twice")]
    [InlineData("path \"x\" { required_parameters = \"a\" }", "list of strings")]
    [InlineData("path \"x\" { required_parameters = [1] }", "list of strings")]
    [InlineData("path = \"x\"", "expected: path")]
    [InlineData("path { capabilities = [\"read\"] }", "expected: path")]
    [InlineData("name = 1", "must be a string")]
    [InlineData("{\"path\":{\"x\":{\"capabilities\":[\"read\"]},\"x\":{\"capabilities\":[\"sudo\"]}}}", "already set")]
    [InlineData("{\"path\":{\"x\":{\"capabilities\":[\"read\"],\"capabilities\":[\"sudo\"]}}}", "already set")]
    [InlineData("{bad", "line 1, column 2")]
    public void WhatVaultRefusesIsRefusedWithItsPlace(string text, string reason)
    {
        var error = Refuse(text);
        Assert.StartsWith("failed to parse policy: line ", error, StringComparison.Ordinal);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void ARefusalNeverQuotesThePolicy()
    {
        foreach (var text in new[]
        {
            "path \"x\" { capabilities = [\"hunter2\"] }", "path \"x\" { hunter2 = 1 }", "hunter2 = 1",
            "path \"hunter2/+*\" {}", "path \"x\" { policy = \"hunter2\" }", "path \"{{hunter2\" {}",
            "path \"x\" { denied_parameters = { hunter2 = [], Hunter2 = [] } }",
        })
            Assert.DoesNotContain("hunter2", Refuse(text), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing yet")]
    [InlineData("{}")]
    [InlineData("name = \"x\"")]
    [InlineData("path \"x\" {}")]
    public void APolicyMayGrantNothing(string text)
    {
        Assert.Equal(["deny"], Acl.Compile([PolicyDocument.Parse(text)]).CapabilitiesOf("x"));
    }

    [Theory]
    [InlineData("""path "secret/*" { capabilities = ["read"] comment = "why" subscribe_event_types = ["*"] }""")]
    [InlineData("""{"path":{"secret/*":{"capabilities":["read"]}}}""")]
    [InlineData("""{"path":[{"secret/*":[{"capabilities":["read"]}]}]}""")]
    [InlineData("""{"path":{"secret/*":{"policy":"","capabilities":["read"]}}}""")]
    public void HclAndJsonSayTheSame(string text)
    {
        var document = PolicyDocument.Parse(text);
        Assert.Equal(text, document.Text);
        Assert.False(document.HasTemplates);
        Assert.Empty(document.Warnings);
        Assert.Equal(["read"], Acl.Compile([document]).CapabilitiesOf("secret/x"));
    }

    [Fact]
    public void StanzasThatAreNotEnforcedAreNamed()
    {
        var document = PolicyDocument.Parse("""
            path "x" {
              capabilities = ["read"]
              mfa_methods = ["m"]
              control_group = { factor "f" {} }
            }
            """);
        Assert.Equal(
            [
                "line 3: mfa_methods is not enforced by this server",
                "line 4: control_group is not enforced by this server",
            ],
            document.Warnings);
    }

    [Theory]
    [InlineData("90", 90)]
    [InlineData("\"90\"", 90)]
    [InlineData("\"5m\"", 300)]
    [InlineData("\"1h30m\"", 5400)]
    [InlineData("\"1.5h\"", 5400)]
    [InlineData("\"2d\"", 172_800)]
    [InlineData("0", 0)]
    public void DurationsAreSecondsOrHaveUnits(string text, int seconds)
    {
        var acl = Acl.Compile([PolicyDocument.Parse(
            $$"""path "x" { capabilities = ["read"] max_wrapping_ttl = {{text}} }""")]);
        var decision = acl.Check(Kist.Kernel.Pipeline.Operation.Read, "x", default, TimeSpan.FromSeconds(seconds));
        Assert.Equal(new Decision(true, false, default, TimeSpan.FromSeconds(seconds)), decision);
    }

    [Fact]
    public void APolicyOfOneMebibyteIsReadAndOneByteMoreIsNot()
    {
        const string rule = "path \"secret/data/some/team/number/%/*\" { capabilities = [\"read\", \"list\"] }\n";
        var rules = string.Concat(Enumerable.Range(0, 12_000).Select(
            i => rule.Replace("%", $"{i}", StringComparison.Ordinal)));
        var text = rules + "#" + new string('x', HclLimits.Default.MaxBytes - rules.Length - 1);
        var acl = Acl.Compile([PolicyDocument.Parse(text)]);
        Assert.Equal(["list", "read"], acl.CapabilitiesOf("secret/data/some/team/number/11999/x"));
        Assert.Equal(["deny"], acl.CapabilitiesOf("secret/data/some/team/number/12000/x"));
        Assert.Contains("larger", Refuse(text + "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void ParseThrowsItsOneExceptionForTextThatIsNoPolicy()
    {
        Assert.Throws<FormatException>(() => PolicyDocument.Parse("junk"));
    }
}
