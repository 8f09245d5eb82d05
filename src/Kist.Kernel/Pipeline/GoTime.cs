using System.Globalization;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// Times as Vault writes them: RFC 3339 in UTC with up to nine digits of a second and no trailing zeros.
/// </summary>
public static class GoTime
{
    /// <summary>The longest text.</summary>
    public const int MaxLength = 30;

    /// <summary>The time that stands for "never" in Vault's answers.</summary>
    public const string Zero = "0001-01-01T00:00:00Z";

    /// <summary>Writes a time, for example <c>2026-11-23T18:23:55.9348346Z</c>.</summary>
    public static string Format(DateTimeOffset time)
    {
        Span<char> text = stackalloc char[MaxLength];
        return text[..Write(time, text)].ToString();
    }

    /// <summary>Writes a time into <paramref name="text"/> and returns its length.</summary>
    public static int Write(DateTimeOffset time, Span<char> text)
    {
        time.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
        text[length++] = 'Z';
        return length;
    }

    /// <summary>Writes a time as UTF-8 into <paramref name="text"/> and returns its length.</summary>
    public static int Write(DateTimeOffset time, Span<byte> text)
    {
        time.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
        text[length++] = (byte)'Z';
        return length;
    }

    /// <summary>Reads an RFC 3339 time.</summary>
    public static bool TryParse(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
}
