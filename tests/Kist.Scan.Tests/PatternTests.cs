using System.Text;
using Kist.Scan.Matching;

namespace Kist.Scan.Tests;

public sealed class PatternTests
{
    [Theory]
    [InlineData("\"ab_\" digit{3}", "x ab_123 y", 2, "ab_123")]
    [InlineData("\"ab_\" digit{2,4}", "ab_12345", 0, null)]
    [InlineData("\"ab_\" digit{3}", "xab_123", 1, null)]
    [InlineData("\"ab_\" digit{3}", "\\nab_123", 2, "ab_123")]
    [InlineData("\"ab_\" digit{3} open", "xab_1234", 1, "ab_123")]
    [InlineData("hex{4} @\"-us\" digit{1,2}", "12ab-us7", 4, "12ab-us7")]
    [InlineData("hex{4} @\"-us\" digit{1,2}", "f12ab-us7", 5, null)]
    [InlineData("\"k=\" < b62{4} > \";\"", "k=Ab12;", 0, "Ab12")]
    [InlineData("\"sk-\" b62{2,20} \"T3B\" b62{2}", "sk-aaaT3Bbb", 0, "sk-aaaT3Bbb")]
    [InlineData("i\"Key=\" uuid", "KEY=01234567-89ab-cdef-0123-456789abcdef", 0,
        "KEY=01234567-89ab-cdef-0123-456789abcdef")]
    [InlineData("\"a_\"|\"bb_\" digit{1}", "bb_1", 0, "bb_1")]
    [InlineData("'\"id\"' [ :]{1,4} [\"] < hex{2} > [\"]", "\"id\": \"ab\"", 0, "ab")]
    public void APatternMatchesAroundItsAnchor(string pattern, string text, int at, string? secret)
    {
        var bytes = Encoding.ASCII.GetBytes(text);

        var matches = PatternParser.Parse(pattern).TryMatch(bytes, at, out var match);

        Assert.Equal(secret, matches ? text[match.SecretStart..match.SecretEnd] : null);
    }

    [Theory]
    [InlineData("\"ab")]
    [InlineData("b63{3}")]
    [InlineData("[a-z{3}")]
    [InlineData("b62{3")]
    public void AWrongPatternIsRefused(string pattern) =>
        Assert.Throws<FormatException>(() => PatternParser.Parse(pattern));

    [Theory]
    [InlineData("abcd", true)]
    [InlineData("abcd", false)]
    [InlineData("$abc", false)]
    [InlineData(":abc", true)]
    [InlineData("1abc", false)]
    public void EveryPlaceOfAGramIsFound(string gram, bool anywhere)
    {
        var index = new GramIndex();
        index.Add([.. gram.Select(letter => new[] { (byte)(letter | 0x20) })], [], 7, anywhere);
        var random = new Random(3);
        for (var round = 0; round < 2000; round++)
        {
            var text = Encoding.ASCII.GetString(random.GetItems("abcdABCD$ :1\\n%"u8.ToArray(), random.Next(4, 300)));
            var place = random.Next(text.Length - 3);
            text = text[..place] + gram.ToUpperInvariant() + text[(place + 4)..];
            var wanted = Enumerable.Range(0, text.Length - 3).Where(at => text.AsSpan(at, 4).Equals(gram,
                StringComparison.OrdinalIgnoreCase) && (anywhere || Begins(text, at)));
            Assert.Equal(wanted, Places(index, Encoding.ASCII.GetBytes(text)));
        }
    }

    private static List<int> Places(GramIndex index, byte[] text)
    {
        var found = new List<int>();
        var places = new int[128];
        for (var from = 0; from < text.Length - 3; from += 128)
            foreach (var at in places.AsSpan(0, index.Find(text, from, Math.Min(from + 128, text.Length - 3), places)))
            {
                var eight = BitConverter.ToUInt64([.. text[at..Math.Min(text.Length, at + 8)], 0, 0, 0, 0]);
                if (index.First(eight) != 0) found.Add(at);
            }
        return found;
    }

    private static bool Begins(string text, int at) =>
        at == 0 || !char.IsAsciiLetterOrDigit(text[at]) || !char.IsAsciiLetterOrDigit(text[at - 1])
        || (char.IsAsciiDigit(text[at - 1]) && char.IsAsciiLetter(text[at]))
        || (char.IsAsciiLetterUpper(text[at]) && !char.IsAsciiLetterUpper(text[at - 1]))
        || (at > 1 && text[at - 2] == '\\') || (at > 2 && text[at - 3] == '%');
}
