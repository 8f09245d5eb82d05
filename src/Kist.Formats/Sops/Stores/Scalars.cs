using System.Globalization;
using System.Text;

namespace Kist.Formats.Sops.Stores;

/// <summary>Values as text, for formats that have nothing else.</summary>
internal static class Scalars
{
    /// <summary>A text as it is; <c>true</c>, a float with a point, <c>&lt;nil&gt;</c> for null, as sops does
    /// it.</summary>
    public static ReadOnlySpan<byte> Text(SopsValue value) => value.Kind switch
    {
        SopsKind.Text or SopsKind.Comment or SopsKind.Unsigned => value.Bytes.Span,
        SopsKind.Null => "<nil>"u8,
        SopsKind.Boolean => value.Boolean ? "true"u8 : "false"u8,
        SopsKind.Integer => Encoding.ASCII.GetBytes(value.Integer.ToString(CultureInfo.InvariantCulture)),
        SopsKind.Float => Encoding.ASCII.GetBytes(GoNumber.Text(value.Float)),
        SopsKind.Time => Encoding.ASCII.GetBytes(WholeSeconds(Encoding.ASCII.GetString(value.Bytes.Span))),
        _ => throw new InvalidOperationException("a list or a map is no text"),
    };

    private static string WholeSeconds(string time)
    {
        var point = time.IndexOf('.');
        if (point < 0) return time;
        var end = point + 1;
        while (end < time.Length && char.IsAsciiDigit(time[end])) end++;
        return time[..point] + time[end..];
    }
}
