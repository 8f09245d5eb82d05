namespace Kist.Scan.Sources;

/// <summary>What the first bytes of a content say about the rest.</summary>
internal enum ContentKind
{
    Text,
    Binary,
    Zip,
    Gzip,
    Zstandard,
    Xz,
    Bzip2,
    Tar,
    Unsupported,
}

/// <summary>Tells text, archives and other binary content apart.</summary>
internal static class TextKind
{
    /// <summary>How many bytes are looked at.</summary>
    public const int Head = 8000;

    public static ContentKind Of(ReadOnlySpan<byte> content)
    {
        if (content.StartsWith("PK\x03\x04"u8) || content.StartsWith("PK\x05\x06"u8)) return ContentKind.Zip;
        if (content.Length > 10 && content[0] == 0x1F && content[1] == 0x8B && content[2] == 8) return ContentKind.Gzip;
        if (IsZstandard(content)) return ContentKind.Zstandard;
        if (content.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]))
            return ContentKind.Xz;
        if (IsBzip2(content)) return ContentKind.Bzip2;
        if (content.Length > 262 && content[257..].StartsWith("ustar"u8)) return ContentKind.Tar;
        if (IsPacked(content)) return ContentKind.Unsupported;
        var head = content.Length > Head ? content[..Head] : content;
        return head.Contains((byte)0) && !IsUtf16(head) ? ContentKind.Binary : ContentKind.Text;
    }

    /// <summary>Whether something else is packed in it.</summary>
    public static bool IsArchive(ContentKind kind) => kind is ContentKind.Zip or ContentKind.Gzip
        or ContentKind.Zstandard or ContentKind.Xz or ContentKind.Bzip2 or ContentKind.Tar;

    // A frame, or one that is to be skipped, of RFC 8878.
    private static bool IsZstandard(ReadOnlySpan<byte> content) => content.Length > 8
        && (content.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD])
            || (content[0] >> 4 == 5 && content[1..].StartsWith((ReadOnlySpan<byte>)[0x2A, 0x4D, 0x18])));

    // Behind the sign and the size, the digits of pi begin a block; without any there are those of its square root.
    private static bool IsBzip2(ReadOnlySpan<byte> content) => content.Length > 10 && content.StartsWith("BZh"u8)
        && (content[4..].StartsWith((ReadOnlySpan<byte>)[0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
            || content[4..].StartsWith((ReadOnlySpan<byte>)[0x17, 0x72, 0x45, 0x38, 0x50, 0x90]));

    // 7z, rar: packed, but not in a way that can be unpacked here.
    private static bool IsPacked(ReadOnlySpan<byte> content) =>
        content.StartsWith((ReadOnlySpan<byte>)[(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C])
        || content.StartsWith("Rar!\x1a\x07"u8);

    // A byte order mark, or a NUL in (almost) every second place only, as Latin text has it.
    private static bool IsUtf16(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return true;
        int even = 0, odd = 0;
        for (var i = 0; i < head.Length; i++)
        {
            if (head[i] != 0) continue;
            if ((i & 1) == 0) even++;
            else odd++;
        }
        var most = Math.Max(even, odd);
        return most * 10 > head.Length * 4 && Math.Min(even, odd) * 20 < most;
    }
}
