using System.Text;

namespace Kist.Kernel.Policies;

/// <summary>
/// A string of a parameter constraint: literal, or with <c>*</c> at its beginning, its end or both.
/// Finding the middle of a text is linear in the text whatever the pattern (Knuth, Morris and Pratt).
/// </summary>
internal sealed class ValueGlob
{
    private readonly byte[] _literal;
    private readonly bool _openStart;
    private readonly bool _openEnd;
    private readonly int[] _fallback;

    internal ValueGlob(string text)
    {
        // One star alone is a literal star, as it is in Vault.
        _openStart = text.Length >= 2 && text.StartsWith('*');
        _openEnd = text.Length >= 2 && text.EndsWith('*');
        _literal = Encoding.UTF8.GetBytes(text[(_openStart ? 1 : 0)..^(_openEnd ? 1 : 0)]);
        _fallback = _openStart && _openEnd ? Fallbacks(_literal) : [];
    }

    internal bool Matches(ReadOnlySpan<byte> text) => (_openStart, _openEnd) switch
    {
        (true, true) => Contains(text, out _),
        (true, false) => text.EndsWith(_literal),
        (false, true) => text.StartsWith(_literal),
        _ => text.SequenceEqual(_literal),
    };

    /// <summary>
    /// Looks for the literal; <paramref name="steps"/> is never more than twice the length of the text.
    /// </summary>
    internal bool Contains(ReadOnlySpan<byte> text, out int steps)
    {
        steps = 0;
        var matched = 0;
        for (var i = 0; i < text.Length && matched < _literal.Length; i++)
        {
            steps++;
            while (matched > 0 && text[i] != _literal[matched])
            {
                matched = _fallback[matched - 1];
                steps++;
            }
            if (text[i] == _literal[matched]) matched++;
        }
        return matched == _literal.Length;
    }

    /// <summary>For each prefix the length of its longest proper prefix that is also its end.</summary>
    private static int[] Fallbacks(ReadOnlySpan<byte> literal)
    {
        var table = new int[literal.Length];
        for (int i = 1, matched = 0; i < literal.Length; i++)
        {
            while (matched > 0 && literal[i] != literal[matched]) matched = table[matched - 1];
            if (literal[i] == literal[matched]) matched++;
            table[i] = matched;
        }
        return table;
    }
}
