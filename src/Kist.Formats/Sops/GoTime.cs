using System.Globalization;
using System.Text;

namespace Kist.Formats.Sops;

/// <summary>Times as Go reads and writes them.</summary>
internal static class GoTime
{
    /// <summary>A time of RFC 3339 in Go's form: the fraction without zeros at its end, <c>Z</c> for no offset. Null
    /// where it is none.</summary>
    public static string? Parse(ReadOnlySpan<byte> text) =>
        text.Length is < 20 or > 64 ? null : Read(Encoding.Latin1.GetString(text), 'T', shortFields: false, zone: true);

    /// <summary>A timestamp of YAML: fields may have one digit, a small t, a blank and no zone, or a date
    /// alone.</summary>
    public static string? ParseYaml(string text)
    {
        if (text.Length is < 8 or > 64 || text[4] != '-' || !text.AsSpan(0, 4).ContainsOnlyDigits()) return null;
        return Read(text, 'T', shortFields: true, zone: true) ?? Read(text, 't', shortFields: true, zone: true)
            ?? Read(text, ' ', shortFields: true, zone: false) ?? Read(text, '\0', shortFields: true, zone: false);
    }

    /// <summary>The moment of a text that <see cref="Parse"/> gave.</summary>
    public static DateTimeOffset? Moment(string? canonical) =>
        canonical is not null && DateTimeOffset.TryParse(canonical, CultureInfo.InvariantCulture,
            DateTimeStyles.None, out var moment) ? moment : null;

    /// <summary>As sops writes it: UTC and whole seconds.</summary>
    public static string Write(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>With the offset that it had, as Go's RFC3339 writes it: it is additional data of the MAC.</summary>
    public static string WriteWithOffset(DateTimeOffset moment) => moment.Offset == TimeSpan.Zero ? Write(moment)
        : moment.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    private static string? Read(string text, char separator, bool shortFields, bool zone)
    {
        var at = 0;
        var least = shortFields ? 1 : 2;
        if (!Number(text, ref at, 4, 4, out var year) || !Skip(text, ref at, '-')
            || !Number(text, ref at, least, 2, out var month) || !Skip(text, ref at, '-')
            || !Number(text, ref at, least, 2, out var day)) return null;
        if (month is < 1 or > 12 || day < 1 || day > DaysIn(year, month)) return null;
        var date = string.Create(CultureInfo.InvariantCulture, $"{year:0000}-{month:00}-{day:00}T");
        if (separator == '\0') return at == text.Length ? date + "00:00:00Z" : null;
        if (!Skip(text, ref at, separator) || !Number(text, ref at, least, 2, out var hour)
            || !Skip(text, ref at, ':') || !Number(text, ref at, least, 2, out var minute)
            || !Skip(text, ref at, ':') || !Number(text, ref at, least, 2, out var second)) return null;
        if (hour > 23 || minute > 59 || second > 59) return null;
        var fraction = "";
        if (at < text.Length && text[at] is '.' or ',' && at < text.Length)
        {
            var end = at + 1;
            while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
            if (end == at + 1) return null;
            fraction = text[(at + 1)..Math.Min(end, at + 10)].TrimEnd('0');
            at = end;
        }
        var offset = "Z";
        if (zone && !Zone(text, ref at, out offset)) return null;
        if (at != text.Length) return null;
        var time = string.Create(CultureInfo.InvariantCulture, $"{date}{hour:00}:{minute:00}:{second:00}");
        return (fraction.Length == 0 ? time : $"{time}.{fraction}") + offset;
    }

    private static bool Zone(string text, ref int at, out string offset)
    {
        offset = "Z";
        if (Skip(text, ref at, 'Z')) return true;
        if (at >= text.Length || text[at] is not ('+' or '-')) return false;
        var sign = text[at++];
        if (!Number(text, ref at, 2, 2, out var hours) || !Skip(text, ref at, ':')
            || !Number(text, ref at, 2, 2, out var minutes) || hours > 24 || minutes > 60) return false;
        if (hours != 0 || minutes != 0)
            offset = string.Create(CultureInfo.InvariantCulture, $"{sign}{hours:00}:{minutes:00}");
        return true;
    }

    private static int DaysIn(int year, int month) =>
        month == 2 ? year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
            : month is 4 or 6 or 9 or 11 ? 30 : 31;

    private static bool Number(string text, ref int at, int least, int most, out int value)
    {
        var begin = at;
        value = 0;
        while (at < text.Length && at - begin < most && char.IsAsciiDigit(text[at]))
            value = value * 10 + text[at++] - '0';
        return at - begin >= least;
    }

    private static bool Skip(string text, ref int at, char c)
    {
        if (at >= text.Length || text[at] != c) return false;
        at++;
        return true;
    }

    private static bool ContainsOnlyDigits(this ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');
}
