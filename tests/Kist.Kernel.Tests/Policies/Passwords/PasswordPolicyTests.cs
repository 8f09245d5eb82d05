using System.Text;
using Kist.Kernel.Policies.Passwords;
using Xunit;

namespace Kist.Kernel.Tests.Policies.Passwords;

public sealed class PasswordPolicyTests
{
    private static string Generate(string text)
    {
        Assert.True(PasswordPolicy.TryParse(text, out var policy, out var error), error);
        using var password = policy.Generate();
        return Encoding.UTF8.GetString(password.Span);
    }

    [Fact]
    public void APasswordSatisfiesEveryRule()
    {
        for (var i = 0; i < 200; i++)
        {
            var password = Generate("""
                length=20
                rule "charset" { charset = "abcdefghij" min-chars = 1 }
                rule "charset" { charset = "0123456789" min-chars = 2 }
                """);
            Assert.Matches("^[a-j0-9]{20}$", password);
            Assert.True(password.Count(char.IsAsciiLetterLower) >= 1 && password.Count(char.IsAsciiDigit) >= 2);
        }
    }

    [Fact]
    public void APolicyCanBeWrittenInJson()
    {
        const string policy = """{"length": 8, "rule": [{"charset": [{"charset": "xyz", "min-chars": 1}]}]}""";
        Assert.Matches("^[xyz]{8}$", Generate(policy));
    }

    [Fact]
    public void ACharsetMayHoldAnyPrintableCharacter()
    {
        Assert.Equal("😀😀😀😀", Generate("length=4\nrule \"charset\" { charset=\"😀\" }"));
    }

    [Fact]
    public void EveryCharacterIsDrawnEquallyOften()
    {
        // 20,000 draws of 10 characters: each count is binomial with deviation 42; 300 is seven of them.
        const string text = "length=100\nrule \"charset\" { charset=\"0123456789\" }";
        Assert.True(PasswordPolicy.TryParse(text, out var policy, out _));
        var counts = new int[10];
        for (var i = 0; i < 200; i++)
        {
            using var password = policy.Generate();
            foreach (var digit in password.Span) counts[digit - '0']++;
        }
        Assert.All(counts, count => Assert.InRange(count, 1_700, 2_300));
    }

    [Fact]
    public void TheShortestAndTheLongestPasswordAreAllowedAndNoOther()
    {
        foreach (var length in new[] { PasswordPolicy.MinLength, PasswordPolicy.MaxLength })
            Assert.Equal(length, Generate($"length={length}\nrule \"charset\" {{ charset=\"a\" }}").Length);
        foreach (var length in new[] { -1, 0, PasswordPolicy.MinLength - 1, PasswordPolicy.MaxLength + 1 })
        {
            var text = $"length={length}\nrule \"charset\" {{ charset=\"a\" }}";
            Assert.False(PasswordPolicy.TryParse(text, out _, out _));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("junk {")]
    [InlineData("length=20")]
    [InlineData("rule \"charset\" { charset=\"a\" }")]
    [InlineData("length=\"x\"\nrule \"charset\" { charset=\"a\" }")]
    [InlineData("length=4\nrule \"charset\" { charset=\"a\" min-chars=5 }")]
    [InlineData("length=4\nrule \"charset\" { charset=\"a\" min-chars=-1 }")]
    [InlineData("length=4\nrule \"charset\" { charset=\"a\" min-chars=1.5 }")]
    [InlineData("length=4\nrule \"charset\" { charset=\"\" }")]
    [InlineData("length=4\nrule \"charset\" { charset=[\"a\"] }")]
    [InlineData("length=4\nrule \"charset\" { }")]
    [InlineData("length=4\nrule \"charset\" { charset=\"a\\nb\" }")]
    [InlineData("length=4\nrule \"charset\" { charset=\"a\u200b\" }")]
    [InlineData("length=4\nrule \"charset\" { charset=\"a\" other=1 }")]
    [InlineData("length=4\nrule \"regex\" { charset=\"a\" }")]
    [InlineData("length=4\nrule { charset=\"a\" }")]
    [InlineData("length=4\nother=1\nrule \"charset\" { charset=\"a\" }")]
    [InlineData("length=4 rule charset { charset=\"a\" min-chars=3 } rule charset { charset=\"b\" min-chars=2 }")]
    public void APolicyThatCannotWorkIsRefused(string text)
    {
        Assert.False(PasswordPolicy.TryParse(text, out var policy, out var error));
        Assert.Null(policy);
        Assert.StartsWith("invalid password policy: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void APolicyThatHardlyAnyPasswordSatisfiesIsRefused()
    {
        var wide = string.Concat(Enumerable.Range(0x4e00, 256).Select(code => (char)code));
        Assert.False(PasswordPolicy.TryParse(
            $"length=100\nrule \"charset\" {{ charset=\"{wide}\" }}\nrule \"charset\" {{ charset=\"a\" min-chars=90 }}",
            out _,
            out var error));
        Assert.Contains("impossible", error, StringComparison.Ordinal);
    }
}
