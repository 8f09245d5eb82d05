using System.Text;

namespace Kist.Scan.Matching;

/// <summary>Which four-byte texts lead to a pattern or a word.</summary>
internal static class Anchors
{
    private const int MaxGrams = 6000;
    private static readonly byte[] s_any = GramIndex.Folded(Enumerable.Range(0, 256).Select(i => (byte)i));

    // What code and prose are full of, beyond what single pairs of letters tell.
    private static readonly HashSet<string> s_everywhere =
    [
        "type", "data", "code", "name", "time", "open", "form", "mail", "user", "file", "test", "list", "page", "text",
        "http", "tion", "able", "ring", "stri", "cons", "cont", "comp", "inte", "stat", "char", "sign", "valu", "char",
    ];

    /// <summary>Adds the places at which <paramref name="pattern"/> can stand; a hit tells how far behind its
    /// anchor.</summary>
    /// <exception cref="FormatException">Its anchor says too little.</exception>
    public static void Add(GramIndex index, Pattern pattern, Func<int, int> target)
    {
        var elements = pattern.FromAnchor;
        foreach (var text in elements[0].Texts)
        {
            if (text.Length >= 5)
            {
                Add(index, text, target);
                continue;
            }
            var choices = new byte[4][];
            var filled = Fill(choices, 0, text);
            for (var i = 1; i < elements.Length && filled < 4; i++)
            {
                var element = elements[i];
                if (element.Min == 0) break;
                if (element.Set is { } set)
                {
                    var members = GramIndex.Folded(Members(set));
                    for (var n = 0; n < element.Min && filled < 4; n++) choices[filled++] = members;
                    if (element.Min != element.Max) break;
                }
                else if (element.Texts.Length == 1) filled = Fill(choices, filled, element.Texts[0]);
                else break;
            }
            while (filled < 4) choices[filled++] = s_any;
            if (choices.Aggregate(1L, (product, c) => product * c.Length) > MaxGrams)
                throw new FormatException("the pattern's anchor is too short to search by");
            index.Add(choices, target(0));
        }
    }

    /// <summary>Adds a word by its rarest four bytes, or whatever follows it when it is shorter.</summary>
    public static void Add(GramIndex index, ReadOnlySpan<byte> word, Func<int, int> target)
    {
        var (best, least) = (0, int.MaxValue);
        for (var offset = 0; offset + 4 <= word.Length; offset++)
        {
            var score = Commonness(word.Slice(offset, 4));
            if (score < least) (best, least) = (offset, score);
        }
        AddAt(index, word, best, target(best));
    }

    /// <summary>Adds a word by its beginning.</summary>
    public static void AddStart(GramIndex index, ReadOnlySpan<byte> word, int target) => AddAt(index, word, 0, target);

    private static void AddAt(GramIndex index, ReadOnlySpan<byte> word, int offset, int target)
    {
        var choices = new byte[4][];
        var filled = Fill(choices, 0, word[offset..]);
        while (filled < 4) choices[filled++] = s_any;
        index.Add(choices, target);
    }

    private static int Commonness(ReadOnlySpan<byte> gram)
    {
        var score = 0;
        for (var i = 0; i < 3; i++)
            if (Randomness.IsCommon(gram[i], gram[i + 1])) score += 3;
        foreach (var one in gram)
        {
            if ("etaoinsr"u8.Contains((byte)(one | 0x20))) score++;
            else if (!ByteSet.Base62.Contains(one) || "jqxzkwvy0123456789"u8.Contains((byte)(one | 0x20))) score -= 2;
        }
        return s_everywhere.Contains(Encoding.ASCII.GetString(gram).ToLowerInvariant()) ? score + 10 : score;
    }

    private static int Fill(byte[][] choices, int filled, ReadOnlySpan<byte> text)
    {
        foreach (var one in text)
            if (filled < 4) choices[filled++] = [(byte)(one | 0x20)];
        return filled;
    }

    private static IEnumerable<byte> Members(ByteSet set) =>
        Enumerable.Range(0, 256).Select(i => (byte)i).Where(set.Contains);
}
