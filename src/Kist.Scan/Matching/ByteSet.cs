namespace Kist.Scan.Matching;

/// <summary>A set of byte values.</summary>
internal sealed class ByteSet
{
    private readonly ulong[] _bits = new ulong[4];

    private static readonly byte[]?[] s_single = new byte[256][];

    /// <summary>Every byte.</summary>
    public static readonly ByteSet All = Of("\0-\u00FF");

    /// <summary>0-9A-Za-z.</summary>
    public static readonly ByteSet Base62 = Of("0-9A-Za-z");

    /// <summary>0-9A-Za-z-_.</summary>
    public static readonly ByteSet Base64Url = Of("0-9A-Za-z_-");

    /// <summary>What identifiers are made of.</summary>
    public static readonly ByteSet Word = Of("0-9A-Za-z_");

    /// <summary>What standard base64 is made of, without the padding.</summary>
    public static readonly ByteSet Base64 = Of("0-9A-Za-z+/");

    /// <summary>What JSON Web Tokens are made of.</summary>
    public static readonly ByteSet JwtText = Of("0-9A-Za-z_.-");

    /// <summary>What tokens of any kind are made of.</summary>
    public static readonly ByteSet Token = Of("0-9A-Za-z_=.+/~:-");

    private static readonly Dictionary<string, ByteSet> s_named = new()
    {
        ["digit"] = Of("0-9"),
        ["hex"] = Of("0-9a-f"),
        ["HEX"] = Of("0-9A-F"),
        ["xdigit"] = Of("0-9a-fA-F"),
        ["lower"] = Of("a-z"),
        ["upper"] = Of("A-Z"),
        ["alpha"] = Of("a-zA-Z"),
        ["b32"] = Of("A-Z2-7"),
        ["b36"] = Of("0-9a-z"),
        ["B36"] = Of("0-9A-Z"),
        ["b58"] = Of("1-9A-HJ-NP-Za-km-z"),
        ["b62"] = Base62,
        ["b64"] = Base64,
        ["b64u"] = Base64Url,
        ["bech32"] = Of("02-9AC-HJ-NP-Z"),
        ["word"] = Word,
        ["tok"] = Of("0-9A-Za-z_=.-"),
    };

    /// <summary>The set of this name (<c>b62</c>, <c>hex</c>, …); null if there is none.</summary>
    public static ByteSet? Named(ReadOnlySpan<char> name) =>
        s_named.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var set) ? set : null;

    /// <summary>The bytes listed as in a bracket expression; a hyphen at the end stands for itself.</summary>
    public static ByteSet Of(ReadOnlySpan<char> list)
    {
        var set = new ByteSet();
        for (var i = 0; i < list.Length; i++)
        {
            var first = list[i];
            var last = first;
            if (i + 2 < list.Length && list[i + 1] == '-')
            {
                last = list[i + 2];
                i += 2;
            }
            for (int value = first; value <= last; value++) set._bits[value >> 6] |= 1UL << (value & 63);
        }
        return set;
    }

    /// <summary>The bytes of the set when both cases of a letter are one.</summary>
    public byte[] Folded => field ??= Fold();

    /// <summary>One byte, folded: each made once.</summary>
    public static byte[] Single(byte value) => s_single[value | 0x20] ??= [(byte)(value | 0x20)];

    private byte[] Fold()
    {
        Span<byte> folded = stackalloc byte[256];
        var count = 0;
        for (var value = 0; value < 256; value++)
            if ((value & 0x20) != 0 && (Contains((byte)value) || Contains((byte)(value & ~0x20))))
                folded[count++] = (byte)value;
        return folded[..count].ToArray();
    }

    /// <summary>Whether the byte is in the set.</summary>
    public bool Contains(byte value) => (_bits[value >> 6] >> (value & 63) & 1) != 0;

    /// <summary>How many bytes at the start of <paramref name="text"/> are in the set.</summary>
    public int RunLength(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (length < text.Length && Contains(text[length])) length++;
        return length;
    }

    /// <summary>How many bytes at the end of <paramref name="text"/> are in the set.</summary>
    public int TailLength(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (length < text.Length && Contains(text[text.Length - 1 - length])) length++;
        return length;
    }
}
