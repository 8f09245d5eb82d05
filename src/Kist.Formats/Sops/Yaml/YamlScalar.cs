using System.Globalization;
using System.Text;

namespace Kist.Formats.Sops.Yaml;

/// <summary>What a plain scalar is, by the rules of go-yaml v3: those of YAML 1.2 with the octal numbers of
/// 1.1.</summary>
internal static class YamlScalar
{
    private const string Prefix = "tag:yaml.org,2002:";

    /// <summary>What a plain scalar without a tag is.</summary>
    public static SopsKind KindOf(string text) => Resolve(text, out _, out _);

    /// <summary>The value of a scalar.</summary>
    /// <param name="text">Memory of the arena; a text is kept as it is.</param>
    /// <param name="tag">As the parser gives it: long, or empty; a lone <c>!</c> changes nothing.</param>
    /// <param name="quoted">Whether it stands in quotes or as a block, which makes it text.</param>
    public static SopsOutcome<SopsValue> ValueOf(
        ReadOnlyMemory<byte> text, string tag, bool quoted, SecretArena arena, int line)
    {
        if (tag.Length == 0 || tag == "!")
            return quoted ? SopsValue.OfText(text, line) : Plain(text, arena, line);
        if (!tag.StartsWith(Prefix, StringComparison.Ordinal)) return SopsValue.OfText(text, line);
        switch (tag[Prefix.Length..])
        {
            case "binary":
                var bytes = arena.Take(text.Length);
                if (!TryBase64(text.Span, bytes.Span, out var length))
                    return new SopsFault(SopsExit.Read, "a value of !!binary is not base64") { Line = line };
                return SopsValue.OfText(bytes[..length], line);
            case "int" or "bool" or "null" or "timestamp":
                var value = Plain(text, arena, line);
                return value.Kind == Named(tag[Prefix.Length..]) ? value : SopsValue.Null;
            case "float":
                var number = Plain(text, arena, line);
                return number.Kind == SopsKind.Integer ? SopsValue.OfFloat(number.Integer, line)
                    : number.Kind == SopsKind.Float ? number : SopsValue.Null;
            default:
                return SopsValue.OfText(text, line);
        }
    }

    private static bool TryBase64(ReadOnlySpan<byte> text, Span<byte> bytes, out int length) =>
        System.Buffers.Text.Base64.DecodeFromUtf8(text, bytes, out _, out length)
            == System.Buffers.OperationStatus.Done;

    private static SopsKind Named(string tag) => tag switch
    {
        "int" => SopsKind.Integer,
        "bool" => SopsKind.Boolean,
        "timestamp" => SopsKind.Time,
        _ => SopsKind.Null,
    };

    private static SopsValue Plain(ReadOnlyMemory<byte> bytes, SecretArena arena, int line)
    {
        // Most texts, encrypted ones among them, show by their first letter that they are nothing else.
        if (bytes.Length > 0 && !IsTelling(bytes.Span[0], bytes.Length)) return SopsValue.OfText(bytes, line);
        var text = Encoding.UTF8.GetString(bytes.Span);
        return Resolve(text, out var bits, out var time) switch
        {
            SopsKind.Null => SopsValue.Null,
            SopsKind.Boolean => SopsValue.OfBoolean(bits != 0, line),
            SopsKind.Integer => SopsValue.OfInteger(bits, line),
            SopsKind.Unsigned => SopsValue.OfUnsigned(bytes, line),
            SopsKind.Float => SopsValue.OfFloat(BitConverter.Int64BitsToDouble(bits), line),
            SopsKind.Time => SopsValue.OfTime(arena.Copy(time!), line),
            _ => SopsValue.OfText(bytes, line),
        };
    }

    private static bool IsTelling(byte first, int length) =>
        first is (byte)'.' or (byte)'+' or (byte)'-' or (>= (byte)'0' and <= (byte)'9')
        || (length <= 5 && first is (byte)'~' or (byte)'n' or (byte)'N' or (byte)'t' or (byte)'T' or (byte)'f'
            or (byte)'F');

    private static SopsKind Resolve(string text, out long bits, out string? time)
    {
        (bits, time) = (0, null);
        if (text.Length == 0) return SopsKind.Null;
        if (text.Length <= 5)
        {
            switch (text)
            {
                case "~" or "null" or "Null" or "NULL":
                    return SopsKind.Null;
                case "true" or "True" or "TRUE":
                    bits = 1;
                    return SopsKind.Boolean;
                case "false" or "False" or "FALSE":
                    return SopsKind.Boolean;
                case ".nan" or ".NaN" or ".NAN":
                    bits = BitConverter.DoubleToInt64Bits(double.NaN);
                    return SopsKind.Float;
                case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF":
                    bits = BitConverter.DoubleToInt64Bits(double.PositiveInfinity);
                    return SopsKind.Float;
                case "-.inf" or "-.Inf" or "-.INF":
                    bits = BitConverter.DoubleToInt64Bits(double.NegativeInfinity);
                    return SopsKind.Float;
            }
        }
        return text[0] switch
        {
            '.' => Float(text, ref bits),
            '+' or '-' or (>= '0' and <= '9') => Number(text, ref bits, ref time),
            _ => SopsKind.Text,
        };
    }

