namespace Kist.Scan.Matching;

/// <summary>How much a text looks like one that a machine drew.</summary>
internal static class Randomness
{
    // Pairs of letters that make up most of English and of identifiers; random letters hit them one time in three.
    private static readonly bool[] s_common = Pairs(
        "th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se le sa si ar ve "
        + "ra ld ur ll ri ro ic ne io ce li ch be ma me co om el di ec ca ut ol ta tr us la no lo mo su so sh ho ac ad "
        + "ab ag ai am ap av ay ba bl bo br bu ck cl cr ct cu da do dr ee ef em ep ev ew ex ey fa fe ff fi fo fr fu ge "
        + "gh gi go gr gu ho hu id ie if ig il im ip ir iv ke ki ks lu ly mb mi mp mu my na nc nf ni ns nu oc od og oi "
        + "ok oo op os ot ov ow pa pe pi pl po pp pr pu qu rc rd rg rm rn rr rs rt ru ry sc sk sm sp ss sw sy ts tt tu "
        + "ty ub ud ue ui ul um un up va vi wa we wh wi wn wo ye ys ey ap pi ke au ut th ds bs gs ms ps ws ht tp");

    /// <summary>Shannon entropy in bits per byte.</summary>
    public static double Entropy(ReadOnlySpan<byte> text)
    {
        if (text.Length == 0) return 0;
        Span<int> counts = stackalloc int[256];
        counts.Clear();
        foreach (var one in text) counts[one]++;
        var sum = 0.0;
        foreach (var count in counts)
            if (count > 0) sum -= (double)count / text.Length * Math.Log2((double)count / text.Length);
        return sum;
    }

    /// <summary>The share of neighbouring letters that are usual in words; 0 where there are too few to tell.</summary>
    public static double Wordiness(ReadOnlySpan<byte> text)
    {
        var (pairs, common) = (0, 0);
        for (var i = 1; i < text.Length; i++)
        {
            var (a, b) = (text[i - 1] | 0x20, text[i] | 0x20);
            if (a is < 'a' or > 'z' || b is < 'a' or > 'z') continue;
            pairs++;
            if (s_common[(a - 'a') * 26 + b - 'a']) common++;
        }
        return pairs < 5 ? 0 : (double)common / pairs;
    }

    /// <summary>Whether this looks drawn at random, as tokens and keys are.</summary>
    public static bool IsRandom(ReadOnlySpan<byte> text)
    {
        if (text.Length < 10) return false;
        var shape = Shape.Of(text);
        if (shape.Letters == 0 || shape.Other > text.Length * (shape.DigitGroups >= 4 ? 2 : 1) / 5) return false;
        if (shape.IsHex) return shape.Digits > 0 && Entropy(text) >= (text.Length < 24 ? 2.8 : 3.0);
        if (Entropy(text) < Least(text.Length)) return false;
        // Few pairs prove little: the fewer, the more of them may be usual ones.
        var wordiness = Wordiness(text) - (0.35 / Math.Sqrt(Math.Max(4, shape.Letters - shape.DigitGroups)));
        if (shape.Digits == 0) return text.Length >= 20 && shape.Upper > 1 && shape.Lower > 1 && wordiness < 0.48;
        if (shape.DigitGroups == 1 && text.Length < 20) return wordiness < 0.42 && shape.Upper > 0 && shape.Lower > 0;
        return wordiness < (shape.DigitGroups >= 3 ? 0.62 : 0.5);
    }

    private static double Least(int length) => length switch { < 16 => 2.9, < 20 => 3.1, < 32 => 3.3, _ => 3.6 };

    private static bool[] Pairs(string list)
    {
        var pairs = new bool[26 * 26];
        foreach (var pair in list.Split(' ')) pairs[(pair[0] - 'a') * 26 + pair[1] - 'a'] = true;
        return pairs;
    }
}
