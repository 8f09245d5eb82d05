using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Kist.Formats.Age;

/// <summary>
/// Base64 without padding and with one spelling for each value only (RFC 4648, 3.5), as age wants it.
/// </summary>
internal static class RawBase64
{
    public static void Encode(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        var text = output.GetSpan(Base64.GetMaxEncodedToUtf8Length(bytes.Length));
        Base64.EncodeToUtf8(bytes, text, out _, out var written);
        while (written > 0 && text[written - 1] == (byte)'=') written--;
        output.Advance(written);
    }

    public static string Encode(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    /// <summary>Decodes an argument of exactly <paramref name="length"/> bytes; null if it is anything else.</summary>
    public static byte[]? Decode(string text, int length)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length + 3)];
        return TryDecode(Encoding.ASCII.GetBytes(text), bytes, out var written) && written == length
            ? bytes[..length] : null;
    }

    /// <summary>Decodes canonical text. <paramref name="bytes"/> must have room for three bytes of each four letters.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> bytes, out int written)
    {
        written = 0;
        if (text.Length % 4 == 1 || text.Contains((byte)'=')) return false;
        var whole = text.Length / 4 * 4;
        // The decoder passes over blanks: then it gives fewer bytes than the letters are worth.
        if (Base64.DecodeFromUtf8(text[..whole], bytes, out _, out written, isFinalBlock: true) != OperationStatus.Done
            || written != whole / 4 * 3)
            return false;
        var rest = text[whole..];
        if (rest.IsEmpty) return true;
        Span<byte> padded = [rest[0], rest[1], rest.Length == 3 ? rest[2] : (byte)'=', (byte)'='];
        Span<byte> last = stackalloc byte[3];
        Span<byte> again = stackalloc byte[4];
        if (Base64.DecodeFromUtf8(padded, last, out _, out var more) != OperationStatus.Done || more != rest.Length - 1)
            return false;
        Base64.EncodeToUtf8(last[..more], again, out _, out _);
        if (!again.SequenceEqual(padded)) return false; // the bits beyond the last byte are not zero
        last[..more].CopyTo(bytes[written..]);
        written += more;
        return true;
    }
}
