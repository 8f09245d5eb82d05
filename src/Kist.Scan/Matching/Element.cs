using System.Text;

namespace Kist.Scan.Matching;

/// <summary>One step of a pattern: a text, or a run of bytes from a set.</summary>
/// <param name="Texts">The texts of which one must stand here, longest first; empty for a run.</param>
/// <param name="IgnoreCase">Whether the texts match in any case (ASCII).</param>
/// <param name="Set">What a run is made of.</param>
/// <param name="Min">The least length of a run; 0 also makes a text optional.</param>
/// <param name="Max">The greatest length of a run.</param>
internal sealed record Element(byte[][] Texts, bool IgnoreCase, ByteSet? Set, int Min, int Max)
{
    /// <summary>A run.</summary>
    public static Element Run(ByteSet set, int min, int max) => new([], false, set, min, max);

    /// <summary>One text.</summary>
    public static Element Text(string text, bool ignoreCase = false) =>
        new([Encoding.UTF8.GetBytes(text)], ignoreCase, null, 1, 1);

    /// <summary>Whether this is a text that must stand here.</summary>
    public bool IsText => Set is null && Min > 0;

    /// <summary>The length of the text at the start of <paramref name="rest"/>; -1 if none is there.</summary>
    public int MatchText(ReadOnlySpan<byte> rest)
    {
        foreach (var text in Texts)
            if (rest.Length >= text.Length && Same(rest[..text.Length], text)) return text.Length;
        return Min == 0 ? 0 : -1;
    }

    /// <summary>The length of the text at the end of <paramref name="before"/>; -1 if none is there.</summary>
    public int MatchTextBackwards(ReadOnlySpan<byte> before)
    {
        foreach (var text in Texts)
            if (before.Length >= text.Length && Same(before[^text.Length..], text)) return text.Length;
        return Min == 0 ? 0 : -1;
    }

    private bool Same(ReadOnlySpan<byte> a, byte[] b) =>
        IgnoreCase ? Ascii.EqualsIgnoreCase(a, b) : a.SequenceEqual(b);
}
