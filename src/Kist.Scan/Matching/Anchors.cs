namespace Kist.Scan.Matching;

/// <summary>Which four-byte texts lead to a pattern or a word.</summary>
internal static class Anchors
{
    private const int MaxGrams = 6000;

    /// <summary>Adds the places at which <paramref name="pattern"/>'s anchor can stand.</summary>
    /// <exception cref="FormatException">Its anchor says too little.</exception>
    public static void Add(GramIndex index, Pattern pattern, int target)
    {
        var elements = pattern.FromAnchor;
        var choices = new byte[4][];
        foreach (var text in elements[0].Texts)
        {
            var filled = Fill(choices, 0, text);
            for (var i = 1; i < elements.Length && filled < 4; i++)
            {
                var element = elements[i];
                if (element.Min == 0) break;
                if (element.Set is { } set)
                {
                    for (var n = 0; n < element.Min && filled < 4; n++) choices[filled++] = set.Folded;
                    if (element.Min != element.Max) break;
                }
                else if (element.Texts.Length == 1) filled = Fill(choices, filled, element.Texts[0]);
                else break;
            }
            while (filled < 4) choices[filled++] = ByteSet.All.Folded;
            var product = 1L;
            foreach (var choice in choices) product *= choice.Length;
            if (product > MaxGrams) throw new FormatException("the pattern's anchor is too short to search by");
            index.Add(choices, text.AsSpan(Math.Min(text.Length, 4)), target, anywhere: !pattern.BeginsWord);
        }
    }

    /// <summary>Adds a word by its first four bytes, or whatever follows it when it is shorter.</summary>
    public static void Add(GramIndex index, ReadOnlySpan<byte> word, int target, bool anywhere)
    {
        var choices = new byte[4][];
        var filled = Fill(choices, 0, word);
        while (filled < 4) choices[filled++] = ByteSet.All.Folded;
        index.Add(choices, word[Math.Min(word.Length, 4)..], target, anywhere);
    }

    private static int Fill(byte[][] choices, int filled, ReadOnlySpan<byte> text)
    {
        foreach (var one in text)
            if (filled < 4) choices[filled++] = ByteSet.Single(one);
        return filled;
    }
}
