using System.Security.Cryptography;
using System.Text;
using Kist.Scan.Known;

namespace Kist.Scan.Tests;

public sealed class KnownValuesTests
{
    private static readonly byte[] s_key = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] s_value = Encoding.UTF8.GetBytes("p4ss \"wörd\"/with+signs & more");

    private static readonly Scanner s_scanner = new(new ScanSettings
    {
        Known = [new KnownValues(s_key, Fingerprint.Of(s_key, "prod/database#password", s_value))],
    });

    public static TheoryData<string, string> Spellings() => new()
    {
        { "raw", Encoding.UTF8.GetString(s_value) },
        { "hex", Convert.ToHexStringLower(s_value) },
        { "hex", Convert.ToHexString(s_value) },
        { "base64", Convert.ToBase64String(s_value) },
        { "base64", Convert.ToBase64String([.. "u:"u8, .. s_value, .. "\n"u8]) },
        { "base64", Convert.ToBase64String([.. "user:"u8, .. s_value]) },
        { "base64", Convert.ToBase64String([.. "admin:x"u8, .. s_value]) },
        { "URL", Uri.EscapeDataString(Encoding.UTF8.GetString(s_value)) },
        { "JSON", System.Text.Json.JsonSerializer.Serialize(Encoding.UTF8.GetString(s_value)) },
        { "JSON", "\"p4ss \\\"wörd\\\"/with+signs & more\"" },
    };

    [Theory]
    [MemberData(nameof(Spellings))]
    public void AValueIsFoundInEverySpelling(string form, string spelling)
    {
        for (var before = 0; before < 9; before++)
        {
            var findings = Scan(Encoding.UTF8.GetBytes($"{new string('.', before)} {spelling} end\n"));

            var finding = Assert.Single(findings, f => f.Rule.Id == "known-value");
            Assert.Contains("prod/database#password", finding.Why, StringComparison.Ordinal);
            if (form != "raw") Assert.Contains(form, finding.Why, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void WhatDiffersInOneByteIsNotFound()
    {
        for (var i = 0; i < s_value.Length; i++)
        {
            var other = s_value.ToArray();
            other[i] ^= 1;
            Assert.DoesNotContain(Scan([.. other, (byte)'\n']), f => f.Rule.Id == "known-value");
        }
    }

    [Theory]
    [InlineData("short", false)]
    [InlineData("aaaaaaaaaaaaaaaa", false)]
    [InlineData("0123456789abcdef", false)]
    [InlineData("kD93mfQ0zLw82hPx", true)]
    public void WhatCouldBeGuessedGetsNoFingerprint(string value, bool isSafe) =>
        Assert.Equal(isSafe, Fingerprint.IsSafe(Encoding.ASCII.GetBytes(value)));

    [Fact]
    public void TwoKeysHaveNothingInCommon()
    {
        var other = RandomNumberGenerator.GetBytes(32);

        Assert.Empty(Fingerprint.Of(s_key, "a", s_value).Select(f => Convert.ToHexString(f.Hash))
            .Intersect(Fingerprint.Of(other, "a", s_value).Select(f => Convert.ToHexString(f.Hash))));
    }

    private static List<Finding> Scan(byte[] text)
    {
        var findings = new List<Finding>();
        s_scanner.Scan(text, new PieceInfo { Path = "a.txt" }, findings);
        return findings;
    }
}
