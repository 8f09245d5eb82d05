namespace Kist.Scan.Matching;

/// <summary>What a text is made of, counted.</summary>
internal readonly record struct Shape(int Lower, int Upper, int Digits, int Other, int DigitGroups, bool IsHex)
{
    /// <summary>Letters of either case.</summary>
    public int Letters => Lower + Upper;

    /// <summary>How many of the four kinds occur.</summary>
    public int Kinds => (Lower > 0 ? 1 : 0) + (Upper > 0 ? 1 : 0) + (Digits > 0 ? 1 : 0) + (Other > 0 ? 1 : 0);

    /// <summary>Counts.</summary>
    public static Shape Of(ReadOnlySpan<byte> text)
    {
        var (lower, upper, digits, other, groups, isHex) = (0, 0, 0, 0, 0, true);
        var wasDigit = false;
        foreach (var one in text)
        {
            var isDigit = one is >= (byte)'0' and <= (byte)'9';
            if (isDigit)
            {
                digits++;
                if (!wasDigit) groups++;
            }
            else if (one is >= (byte)'a' and <= (byte)'z') lower++;
            else if (one is >= (byte)'A' and <= (byte)'Z') upper++;
            else other++;
            wasDigit = isDigit;
            isHex &= char.IsAsciiHexDigit((char)one);
        }
        // Hex has one case; both at once is base64 by chance.
        return new Shape(lower, upper, digits, other, groups, isHex && (lower == 0 || upper == 0));
    }
}
