using System.Globalization;

namespace Kist.Kernel.Policies;

/// <summary>
/// Durations in policies: whole seconds (<c>90</c>, <c>"90"</c>) or numbers with units (<c>"1h30m"</c>).
/// </summary>
internal static class PolicyDuration
{
    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("ms", TimeSpan.TicksPerMillisecond), ("us", TimeSpan.TicksPerMicrosecond), ("ns", 0),
        ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour),
        ("d", TimeSpan.TicksPerDay),
    ];

    /// <summary>Not negative and at most a century: a longer wrapping time is a slip of the pen.</summary>
    internal static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        decimal ticks = 0;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty) return false;
        if (rest.IndexOfAnyExceptInRange('0', '9') < 0 && rest.Length <= 10)
            ticks = decimal.Parse(rest, CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond;
        else
            while (rest.Length > 0)
                if (!TakePart(ref rest, ref ticks)) return false;
        if (ticks > 36525m * TimeSpan.TicksPerDay) return false;
        duration = new TimeSpan((long)ticks);
        return true;
    }

    private static bool TakePart(ref ReadOnlySpan<char> rest, ref decimal ticks)
    {
        var end = rest.IndexOfAnyExcept("0123456789.");
        // Twelve digits hold every admissible count of every unit and cannot overflow a decimal.
        if (end is <= 0 or > 12) return false;
        var (style, culture) = (NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        if (!decimal.TryParse(rest[..end], style, culture, out var count)) return false;
        rest = rest[end..];
        foreach (var (unit, perUnit) in Units)
        {
            if (!rest.StartsWith(unit)) continue;
            ticks += count * perUnit;
            rest = rest[unit.Length..];
            return true;
        }
        return false;
    }
}
