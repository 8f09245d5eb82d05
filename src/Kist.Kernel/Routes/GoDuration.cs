using System.Globalization;
using System.Text;

namespace Kist.Kernel.Routes;

/// <summary>
/// Durations as Vault reads and writes them: whole seconds, or Go's notation (<c>1h30m0s</c>; pkg.go.dev/time).
/// </summary>
public static class GoDuration
{
    /// <summary>The longest duration: Go counts nanoseconds in 64 bits.</summary>
    public const long MaxSeconds = long.MaxValue / 1_000_000_000;

    /// <summary>
    /// Reads <c>90</c>, <c>90s</c>, <c>1h30m</c>, <c>1.5h</c>, <c>2d</c>; empty is zero. False when malformed or too
    /// long.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan result)
    {
        result = default;
        if (text.IsEmpty) return true;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            if (Math.Abs((double)whole) > MaxSeconds) return false;
            result = TimeSpan.FromSeconds(whole);
            return true;
        }
        var negative = text[0] == '-';
        if (text[0] is '-' or '+') text = text[1..];
        double seconds = 0;
        while (!text.IsEmpty)
        {
            var digits = text.IndexOfAnyExcept("0123456789.");
            if (digits <= 0) return false;
            if (!double.TryParse(
                text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return false;
            text = text[digits..];
            var unit = text.IndexOfAny("0123456789.");
            if (unit < 0) unit = text.Length;
            if (SecondsIn(text[..unit]) is not { } factor) return false;
            seconds += number * factor;
            text = text[unit..];
        }
        if (seconds > MaxSeconds) return false;
        result = TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond) * (negative ? -1 : 1));
        return true;
    }

    /// <summary>Writes a duration as Go prints it: <c>0s</c>, <c>1.5s</c>, <c>1h30m0s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero) return "0s";
        var text = new StringBuilder();
        if (duration < TimeSpan.Zero) text.Append('-');
        var ticks = Math.Abs(duration.Ticks);
        var hours = ticks / TimeSpan.TicksPerHour;
        var minutes = ticks / TimeSpan.TicksPerMinute % 60;
        var seconds = ticks % TimeSpan.TicksPerMinute / (decimal)TimeSpan.TicksPerSecond;
        if (hours == 0 && minutes == 0 && seconds < 1)
            return text.Append((
                seconds * 1000).ToString("0.####", CultureInfo.InvariantCulture)).Append("ms").ToString();
        if (hours > 0) text.Append(hours).Append('h');
        if (hours > 0 || minutes > 0) text.Append(minutes).Append('m');
        return text.Append(seconds.ToString("0.#######", CultureInfo.InvariantCulture)).Append('s').ToString();
    }

    private static double? SecondsIn(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1e-9,
        "us" or "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => null,
    };
}
