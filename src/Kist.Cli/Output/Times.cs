using System.Globalization;

namespace Kist.Cli.Output;

/// <summary>Times and durations as people read them.</summary>
internal static class Times
{
    /// <summary>An RFC 3339 time to the second in UTC; the text itself when it is no time; empty stays empty.</summary>
    public static string Short(string rfc3339) =>
        DateTimeOffset.TryParse(rfc3339, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC"
            : rfc3339;

    /// <summary>A duration in the two largest units; "never" for 0, the API's "does not expire".</summary>
    public static string Duration(long seconds)
    {
        if (seconds <= 0) return "never";
        var span = TimeSpan.FromSeconds(seconds);
        if (span.Days > 0) return Join(span.Days, "d", span.Hours, "h");
        if (span.Hours > 0) return Join(span.Hours, "h", span.Minutes, "m");
        return span.Minutes > 0 ? Join(span.Minutes, "m", span.Seconds, "s") : $"{span.Seconds}s";
    }

    private static string Join(int large, string largeUnit, int small, string smallUnit) =>
        small == 0 ? $"{large}{largeUnit}" : $"{large}{largeUnit} {small}{smallUnit}";
}
