using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

public sealed class PolicyNameTests
{
    [Theory]
    [InlineData("dev", "dev")]
    [InlineData("Dev-Team_1.x", "dev-team_1.x")]
    [InlineData("team/dev:read@x", "team/dev:read@x")]
    [InlineData("ROOT", "root")]
    public void ANameIsLowerCase(string text, string expected)
    {
        Assert.True(PolicyName.TryParse(text, out var name, out var error), error);
        Assert.Equal(expected, name.ToString());
    }

    // A04, A05: nothing may look like another policy, above all like root.
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" root")]
    [InlineData("root ")]
    [InlineData("root\t")]
    [InlineData("root\n")]
    [InlineData("ro\0ot")]
    [InlineData("root\u00a0")]
    [InlineData("ro\u200bot")]
    [InlineData("r\u043e\u043et")]
    [InlineData("\uff52oot")]
    [InlineData("r\u00f6\u00f6t")]
    [InlineData("a,root")]
    [InlineData("a\"b")]
    [InlineData("a\\b")]
    [InlineData("a\x7f")]
    public void ANameThatCouldBeTakenForAnotherIsRefused(string? text)
    {
        Assert.False(PolicyName.TryParse(text, out var name, out var error));
        Assert.Equal("", name.ToString());
        if (!string.IsNullOrEmpty(text)) Assert.DoesNotContain(text, error, StringComparison.Ordinal);
    }

    [Fact]
    public void TheLongestNameIsTakenAndOneCharacterMoreIsNot()
    {
        Assert.True(PolicyName.TryParse(new string('a', PolicyName.MaxLength), out _, out _));
        Assert.False(PolicyName.TryParse(new string('a', PolicyName.MaxLength + 1), out _, out _));
    }

    [Fact]
    public void OnlyTheServersOwnPoliciesAreImmutable()
    {
        Assert.True(PolicyName.TryParse("Root", out var root, out _));
        Assert.Equal(PolicyName.Root, root);
        PolicyName[] immutable = [PolicyName.Root, PolicyName.ResponseWrapping, PolicyName.ControlGroup];
        Assert.All(immutable, name => Assert.True(name.IsImmutable));
        Assert.False(PolicyName.Default.IsImmutable);
        Assert.False(PolicyName.Root.IsInternal);
        Assert.True(PolicyName.ResponseWrapping.IsInternal && PolicyName.ControlGroup.IsInternal);
    }
}
