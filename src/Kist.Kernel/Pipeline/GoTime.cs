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
        Span<byte> utf8 = stackalloc byte[MaxLength];
        var length = Write(time, utf8);
        System.Text.Encoding.ASCII.GetChars(utf8[..length], text);
        return length;
    }

    /// <summary>Writes a time as UTF-8 into <paramref name="text"/> and returns its length.</summary>
    public static int Write(DateTimeOffset time, Span<byte> text)
    {
        // Every answer and every audit line holds several: the general formatter takes ten times as long.
        var utc = time.UtcDateTime;
        utc.Deconstruct(out DateOnly date, out TimeOnly clock);
        date.Deconstruct(out var year, out var month, out var day);
        Digits(text, 0, 4, year);
        text[4] = text[7] = (byte)'-';
        Digits(text, 5, 2, month);
        Digits(text, 8, 2, day);
        text[10] = (byte)'T';
        Digits(text, 11, 2, clock.Hour);
        text[13] = text[16] = (byte)':';
        Digits(text, 14, 2, clock.Minute);
        Digits(text, 17, 2, clock.Second);
        var length = 19;
        var fraction = (int)(utc.Ticks % TimeSpan.TicksPerSecond);
        if (fraction > 0)
        {
            text[19] = (byte)'.';
            Digits(text, 20, 7, fraction);
            length = 27;
            while (text[length - 1] == '0') length--;
        }
        text[length++] = (byte)'Z';
        return length;
    }

    /// <summary>Reads an RFC 3339 time.</summary>
    public static bool TryParse(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    private static void Digits(Span<byte> text, int start, int count, int value)
    {
        for (var i = start + count - 1; i >= start; i--, value /= 10) text[i] = (byte)('0' + (value % 10));
    }
}
