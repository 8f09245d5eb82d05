using System.Text;

namespace Kist.Scan.Matching;

/// <summary>How content is written, and its text as UTF-8 where it is not so already.</summary>
/// <param name="Text">The text; null when the content is UTF-8 (or close to it).</param>
/// <param name="Start">The bytes of a byte order mark.</param>
internal readonly record struct TextForm(byte[]? Text, int Start)
{
    private const int Looked = 8000;

    /// <summary>Looks at the beginning of content. False for what is no text.</summary>
    public static bool TryRead(ReadOnlySpan<byte> content, out TextForm form)
    {
        form = default;
        if (content.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE])) return Decode(Encoding.Unicode, content, 2, out form);
        if (content.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return Decode(Encoding.BigEndianUnicode, content, 2, out form);
        var head = content[..Math.Min(content.Length, Looked)];
        if (head.IndexOf((byte)0) < 0) return true;
        var (even, odd) = (0, 0);
        for (var i = 0; i + 1 < head.Length; i += 2)
        {
            if (head[i] == 0) even++;
            if (head[i + 1] == 0) odd++;
        }
        // Latin text in UTF-16 has a zero in every pair, on one side only.
        var pairs = head.Length / 2;
        if (odd * 10 >= pairs * 7 && even * 20 <= pairs) return Decode(Encoding.Unicode, content, 0, out form);
        return even * 10 >= pairs * 7 && odd * 20 <= pairs && Decode(Encoding.BigEndianUnicode, content, 0, out form);
    }

    /// <summary>Where in the content the byte at <paramref name="offset"/> of the text stands.</summary>
    public int ToContent(int offset) =>
        Text is null ? offset : Start + Encoding.UTF8.GetCharCount(Text.AsSpan(0, offset)) * 2;

    private static bool Decode(Encoding encoding, ReadOnlySpan<byte> content, int start, out TextForm form)
    {
        form = new TextForm(Encoding.UTF8.GetBytes(encoding.GetString(content[start..])), start);
        return true;
    }
}
