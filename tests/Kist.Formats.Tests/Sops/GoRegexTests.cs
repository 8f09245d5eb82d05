using Kist.Formats.Sops;

namespace Kist.Formats.Tests.Sops;

/// <summary>What Go's syntax (https://pkg.go.dev/regexp/syntax) says of a backslash.</summary>
public sealed class GoRegexTests
{
    [Theory]
    [InlineData(@"^\x{61}$", "a", "x{61}")]
    [InlineData(@"^[\x{5d}]$", "]", "a")]
    [InlineData(@"^[a\x{2d}c]$", "-", "b")]
    [InlineData(@"^[\x{61}-\x{63}]$", "b", "-")]
    [InlineData(@"^[\x{5e}a]$", "^", "b")]
    [InlineData(@"^\x{1F600}+$", "\U0001F600\U0001F600", "\uD83D")]
    [InlineData(@"^\Qa.b]\E$", "a.b]", "axb]")]
    [InlineData(@"^\Qa.b", "a.b", "axb")]
    [InlineData(@"^db\_pass$", "db_pass", @"db\_pass")]
    [InlineData(@"^[\_-]$", "_", @"\")]
    [InlineData(@"^\pL\d$", "e1", "1e")]
    [InlineData("^[[:upper:][:digit:]_]+$", "A_1", "a")]
    [InlineData(@"^[]a]$", "]", "b")]
    public void AnExpressionMeansWhatItMeansInGo(string pattern, string matching, string other)
    {
        Assert.True(GoRegex.Parse(pattern).Try(out var regex, out var fault), fault?.Message);
        Assert.True(regex.Matches(matching));
        Assert.False(regex.Matches(other));
    }

    [Theory]
    [InlineData(@"\x{}")]
    [InlineData(@"\x{g}")]
    [InlineData(@"\x{?:d<}")]
    [InlineData(@"\x{ 61}")]
    [InlineData(@"\x{-1}")]
    [InlineData(@"\x{110000}")]
    [InlineData(@"\x{FFFFFFFF}")]
    [InlineData(@"\x{100000000}")]
    [InlineData(@"\x{61")]
    [InlineData(@"[\Qa\E]")]
    [InlineData(@"(a)\1")]
    [InlineData(@"a(?=b)")]
    [InlineData(@"\Z")]
    [InlineData(@"\")]
    [InlineData("[[:letters:]]")]
    [InlineData("(")]
    public void WhatGoRefusesIsRefused(string pattern)
    {
        Assert.False(GoRegex.Parse(pattern).Try(out _, out var fault));
        Assert.Equal($"the regular expression {pattern} is not valid", fault.Message);
    }
}
