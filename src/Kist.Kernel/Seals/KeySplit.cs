using Kist.Secrets;

namespace Kist.Kernel.Seals;

/// <summary>Into how many shares a key is cut, and how many of them are needed.</summary>
public readonly record struct KeySplit(int Shares, int Threshold)
{
    /// <summary>What is wrong with it, in the words that Vault's clients know; null when nothing is.</summary>
    public string? Refusal => (Shares, Threshold) switch
    {
        ( < 1, _) => "shares must be at least one",
        (_, < 1) => "threshold must be at least one",
        ( > 1, 1) => "threshold must be greater than one for multiple shares",
        ( > Shamir.MaxShares, _) => "shares must be less than 256",
        (_, > Shamir.MaxShares) => "threshold must be less than 256",
        _ when Threshold > Shares => "threshold cannot be larger than shares",
        _ => null,
    };

    /// <summary>The bytes of one share: the key itself where there is only one.</summary>
    public int ShareBytes => Shares == 1 ? KeyWrap.KeyBytes : KeyWrap.KeyBytes + 1;
}