    private static SopsKind Float(string text, ref long bits)
    {
        if (!GoNumber.TryFloat(Encoding.UTF8.GetBytes(text), out var value)) return SopsKind.Text;
        bits = BitConverter.DoubleToInt64Bits(value);
        return SopsKind.Float;
    }

    private static SopsKind Number(string text, ref long bits, ref string? time)
    {
        time = text.Length > 4 ? GoTime.ParseYaml(text) : null;
        if (time is not null) return SopsKind.Time;
        if (text.Length > 400) return SopsKind.Text;
        var plain = text.Contains('_') ? text.Replace("_", "", StringComparison.Ordinal) : text;
        var negative = plain.Length > 0 && plain[0] == '-';
        var digits = plain.AsSpan(plain.Length > 0 && plain[0] is '+' or '-' ? 1 : 0);
        if (TryDigits(digits, out var size))
        {
            if (negative ? size <= 1UL << 63 : size <= long.MaxValue)
            {
                bits = negative ? unchecked(-(long)size) : (long)size;
                return SopsKind.Integer;
            }
            if (!negative && plain[0] != '+') return SopsKind.Unsigned;
        }
        return IsYamlFloat(plain) ? Float(plain, ref bits) : SopsKind.Text;
    }

    /// <summary>Digits as Go's <c>ParseUint</c> with base 0 takes them: 0x, 0o, 0b, and octal behind a zero.</summary>
    private static bool TryDigits(ReadOnlySpan<char> digits, out ulong size)
    {
        size = 0;
        if (digits.IsEmpty) return false;
        var radix = 10u;
        if (digits.Length > 1 && digits[0] == '0')
        {
            var mark = (char)(digits[1] | 0x20);
            radix = mark switch { 'x' => 16u, 'b' => 2u, _ => 8u };
            digits = digits[(mark is 'x' or 'b' or 'o' ? 2 : 1)..];
            if (digits.IsEmpty) return false;
        }
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? (uint)Convert.ToInt32(c.ToString(), 16) : 99;
            if (digit >= radix) return false;
            if (size > (ulong.MaxValue - digit) / radix) return false;
            size = size * radix + digit;
        }
        return true;
    }

    /// <summary><c>[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?</c></summary>
    private static bool IsYamlFloat(ReadOnlySpan<char> text)
    {
        if (text.Length > 0 && text[0] is '+' or '-') text = text[1..];
        var whole = Digits(ref text);
        if (text.Length > 0 && text[0] == '.')
        {
            text = text[1..];
            if (Digits(ref text) == 0 && whole == 0) return false;
        }
        else if (whole == 0) return false;
        if (text.Length > 0 && text[0] is 'e' or 'E')
        {
            text = text[1..];
            if (text.Length > 0 && text[0] is '+' or '-') text = text[1..];
            if (Digits(ref text) == 0) return false;
        }
        return text.IsEmpty;
    }

    private static int Digits(ref ReadOnlySpan<char> text)
    {
        var count = 0;
        while (count < text.Length && char.IsAsciiDigit(text[count])) count++;
        text = text[count..];
        return count;
    }

    /// <summary>Whether a text without line ends may stand without quotes as far as its meaning goes.</summary>
    public static bool StaysText(string text) =>
        KindOf(text) == SopsKind.Text && !IsOldBoolean(text) && !IsBase60(text);

    private static bool IsOldBoolean(string text) => text is "y" or "Y" or "yes" or "Yes" or "YES" or "on" or "On"
        or "ON" or "n" or "N" or "no" or "No" or "NO" or "off" or "Off" or "OFF";

    /// <summary><c>[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?</c></summary>
    private static bool IsBase60(ReadOnlySpan<char> text)
    {
        if (text.Length > 0 && text[0] is '+' or '-') text = text[1..];
        if (text.IsEmpty || !char.IsAsciiDigit(text[0]) || !text.Contains(':')) return false;
        var at = 1;
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '_')) at++;
        var groups = 0;
        while (at < text.Length && text[at] == ':')
        {
            at++;
            if (at + 1 < text.Length && text[at] is >= '0' and <= '5' && char.IsAsciiDigit(text[at + 1])) at += 2;
            else if (at < text.Length && char.IsAsciiDigit(text[at])) at++;
            else return false;
            groups++;
        }
        if (groups == 0) return false;
        if (at < text.Length && text[at] == '.')
            for (at++; at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '_');) at++;
        return at == text.Length;
    }
}
