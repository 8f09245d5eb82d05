using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsCheck;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Secrets;

public sealed class RedactorTests
{
    private const string Value = "p@ss/w\"rd+ü<1>";

    private const string Pem = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2
        OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r
        1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G
        -----END PRIVATE KEY-----
        """;

    public static TheoryData<string> Forms => new(
        Value,
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Value)),
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Value)).TrimEnd('=').Replace('+', '-').Replace('/', '_'),
        Convert.ToHexString(Encoding.UTF8.GetBytes(Value)),
        Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Value)),
        Uri.EscapeDataString(Value),
        Uri.EscapeDataString(Value).ToLowerInvariant(),
        System.Net.WebUtility.UrlEncode(Value),
        JsonSerializer.Serialize(Value).Trim('"'),
        JsonSerializer.Serialize(Value, new JsonSerializerOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        })[1..^1],
        System.Net.WebUtility.HtmlEncode(Value),
        "p@ss/w&quot;rd+ü&lt;1&gt;",    // Python, PHP, JavaScript
        "p@ss/w&#34;rd+ü&lt;1&gt;",     // Go
        @"p@ss/w\""rd+\u00fc<1>",       // Python
        @"p@ss\/w\""rd+\u00fc<1>",      // PHP
        @"p@ss/w\""rd+ü\u003c1\u003e",  // Go
        "p@ss\u001b[1;31m/w\"r\u001b[0md+ü<1>",
        "p\u001b[K@ss/w\"rd+ü<1>");

    [Theory]
    [MemberData(nameof(Forms))]
    public void EveryFormOfAValueIsMaskedAtEverySplit(string form)
    {
        var bytes = Encoding.UTF8.GetBytes($"before {form} after");
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var masked = WithoutColours(Redact([Value], bytes[..cut], bytes[cut..]));
            Assert.Equal("before [REDACTED] after", masked.Replace("[REDACTED]=", "[REDACTED]"));
        }
    }

    [Theory]
    [InlineData("u:")]
    [InlineData("us:")]
    [InlineData("usr:")]
    public void AValueInsideABasicAuthorizationIsMasked(string user)
    {
        const string password = "correct-horse-battery";
        var header = Convert.ToBase64String(Encoding.UTF8.GetBytes(user + password + "\n"));
        var masked = Redact([password], Encoding.UTF8.GetBytes(header));
        Assert.Contains("[REDACTED]", masked);
        Assert.InRange(masked.Length - "[REDACTED]".Length, 0, 9);
    }

    [Fact]
    public void APemBlockIsMaskedWhole() => Assert.Equal("[REDACTED]\n", Redact([Pem + "\n"], Bytes(Pem + "\n")));

    [Theory]
    [InlineData("\n", "    ")]
    [InlineData("\r\n", "")]
    [InlineData("\\n", "")]
    [InlineData("\n", "app | ")]
    public void TheLinesOfAPemBlockAreMaskedHoweverTheyAreSetApart(string lineEnd, string indent)
    {
        var masked = Redact([Pem], Bytes(string.Join(lineEnd, Pem.Split('\n').Select(line => indent + line))));
        Assert.All(Pem.Split('\n')[1..^1], line => Assert.DoesNotContain(line[..8], masked));
        Assert.All(Pem.Split('\n')[1..^1], line => Assert.DoesNotContain(line[^8..], masked));
    }

    [Fact]
    public void ABase64OfAPemBlockBrokenIntoLinesIsMasked()
    {
        var text = Convert.ToBase64String(Bytes(Pem + "\n"), Base64FormattingOptions.InsertLineBreaks);
        var masked = Redact([Pem], Bytes(text));
        Assert.All(text.Split("\r\n"), line => Assert.DoesNotContain(line[..8], masked));
    }

    /// <summary>As base64, xxd, fold and openssl print what is long, from whatever column on.</summary>
    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\n    ")]
    public void AValueBrokenIntoLinesIsMasked(string lineEnd)
    {
        const string value = "xJ6tz1Y6tytraaFJqBFVUE3mIGwMLfMilatOFfO1exjTQ0zDO1Idy2JfgNIXUbfBMDHl31RmBj1";
        var random = Gen.Select(Gen.Int[0, 80], Gen.Int[16, 80], Gen.Int[0, 2], Gen.Int[1, 9].Array[1, 40]);
        random.Sample((before, width, kind, cuts) =>
        {
            var whole = new string('.', before) + value + "\n";
            var text = kind switch
            {
                0 => Convert.ToBase64String(Bytes(whole)),
                1 => Convert.ToHexStringLower(Bytes(whole)),
                _ => whole.Trim(),
            };
            var lines = text.Chunk(width).Select(static line => new string(line)).ToList();
            var masked = Redact([value], Split(Bytes(string.Join(lineEnd, lines)), cuts));
            // A few characters at either end may be of what stands beside it, or before the end of a line.
            Assert.Equal(lines.Count, masked.Split(lineEnd).Length);
            var shown = masked.Replace("[REDACTED]", "").Replace(lineEnd, "");
            var secret = value.Length * (kind == 0 ? 8 / 6.0 : kind == 1 ? 2 : 1);
            Assert.InRange(text.Length - shown.Length, secret - 8, secret + 8);
        }, iter: 2_000);
    }

    [Fact]
    public void ALineAfterAValueIsNotHeldBack()
    {
        using var patterns = Patterns("secret", "other-secret");
        using var redactor = new Redactor(patterns);
        var output = new ArrayBufferWriter<byte>();
        redactor.Write("a secret\nthe oth\n"u8, output);
        Assert.Equal((0, "a [REDACTED]\nthe oth\n"), (redactor.HeldCount, Text(output)));
        redactor.Write("an other\n"u8, output);
        Assert.Equal(6, redactor.HeldCount);
        redactor.Write("x"u8, output);
        Assert.Equal("a [REDACTED]\nthe oth\nan other\nx", Text(output));
    }

    [Fact]
    public void TheArmourOfAPemBlockAloneIsNoSecret() =>
        Assert.Equal("-----BEGIN PRIVATE KEY-----", Redact([Pem], Bytes("-----BEGIN PRIVATE KEY-----")));

    [Fact]
    public void TextWithoutValuesPassesUnchangedAndIsNotHeldBack()
    {
        using var patterns = Patterns("secret");
        using var redactor = new Redactor(patterns);
        var output = new ArrayBufferWriter<byte>();
        redactor.Write("$ cat file: "u8, output);
        Assert.Equal((0, "$ cat file: "), (redactor.HeldCount, Text(output)));
        redactor.Write("se"u8, output);
        Assert.Equal((2, "$ cat file: "), (redactor.HeldCount, Text(output)));
        redactor.Write("x"u8, output);
        Assert.Equal((0, "$ cat file: sex"), (redactor.HeldCount, Text(output)));
    }

    [Fact]
    public void AValueThatIsCompleteIsMaskedAtOnce()
    {
        using var patterns = Patterns("secret");
        using var redactor = new Redactor(patterns);
        var output = new ArrayBufferWriter<byte>();
        redactor.Write("secret"u8, output);
        Assert.Equal((0, "[REDACTED]"), (redactor.HeldCount, Text(output)));
    }

    [Fact]
    public void WhatIsHeldBackAtTheEndIsGivenOut() => Assert.Equal("secre", Redact(["secret"], Bytes("secre")));

    [Fact]
    public void AColourInsideAValuePassesSoThatItEnds() => Assert.Equal(
        "[REDACTED]\u001b[0m on", Redact(["secret"], Bytes("sec\u001b[0mret on")));

    [Fact]
    public void ABrokenControlSequenceHidesNothing()
    {
        Assert.Equal("\u001b[REDACTED]", Redact(["secret"], Bytes("\u001bsecret")));
        Assert.Equal("\u001b]0;[REDACTED]\a", Redact(["secret"], Bytes("\u001b]0;secret\a")));
        Assert.Equal("\u001b[[REDACTED]", Redact(["secret"], Bytes("\u001b[secret")));
    }

    [Fact]
    public void ValuesThatOverlapOrTouchGiveOneMask()
    {
        Assert.Equal("x[REDACTED]y", Redact(["abcdef", "defghi"], Bytes("xabcdefghiy")));
        Assert.Equal("x[REDACTED]y", Redact(["abcd", "efgh"], Bytes("xabcdefghy")));
        Assert.Equal("x[REDACTED]bay", Redact(["abab"], Bytes("xabababay")).Replace("]ay", "]bay"));
    }

    [Fact]
    public void TheShortestValueIsMaskedAndAShorterOneIsNot()
    {
        Assert.Equal("[REDACTED]", Redact(["abcd"], Bytes("abcd")));
        Assert.Equal("abc", Redact(["abc"], Bytes("abc")));
        Assert.Equal("anything", Redact([""], Bytes("anything")));
    }

    [Fact]
    public void AMegabyteOfAValueThatOverlapsItselfIsMaskedInLinearTime()
    {
        // Marking every find whole would be 10¹⁰ steps: the test would not end in reasonable time.
        var masked = Redact([new string('a', 16_000)], Bytes(new string('a', 1 << 20)));
        Assert.Equal("[REDACTED]", masked);
    }

    /// <summary>Small alphabet, so that finds, near-finds and overlaps are the rule.</summary>
    [Fact]
    public void TheResultIsThatOfANaiveSearchHoweverTheInputIsSplit()
    {
        var word = Gen.String[Gen.Char["ab"], 4, 7];
        var text = Gen.String[Gen.Char["abc"], 0, 60];
        Gen.Select(word.Array[1, 3], text, Gen.Int[1, 9].Array[1, 40]).Sample((values, input, cuts) =>
            Assert.Equal(Naive(values, input), Redact(values, Split(Bytes(input), cuts))), iter: 3_000);
    }

    /// <summary>Long enough that many places are looked at together, with as many values as fill every group.</summary>
    [Fact]
    public void AValueAnywhereInALongTextIsMasked()
    {
        var word = Gen.String[Gen.Char['!', '~'], 4, 12];
        Gen.Select(word.Array[1, 20], Gen.Int[0, 300], Gen.Int[0, 300]).Sample((values, before, after) =>
        {
            var (left, right) = (new string(' ', before), new string('\n', after));
            Assert.Equal($"{left}[REDACTED]{right}", Redact(values, Bytes(left + values[0] + right)));
        }, iter: 2_000);
    }

    [Fact]
    public void ControlSequencesAnywhereChangeNothingButThemselves()
    {
        var word = Gen.String[Gen.Char["ab"], 4, 6];
        var letter = Gen.Char["abc"].Select(c => c.ToString());
        var piece = Gen.OneOf(letter, Gen.Const("\u001b[1m"), Gen.Const("\u001b[0;31m"));
        Gen.Select(word, piece.Array[0, 40], Gen.Int[1, 5].Array[1, 40]).Sample((value, pieces, cuts) =>
        {
            var masked = Redact([value], Split(Bytes(string.Concat(pieces)), cuts));
            var plain = string.Concat(pieces.Where(p => p.Length == 1));
            Assert.Equal(Naive([value], plain), WithoutColours(masked));
            Assert.Equal(pieces.Count(p => p.Length > 1), masked.Count(c => c == '\u001b'));
        }, iter: 3_000);
    }

    [Fact]
    public void NothingPrintsTheValues()
    {
        using var patterns = Patterns("secret");
        using var redactor = new Redactor(patterns);
        Assert.Equal("[REDACTED] [REDACTED]", $"{patterns} {redactor}");
    }

    private static string Naive(string[] values, string text)
    {
        var masked = new bool[text.Length];
        foreach (var value in values)
            for (var at = 0; at + value.Length <= text.Length; at++)
                if (text.AsSpan(at).StartsWith(value)) masked.AsSpan(at, value.Length).Fill(true);
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (!masked[i]) result.Append(text[i]);
            else if (i == 0 || !masked[i - 1]) result.Append("[REDACTED]");
        }
        return result.ToString();
    }

    private static string Redact(string[] values, params byte[][] writes)
    {
        using var patterns = Patterns(values);
        using var redactor = new Redactor(patterns);
        var output = new ArrayBufferWriter<byte>();
        foreach (var write in writes) redactor.Write(write, output);
        redactor.Flush(output);
        return Text(output);
    }

    private static byte[][] Split(byte[] bytes, int[] cuts)
    {
        var parts = new List<byte[]>();
        for (int at = 0, i = 0; at < bytes.Length; i++)
        {
            var end = Math.Min(bytes.Length, at + cuts[i % cuts.Length]);
            parts.Add(bytes[at..end]);
            at = end;
        }
        return [.. parts];
    }

    private static SecretPatterns Patterns(params string[] values) =>
        new(values.Select(v => (ReadOnlyMemory<byte>)Bytes(v)));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(ArrayBufferWriter<byte> output) => Encoding.UTF8.GetString(output.WrittenSpan);

    private static string WithoutColours(string text) =>
        System.Text.RegularExpressions.Regex.Replace(text, "\u001b\\[[0-9;]*[A-Za-z]", "");
}
