using System.Globalization;
using System.Text;

namespace Kist.Kernel.Backups;

/// <summary>
/// The heads of the files inside (POSIX ustar): a plain file of mode 0600 with a short name, no owner and no time. One
/// form for each name and size.
/// </summary>
internal static class TarHeader
{
    public const int Bytes = 512;

    private const int NameBytes = 100;

    /// <summary>The head of a file.</summary>
    public static byte[] Of(string name, long size)
    {
        var head = new byte[Bytes];
        Encoding.ASCII.GetBytes(name, head.AsSpan(0, NameBytes));
        Text(head, 100, "0000600");
        Text(head, 108, "0000000");
        Text(head, 116, "0000000");
        Text(head, 124, Octal(size, 11));
        Text(head, 136, "00000000000");
        Text(head, 148, "        ");
        Text(head, 156, "0");
        Text(head, 257, "ustar\0" + "00");
        var sum = 0;
        foreach (var one in head) sum += one;
        Text(head, 148, Octal(sum, 6) + "\0 ");
        return head;
    }

    /// <summary>
    /// Name and size; null when these are not the bytes of <see cref="Of"/>, so that a head cannot say anything else.
    /// </summary>
    public static (string Name, long Size)? Parse(ReadOnlySpan<byte> head)
    {
        var name = Encoding.ASCII.GetString(head[..NameBytes]).TrimEnd('\0');
        var size = 0L;
        foreach (var digit in head.Slice(124, 11))
        {
            if (digit is < (byte)'0' or > (byte)'7') return null;
            size = size * 8 + (digit - '0');
        }
        return head.SequenceEqual(Of(name, size)) ? (name, size) : null;
    }

    /// <summary>How many zeros follow a file of this size.</summary>
    public static int Padding(long size) => (int)((Bytes - size % Bytes) % Bytes);

    private static void Text(byte[] head, int at, string text) => Encoding.ASCII.GetBytes(text, head.AsSpan(at));

    private static string Octal(long number, int digits) =>
        Convert.ToString(number, 8).PadLeft(digits, '0').ToString(CultureInfo.InvariantCulture);
}
