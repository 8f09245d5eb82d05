using CsCheck;
using Kist.Client.References;

namespace Kist.Client.Tests.References;

public sealed class KistReferenceTests
{
    [Theory]
    [InlineData("kist://prod/app#NAME", "prod/app", "NAME", null, null)]
    [InlineData("kist://prod/app", "prod/app", null, null, null)]
    [InlineData("kist://team/kv/a/b.c/d-e_f~g#h", "team/kv/a/b.c/d-e_f~g", "h", null, null)]
    [InlineData("kist://prod/app?version=3#NAME", "prod/app", "NAME", 3L, null)]
    [InlineData("kist://prod/app#NAME?version=3", "prod/app", "NAME", 3L, null)]
    [InlineData("kist://prod/app?version=3", "prod/app", null, 3L, null)]
    [InlineData("kist://prod/app?default=x#NAME", "prod/app", "NAME", null, "x")]
    [InlineData("kist://prod/app?version=2&default=x#NAME", "prod/app", "NAME", 2L, "x")]
    [InlineData("kist://prod/app?default=x&version=2#NAME", "prod/app", "NAME", 2L, "x")]
    [InlineData("kist://prod/app?version=2#NAME?default=x", "prod/app", "NAME", 2L, "x")]
    [InlineData("kist://prod/app?version=2#NAME&default=x", "prod/app", "NAME", 2L, "x")]
    [InlineData("kist://prod/app#NAME?default=", "prod/app", "NAME", null, "")]
    [InlineData("kist://prod/db#url?default=postgres://app@localhost:5432/db?a=b", "prod/db", "url", null,
        "postgres://app@localhost:5432/db?a=b")]
    [InlineData("kist://prod/db#url?default=a%26b%23c%25 d", "prod/db", "url", null, "a&b#c% d")]
    [InlineData("kist://prod/my%20app#first%2Fname", "prod/my app", "first/name", null, null)]
    [InlineData("kist://prod/größe#schlüssel", "prod/größe", "schlüssel", null, null)]
    [InlineData("kist://prod/gr%C3%B6%C3%9Fe#%F0%9F%94%91", "prod/größe", "🔑", null, null)]
    [InlineData("{kist://prod/app#NAME}", "prod/app", "NAME", null, null)]
    [InlineData("{kist://prod/app#NAME?default=a b,c}", "prod/app", "NAME", null, "a b,c")]
    public void ReadsAReference(string text, string path, string? field, long? version, string? alternative)
    {
        Assert.True(KistReference.TryParse(text, out var reference, out var fault), fault?.ToString());
        Assert.Equal(new KistReference(path, field, version, alternative), reference);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("kist://", 7)]
    [InlineData("kist://prod", 7)]
    [InlineData("kist:///app#x", 7)]
    [InlineData("kist://prod/#x", 7)]
    [InlineData("kist://prod//app#x", 7)]
    [InlineData("kist://prod/../app#x", 7)]
    [InlineData("kist://prod/%2e%2E/app#x", 7)]
    [InlineData("kist://prod/a%00b#x", 7)]
    [InlineData("kist://prod/app#", 16)]
    [InlineData("kist://prod/app#?version=1", 16)]
    [InlineData("kist://prod/app#a#b", 17)]
    [InlineData("kist://prod/app#a b", 17)]
    [InlineData("kist://prod/app#a/b", 17)]
    [InlineData("kist://prod/app?", 16)]
    [InlineData("kist://prod/app?field=a", 16)]
    [InlineData("kist://prod/app?Version=1", 16)]
    [InlineData("kist://prod/app?version=", 24)]
    [InlineData("kist://prod/app?version=0", 24)]
    [InlineData("kist://prod/app?version=-1", 24)]
    [InlineData("kist://prod/app?version=99999999999999999999", 24)]
    [InlineData("kist://prod/app?version=1&version=2", 26)]
    [InlineData("kist://prod/app?default=1&default=2", 26)]
    [InlineData("kist://prod/app?default=a&b", 26)]
    [InlineData("kist://prod/app#a%2", 17)]
    [InlineData("kist://prod/app#a%zz", 17)]
    [InlineData("kist://prod/app#a%FF", 16)]
    [InlineData("{kist://prod/app#a", 0)]
    [InlineData("{kist://prod/app#a b}", 18)]
    [InlineData("kist://prod/a#u?default=guest:kist://prod/a#p", 30)]
    [InlineData("Kist://prod/app#a", 0)]
    [InlineData("kist://prod/app#a}", 17)]
    public void RefusesWhatIsNone(string text, int position)
    {
        Assert.False(KistReference.TryParse(text, out var reference, out var fault));
        Assert.Null(reference);
        Assert.Equal(position, fault.Position);
    }

    [Fact]
    public void ARefusalNamesThePlaceAndNeverTheText()
    {
        Assert.False(KistReference.TryParse("hunter2", out _, out var fault));
        Assert.DoesNotContain("hunter2", fault.ToString());
        Assert.False(KistReference.TryParse("kist://prod/app?hunter2=1", out _, out fault));
        Assert.Equal("character 17: only version= and default= may stand behind the ?", fault.ToString());
    }

    [Fact]
    public void PrintsItselfWithoutTheDefault()
    {
        Assert.True(KistReference.TryParse("kist://prod/my%20app?default=pw&version=4#a%23b", out var read, out _));
        Assert.Equal("kist://prod/my%20app#a%23b?version=4", read.ToString());
        Assert.Equal("kist://prod/app", new KistReference("prod/app").ToString());
    }

    [Fact]
    public void RefusesALongOne()
    {
        Assert.True(KistReference.TryParse("kist://prod/" + new string('a', 8000), out _, out _));
        Assert.False(KistReference.TryParse("kist://prod/" + new string('a', 9000), out _, out _));
    }

    [Fact]
    public void WhatIsWrittenIsRead() =>
        Gen.Select(Name, Name, Name, Gen.Long[0, 9], (mount, path, field, version) =>
            new KistReference($"{mount}/{path}", field, version == 0 ? null : version)).Sample(reference =>
            KistReference.TryParse(reference.ToString(), out var read, out _) && read == reference
            && KistReference.TryParse($"{{{reference}}}", out read, out _) && read == reference);

    [Fact]
    public void NoTextThrows() =>
        Gen.Select(Gen.OneOf(Begins), Rest, (a, b) => a + b).Sample(text =>
        {
            if (!ReferenceText.TryParse(text, out var parsed, out var fault))
                return fault.Position >= 0 && fault.Position <= text.Length;
            var at = 0;
            foreach (var part in parsed.Parts)
            {
                if (part.Position < at) return false;
                if (part.Literal is { } words && !text[part.Position..].StartsWith(words, StringComparison.Ordinal))
                    return false;
                at = part.Position + (part.Literal?.Length ?? 1);
            }
            return at <= text.Length;
        }, iter: 20_000, threads: 1);

    private static Gen<string>[] Begins { get; } =
        [.. new[] { "", "{", "x", "{kist://a/b", "kist://a/b" }.Select(Gen.Const)];

    private static Gen<string> Rest { get; } =
        Gen.String[Gen.OneOf(Gen.Char["#?&%=/.{}a0"], Gen.Char), 0, 20];

    private static Gen<string> Name { get; } =
        Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Char[" #?&%=+é{}@:\"'日"]), 1, 12];
}
