namespace Kist.Kernel.Events;

/// <summary>Which events a subscriber asked for; <c>*</c> stands for any text in both patterns.</summary>
/// <param name="Type">Pattern of the type, such as <c>kv-v2/*</c>.</param>
/// <param name="Path">Pattern of the whole path, such as <c>prod/data/*</c>; empty: all.</param>
public readonly record struct EventFilter(string Type, string Path)
{
    /// <summary>Whether an event of this type on this path was asked for.</summary>
    public bool Matches(string type, string path) =>
        IsMatch(Type, type) && (Path.Length == 0 || IsMatch(Path, path));

    // Greedy, going back to the last star only: linear in the text for each star, never more.
    private static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*') (star, mark) = (p++, t);
            else if (p < pattern.Length && pattern[p] == text[t]) (p, t) = (p + 1, t + 1);
            else if (star >= 0) (p, t) = (star + 1, ++mark);
            else return false;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
