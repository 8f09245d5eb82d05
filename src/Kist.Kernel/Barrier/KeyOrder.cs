namespace Kist.Kernel.Barrier;

/// <summary>The order of keys in every store: by their UTF-8 bytes. Ordinal comparison of .NET strings differs from it
/// where surrogates meet the characters from U+E000 on.</summary>
internal static class KeyOrder
{
    public static IComparer<string> Utf8 { get; } = Comparer<string>.Create(Compare);

    private static int Compare(string a, string b)
    {
        var length = Math.Min(a.Length, b.Length);
        for (var i = 0; i < length; i++)
            if (a[i] != b[i]) return Rank(a[i]) - Rank(b[i]);
        return a.Length - b.Length;
    }

    // Surrogates stand for code points above U+FFFF, so they go behind U+E000 … U+FFFF.
    private static int Rank(char c) => char.IsSurrogate(c) ? c + 0x2000 : c >= 0xE000 ? c - 0x800 : c;
}
