using System.Security.Cryptography;
using Kist.Scan.Rules;

namespace Kist.Scan.Matching;

/// <summary>The words of BIP-39: 11 bits each, of which the last of a phrase are the beginning of a hash.</summary>
internal static class RecoveryPhrase
{
    /// <summary>How many words the shortest phrase has; each longer one three more.</summary>
    public const int MinWords = 12;

    /// <summary>How many words the longest phrase has.</summary>
    public const int MaxWords = 24;

    private const int Longest = 8, Bits = 11;

    // Every word has at most eight letters, which are its key.
    private static readonly Lazy<Dictionary<ulong, int>> s_numbers = new(static () =>
    {
        var numbers = new Dictionary<ulong, int>(2048);
        foreach (var word in BuiltIn.PhraseWords) numbers.Add(Key(word), numbers.Count);
        return numbers;
    });

    /// <summary>The number of a word, in any case; -1 if it is none.</summary>
    public static int NumberOf(ReadOnlySpan<byte> word) =>
        word.Length is >= 3 and <= Longest && s_numbers.Value.TryGetValue(Key(word), out var number) ? number : -1;

    /// <summary>Whether as many words can be a phrase.</summary>
    public static bool IsLength(int words) => words is >= MinWords and <= MaxWords && words % 3 == 0;

    /// <summary>Whether the hash at the end is right.</summary>
    public static bool HasRightSum(ReadOnlySpan<int> numbers)
    {
        Span<byte> bytes = stackalloc byte[MaxWords * Bits / 8];
        var entropy = Unpack(numbers, bytes);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..entropy], hash);
        var sumBits = numbers.Length / 3;
        return bytes[entropy] >> (8 - sumBits) == hash[0] >> (8 - sumBits);
    }

    /// <summary>Whether it is one that documentation shows: of equal bytes, or of few words.</summary>
    public static bool IsPublished(ReadOnlySpan<int> numbers)
    {
        Span<byte> bytes = stackalloc byte[MaxWords * Bits / 8];
        var entropy = bytes[..Unpack(numbers, bytes)];
        return entropy.IndexOfAnyExcept(entropy[0]) < 0 || new HashSet<int>(numbers.ToArray()).Count <= 3;
    }

    // The bits one behind the other; how many bytes are no hash.
    private static int Unpack(ReadOnlySpan<int> numbers, Span<byte> bytes)
    {
        bytes.Clear();
        var at = 0;
        foreach (var number in numbers)
            for (var bit = Bits - 1; bit >= 0; bit--, at++)
                bytes[at >> 3] |= (byte)((number >> bit & 1) << (7 - (at & 7)));
        return numbers.Length * 4 / 3;
    }

    private static ulong Key(ReadOnlySpan<byte> word)
    {
        var key = 0UL;
        foreach (var letter in word) key = key << 8 | (uint)(letter | 0x20);
        return key;
    }
}
