using System.Globalization;

namespace Kist.Cli.Backups;

/// <summary>Sizes as people read them.</summary>
internal static class Sizes
{
    /// <summary>With the unit that leaves few digits.</summary>
    public static string Of(long bytes) => bytes switch
    {
        < 10_000 => $"{bytes} bytes",
        < 10L << 20 => $"{bytes >> 10} KiB",
        < 10L << 30 => $"{bytes >> 20} MiB",
        _ => $"{bytes >> 30} GiB",
    };

    /// <summary>A number with its thousands apart.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
