using System.Text;

namespace Kist.Kernel.Stores;

/// <summary>
/// The order of keys: by their UTF-8 bytes, which is the order of their code points. It differs from ordinal string
/// comparison where surrogate pairs (above U+FFFF) meet characters from U+E000 on.
/// </summary>
public sealed class KeyOrder : IComparer<string>
{
    /// <summary>The order; it has no state.</summary>
    public static KeyOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
            return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        var same = x.AsSpan().CommonPrefixLength(y);
        if (same == x.Length || same == y.Length)
            return x.Length.CompareTo(y.Length);
        return Weight(x[same]).CompareTo(Weight(y[same]));
    }

    /// <summary>
    /// False for text with a lone surrogate: it has no UTF-8 form, so two such keys could become one in a store.
    /// </summary>
    public static bool IsWellFormed(ReadOnlySpan<char> key)
    {
        var at = key.IndexOfAnyInRange('\uD800', '\uDFFF');
        while (at >= 0)
        {
            if (Rune.DecodeFromUtf16(key[at..], out _, out var taken) != System.Buffers.OperationStatus.Done)
                return false;
            key = key[(at + taken)..];
            at = key.IndexOfAnyInRange('\uD800', '\uDFFF');
        }
        return true;
    }

    // Lifts surrogates above every other unit and keeps the rest in order.
    private static int Weight(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;
}
