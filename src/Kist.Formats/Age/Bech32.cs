using System.Security.Cryptography;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>Bech32 (BIP 173) without its limit of 90 characters, in the spelling of age keys.</summary>
internal static class Bech32
{
    private const int ChecksumLetters = 6;
    private static ReadOnlySpan<byte> Letters => "qpzry9x8gf2tvdw0s3jn54khce6mua7l"u8;

    private static ReadOnlySpan<uint> Generator => [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

    /// <summary>Encodes bytes under a lower-case prefix.</summary>
    public static void Encode(string prefix, ReadOnlySpan<byte> bytes, bool upper, SecretWriter output)
    {
        var name = Encoding.ASCII.GetBytes(prefix);
        var start = output.WrittenCount;
        output.Write(name);
        output.Write("1"u8);
        var sum = Expand(name);
        uint held = 0;
        var bits = 0;
        Span<byte> letter = stackalloc byte[1];
        foreach (var one in bytes)
        {
            held = ((held << 8) | one) & 0xFFF;
            for (bits += 8; bits >= 5; bits -= 5) Put((held >> (bits - 5)) & 31, letter);
        }
        if (bits > 0) Put((held << (5 - bits)) & 31, letter);
        var check = sum;
        for (var i = 0; i < ChecksumLetters; i++) check = Step(check, 0);
        check ^= 1;
        for (var i = 0; i < ChecksumLetters; i++)
        {
            letter[0] = Letters[(int)((check >> (5 * (5 - i))) & 31)];
            output.Write(letter);
        }
        if (upper) Raise(output, start);

        void Put(uint value, Span<byte> letter)
        {
            sum = Step(sum, value);
            letter[0] = Letters[(int)value];
            output.Write(letter);
        }
    }

    /// <summary>Encodes bytes that are no secret.</summary>
    public static string Encode(string prefix, ReadOnlySpan<byte> bytes, bool upper = false)
    {
        using var text = new SecretWriter(prefix.Length + bytes.Length * 2 + 8);
        Encode(prefix, bytes, upper, text);
        return Encoding.ASCII.GetString(text.WrittenSpan);
    }

    /// <summary>Decodes text of one case. The prefix comes as it is spelt, upper or lower.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, out string prefix, out SecretBuffer bytes)
    {
        prefix = "";
        bytes = SecretBuffer.Rent(text.Length);
        var length = Decode(text, bytes.Span, out var separator);
        if (length < 0)
        {
            bytes.Dispose();
            return false;
        }
        bytes.Truncate(length);
        prefix = Encoding.ASCII.GetString(text[..separator]);
        return true;
    }

    private static int Decode(ReadOnlySpan<byte> text, Span<byte> bytes, out int separator)
    {
        separator = text.LastIndexOf((byte)'1');
        if (separator < 1 || text.Length - separator - 1 < ChecksumLetters) return -1;
        if (text.ContainsAnyExceptInRange((byte)33, (byte)126)) return -1;
        var lower = text.ContainsAnyInRange((byte)'a', (byte)'z');
        if (lower && text.ContainsAnyInRange((byte)'A', (byte)'Z')) return -1;
        var sum = Expand(text[..separator]);
        var data = text[(separator + 1)..];
        uint held = 0;
        var (bits, length) = (0, 0);
        for (var i = 0; i < data.Length; i++)
        {
            var value = Letters.IndexOf((byte)(lower ? data[i] : Lower(data[i])));
            if (value < 0) return -1;
            sum = Step(sum, (uint)value);
            if (i >= data.Length - ChecksumLetters) continue;
            held = ((held << 5) | (uint)value) & 0xFFF;
            bits += 5;
            if (bits < 8) continue;
            bits -= 8;
            bytes[length++] = (byte)(held >> bits);
        }
        var padding = held & ((1u << bits) - 1);
        return sum == 1 && bits < 5 && padding == 0 ? length : -1;
    }

    private static byte Lower(byte letter) => letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 32) : letter;

    // The checksum begins with the prefix, always in lower case.
    private static uint Expand(ReadOnlySpan<byte> prefix)
    {
        var sum = 1u;
        foreach (var letter in prefix) sum = Step(sum, (uint)(Lower(letter) >> 5));
        sum = Step(sum, 0);
        foreach (var letter in prefix) sum = Step(sum, (uint)(Lower(letter) & 31));
        return sum;
    }

    private static uint Step(uint sum, uint value)
    {
        var top = sum >> 25;
        sum = ((sum & 0x1FFFFFF) << 5) ^ value;
        for (var i = 0; i < 5; i++)
            if (((top >> i) & 1) == 1) sum ^= Generator[i];
        return sum;
    }

    private static void Raise(SecretWriter text, int start)
    {
        using var copy = SecretBuffer.Copy(text.WrittenSpan);
        foreach (ref var letter in copy.Span[start..])
            if (letter is >= (byte)'a' and <= (byte)'z') letter = (byte)(letter & ~32);
        text.Clear();
        text.Write(copy.Span);
        CryptographicOperations.ZeroMemory(copy.Span);
    }
}
