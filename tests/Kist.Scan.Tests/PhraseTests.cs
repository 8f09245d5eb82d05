using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Kist.Scan.Rules;

namespace Kist.Scan.Tests;

public sealed class PhraseTests
{
    private static readonly Scanner s_scanner = new(new ScanSettings());
    private static readonly string[] s_list = [.. BuiltIn.PhraseWords.Select(Encoding.ASCII.GetString)];
    private readonly Random _random = new(11);

    [Fact]
    public void TheListIsTheStandards() => Assert.Equal(
        "2F5EED53A4727B4BF8880D8F3F199EFC90E58503646D9FF8EFF3A2ED3B24DBDA",
        Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', s_list) + "\n"))));

    [Theory]
    [InlineData(12)]
    [InlineData(15)]
    [InlineData(18)]
    [InlineData(21)]
    [InlineData(24)]
    public void APhraseIsFoundBehindItsNameAndAlone(int count)
    {
        for (var round = 0; round < 20; round++)
        {
            var words = Phrase(count);
            var phrase = string.Join(' ', words);
            Found(phrase, $"# note\nwallet mnemonic: {phrase}\n", "notes.txt");
            Found(phrase, $"Our secret seed phrase {phrase}. Keep it.\n", "notes.md");
            Found(phrase, $"RECOVERY=\"{phrase.ToUpperInvariant()}\"\n", ".env");
            Found(phrase, phrase + "\n", "a.txt");
            Found(phrase, $"PORT=1\nWORDS=\"{phrase}\"\r\nX=2\n", ".env");
            Found(string.Join('\n', words), string.Join('\n', words) + "\n", "b");
            Found(null, $"{{\"mnemonic\": [{string.Join(", ", words.Select(w => $"\"{w}\""))}]}}\n", "a.json");
            Found(null, "Recovery words:\n" + string.Concat(words.Select((w, i) => $"{i + 1}. {w}\n")), "c.txt");
        }
    }

    [Fact]
    public void AWrongSumCountsOnlyBehindAName()
    {
        var words = Phrase(12);
        do words[11] = s_list[_random.Next(2048)];
        while (HasRightSum(words));
        var phrase = string.Join(' ', words);

        Assert.Equal(Severity.Medium, Assert.Single(Scan($"mnemonic: {phrase}\n", "a.txt")).Severity);
        Assert.Empty(Scan(phrase + "\n", "a.txt"));
    }

    [Theory]
    [InlineData("seed: abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")]
    [InlineData("seed: legal winner thank year wave sausage worth useful legal winner thank yellow")]
    [InlineData("mnemonic = \"test test test test test test test test test test test junk\"")]
    [InlineData("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong")]
    [InlineData("seed the random number generator with some value that does not change between test runs here")]
    [InlineData("recovery of lost nodes takes longer when many clients still write under heavy load again")]
    public void WhatDocumentationShowsAndProseAreNone(string text) => Assert.Empty(Scan(text + "\n", "readme.txt"));

    private static void Found(string? secret, string text, string path)
    {
        var finding = Assert.Single(Scan(text, path));
        Assert.Equal(("mnemonic", Severity.Critical), (finding.Rule.Id, finding.Severity));
        if (secret is not null)
            Assert.Equal(secret, Encoding.ASCII.GetString(finding.Secret.Span), ignoreCase: true);
    }

    private static List<Finding> Scan(string text, string path)
    {
        var findings = new List<Finding>();
        s_scanner.Scan(Encoding.UTF8.GetBytes(text), new PieceInfo { Path = path }, findings);
        return findings;
    }

    private string[] Phrase(int count)
    {
        var entropy = new byte[count * 4 / 3];
        _random.NextBytes(entropy);
        var bits = new BigInteger(entropy, isUnsigned: true, isBigEndian: true) << (count / 3)
            | SHA256.HashData(entropy)[0] >> (8 - count / 3);
        return [.. Enumerable.Range(1, count).Select(i => s_list[(int)(bits >> (11 * (count - i)) & 2047)])];
    }

    private static bool HasRightSum(string[] words)
    {
        var bits = words.Aggregate(BigInteger.Zero, (all, word) => all << 11 | Array.IndexOf(s_list, word));
        var entropy = (bits >> 4).ToByteArray(isUnsigned: true, isBigEndian: true);
        return SHA256.HashData([.. new byte[16 - entropy.Length], .. entropy])[0] >> 4 == (int)(bits & 15);
    }
}
