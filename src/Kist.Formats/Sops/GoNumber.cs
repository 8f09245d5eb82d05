using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Kist.Formats.Sops;

/// <summary>Numbers written and read as Go's <c>strconv</c> does it.</summary>
internal static class GoNumber
{
    /// <summary>The shortest digits that read back, never with an exponent: <c>FormatFloat(v, 'f', -1,
    /// 64)</c>.</summary>
    public static string Fixed(double value) => Special(value) ?? Positional(Digits(value));

    /// <summary>With an exponent below 1e-4 and from 1e21 on, or as <paramref name="from"/> says: <c>'g'</c>, and in
    /// the manner of <c>encoding/json</c>.</summary>
    /// <param name="from">The first exponent of ten that is written as such.</param>
    /// <param name="until">The last negative one that is not.</param>
    /// <param name="mark">The letter e or E.</param>
    /// <param name="twoDigits">Whether an exponent has two digits at least.</param>
    public static string Scientific(double value, int from, int until, char mark = 'e', bool twoDigits = true)
    {
        if (Special(value) is { } special) return special;
        var digits = Digits(value);
        var exponent = digits.Point - 1;
        if (value == 0 || (exponent >= until && exponent < from)) return Positional(digits);
        var text = new StringBuilder();
        if (digits.Negative) text.Append('-');
        text.Append(digits.Text[0]);
        if (digits.Text.Length > 1) text.Append('.').Append(digits.Text, 1, digits.Text.Length - 1);
        text.Append(mark).Append(exponent < 0 ? '-' : '+');
        var size = Math.Abs(exponent);
        if (size < 10 && twoDigits) text.Append('0');
        return text.Append(size.ToString(CultureInfo.InvariantCulture)).ToString();
    }

    /// <summary>As go-yaml writes it.</summary>
    public static string Yaml(double value) => value switch
    {
        double.PositiveInfinity => ".inf",
        double.NegativeInfinity => "-.inf",
        double.NaN => ".nan",
        _ => General(value, 'e'),
    };

    /// <summary>As encoding/json writes it; the value is finite.</summary>
    public static string Json(double value) => Scientific(value, 21, -6, twoDigits: false);

    /// <summary>As sops writes it into files whose values are all text: with a point at least.</summary>
    public static string Text(double value)
    {
        var text = General(value, 'E');
        return text.Contains('.') || text.Contains('E') || !double.IsFinite(value) ? text : text + ".0";
    }

    /// <summary><c>Atoi</c>: a sign, decimal digits, nothing else.</summary>
    public static bool TryInteger(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        var digits = text is [(byte)'+' or (byte)'-', ..] ? text[1..] : text;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;
        if (text[0] == '+') text = digits;
        // Leading zeros are no digits that count; more than 19 cannot fit.
        return Utf8Parser.TryParse(text, out value, out var read) && read == text.Length;
    }

    /// <summary><c>ParseFloat</c>: decimal and hexadecimal, infinities and NaN; a value out of range is
    /// refused.</summary>
    public static bool TryFloat(ReadOnlySpan<byte> bytes, out double value)
    {
        value = 0;
        if (bytes.IsEmpty || bytes.Length > 4096) return false;
        var text = Encoding.UTF8.GetString(bytes);
        var unsigned = text[0] is '+' or '-' ? text[1..] : text;
        var negative = text[0] == '-';
        if (unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase)
            || unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase))
        {
            value = negative ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }
        if (text.Equals("nan", StringComparison.OrdinalIgnoreCase))
        {
            value = double.NaN;
            return true;
        }
        if (unsigned.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return TryHexFloat(unsigned.AsSpan(2), negative, out value);
        if (unsigned.Length == 0 || !(char.IsAsciiDigit(unsigned[0]) || unsigned[0] == '.')) return false;
        return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint
            | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
    }

    /// <summary><c>ParseBool</c>.</summary>
    public static bool TryBoolean(ReadOnlySpan<byte> text, out bool value)
    {
        value = text.SequenceEqual("1"u8) || text.SequenceEqual("t"u8) || text.SequenceEqual("T"u8)
            || text.SequenceEqual("TRUE"u8) || text.SequenceEqual("true"u8) || text.SequenceEqual("True"u8);
        return value || text.SequenceEqual("0"u8) || text.SequenceEqual("f"u8) || text.SequenceEqual("F"u8)
            || text.SequenceEqual("FALSE"u8) || text.SequenceEqual("false"u8) || text.SequenceEqual("False"u8);
    }

    private static string General(double value, char mark)
    {
        if (Special(value) is { } special) return special;
        // Where the shortest digits are wanted, Go decides with the precision 6.
        return Scientific(value, 6, -4, mark);
    }

    private static string? Special(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => null,
    };

    private readonly record struct Decimal(bool Negative, string Text, int Point);

    /// <summary>The shortest digits that read back, and where the point stands before or behind them.</summary>
    private static Decimal Digits(double value)
    {
        var shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        var mark = shortest.IndexOf('E');
        var mantissa = mark < 0 ? shortest : shortest[..mark];
        var exponent = mark < 0 ? 0 : int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture);
        var point = mantissa.IndexOf('.');
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var place = (point < 0 ? mantissa.Length : point) + exponent;
        var zeros = digits.Length - digits.TrimStart('0').Length;
        digits = digits[zeros..].TrimEnd('0');
        if (digits.Length == 0) return new Decimal(double.IsNegative(value), "0", 1);
        return new Decimal(double.IsNegative(value), digits, place - zeros);
    }

    private static string Positional(Decimal digits)
    {
        var text = new StringBuilder();
        if (digits.Negative) text.Append('-');
        if (digits.Point <= 0) text.Append("0.").Append('0', -digits.Point).Append(digits.Text);
        else if (digits.Point >= digits.Text.Length)
            text.Append(digits.Text).Append('0', digits.Point - digits.Text.Length);
        else text.Append(digits.Text, 0, digits.Point).Append('.')
            .Append(digits.Text, digits.Point, digits.Text.Length - digits.Point);
        return text.ToString();
    }

    private static bool TryHexFloat(ReadOnlySpan<char> text, bool negative, out double value)
    {
        value = 0;
        var mark = text.IndexOfAny('p', 'P');
        if (mark <= 0 || !int.TryParse(text[(mark + 1)..], NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out var exponent)) return false;
        var seen = false;
        var point = false;
        foreach (var c in text[..mark])
        {
            if (c == '.' && !point)
            {
                point = true;
                continue;
            }
            if (!char.IsAsciiHexDigit(c)) return false;
            value = value * 16 + Convert.ToInt32(c.ToString(), 16);
            if (point) exponent -= 4;
            seen = true;
        }
        value = Math.ScaleB(value, exponent) * (negative ? -1 : 1);
        return seen && double.IsFinite(value);
    }
}
