using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

public sealed class BuiltInPoliciesTests
{
    // The hashes are those of the texts recorded from Vault: clients compare them byte by byte.
    [Theory]
    [InlineData(
        BuiltInPolicies.DefaultText,
        "6d0903ac14fae398bb3d22968d51a00410a49f6f1e5dd011aff7a458ffbc665f")]
    [InlineData(
        BuiltInPolicies.ResponseWrappingText,
        "4048f76c2a74479014ccfb34465863d062c5bbed7743e71f63c229d3eaacebef")]
    [InlineData(
        BuiltInPolicies.ControlGroupText,
        "4919c18a44963c4ab25d7388e1513ed9c48eb8b03eac78bc1617a9334a26a103")]
    public void TheTextsAreTheRecordedOnes(string text, string sha256)
    {
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void TheDefaultPolicyGrantsWhatATokenNeedsForItself()
    {
        var subject = new TemplateSubject(
            "e-1", "bob", new Dictionary<string, string>(), new Dictionary<string, TemplateAlias>(), []);
        var acl = Acl.Compile([BuiltInPolicies.Default], subject);
        Assert.Equal(["read"], acl.CapabilitiesOf("auth/token/lookup-self"));
        Assert.Equal(["create", "delete", "list", "read", "update"], acl.CapabilitiesOf("cubbyhole/x"));
        Assert.Equal(["deny"], acl.CapabilitiesOf("sys/mounts"));
        Assert.Equal(["read"], acl.CapabilitiesOf("identity/entity/id/e-1"));
        Assert.Equal(["read"], acl.CapabilitiesOf("identity/entity/name/bob"));
        Assert.Equal(["deny"], acl.CapabilitiesOf("identity/entity/id/e-2"));
        Assert.True(BuiltInPolicies.Default.HasTemplates);
    }

    [Fact]
    public void AWrappingTokenMayUnwrapAndNothingElse()
    {
        var acl = Acl.Compile([BuiltInPolicies.ResponseWrapping]);
        Assert.Equal(["create", "read"], acl.CapabilitiesOf("cubbyhole/response"));
        Assert.Equal(["update"], acl.CapabilitiesOf("sys/wrapping/unwrap"));
        Assert.Equal(["deny"], acl.CapabilitiesOf("cubbyhole/other"));
        var controlGroup = Acl.Compile([BuiltInPolicies.ControlGroup]);
        Assert.Equal(["create", "read", "update"], controlGroup.CapabilitiesOf("cubbyhole/control-group"));
    }
}
