using System.Globalization;
using System.Text;

namespace Kist.Agent.Templates;

/// <summary>Go's printf (pkg.go.dev/fmt) for the values that templates have.</summary>
internal static class GoFormat
{
    private const int MaxWidth = 1_000_000;

    /// <summary>The text; a verb that does not fit is shown as Go shows it.</summary>
    public static string Format(string format, IReadOnlyList<object?> arguments)
    {
        var text = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }
            var verb = Verb.Read(format, ref i, arguments, ref next);
            if (verb.Letter == '%') text.Append('%');
            else if (verb.Letter == '\0') text.Append("%!(NOVERB)");
            else if (next >= arguments.Count) text.Append("%!").Append(verb.Letter).Append("(MISSING)");
            else text.Append(Padded(verb, arguments[next++]));
        }
        if (next < arguments.Count)
        {
            var extra = arguments.Skip(next).Select(a => $"{TypeOf(a)}={Plain(a)}");
            text.Append("%!(EXTRA ").AppendJoin(", ", extra).Append(')');
        }
        return text.ToString();
    }

    private static string Padded(Verb verb, object? value)
    {
        var text = One(verb, value);
        var missing = verb.Width - text.EnumerateRunes().Count();
        if (missing <= 0) return text;
        if (verb.Left) return text + new string(' ', missing);
        if (!verb.Zero || value is not (long or double)) return new string(' ', missing) + text;
        var sign = text.StartsWith('-') || text.StartsWith('+') ? 1 : 0;
        return text[..sign] + new string('0', missing) + text[sign..];
    }

    private static string One(Verb verb, object? value) => (verb.Letter, value) switch
    {
        ('v', double number) => Signed(verb, TemplateValue.Float(number), number >= 0),
        ('v', long number) => Signed(verb, Decimal(number), number >= 0),
        ('v', _) => Plain(value),
        ('s', string or JsonNumber or IReadOnlyList<object?> or TemplateMap) => Cut(verb, Plain(value)),
        ('q', string or JsonNumber) => Quoted(Cut(verb, Plain(value))),
        ('q', long code) when Rune.IsValid((int)code) => $"'{new Rune((int)code)}'",
        ('d', long number) => Signed(verb, Decimal(number), number >= 0),
        ('t', bool flag) => flag ? "true" : "false",
        ('x', long number) => Based(verb, number, 16),
        ('X', long number) => Based(verb, number, 16).ToUpperInvariant(),
        ('o', long number) => Based(verb, number, 8),
        ('b', long number) => Based(verb, number, 2),
        ('c', long code) when Rune.IsValid((int)code) => new Rune((int)code).ToString(),
        ('U', long code) => $"U+{code:X4}",
        ('x', string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)),
        ('X', string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text)),
        ('f' or 'F' or 'e' or 'g', double number) => Signed(verb, Real(verb, number), number >= 0),
        ('T', _) => TypeOf(value),
        _ => $"%!{verb.Letter}({TypeOf(value)}={Plain(value)})",
    };

    private static string Real(Verb verb, double number)
    {
        var culture = CultureInfo.InvariantCulture;
        var precision = verb.Precision < 0 ? 6 : verb.Precision;
        if (verb.Letter is 'f' or 'F') return number.ToString("F" + precision.ToString(culture), culture);
        if (verb.Letter == 'g') return verb.Precision < 0
            ? TemplateValue.Float(number) : number.ToString("G" + verb.Precision.ToString(culture), culture);
        var digits = precision == 0 ? "0" : "0." + new string('0', precision);
        return number.ToString(digits + "e+00", culture);
    }

    private static string Based(Verb verb, long number, int radix)
    {
        var magnitude = number < 0 ? (ulong)-number : (ulong)number;
        var digits = new StringBuilder();
        do
        {
            digits.Insert(0, "0123456789abcdef"[(int)(magnitude % (ulong)radix)]);
            magnitude /= (ulong)radix;
        }
        while (magnitude > 0);
        var prefix = !verb.Sharp ? "" : radix switch { 16 => "0x", 8 => "0", _ => "0b" };
        return Signed(verb, (number < 0 ? "-" : "") + prefix + digits, number >= 0);
    }

    private static string Signed(Verb verb, string text, bool isPositive) =>
        !isPositive ? text : verb.Plus ? "+" + text : verb.Space ? " " + text : text;

    private static string Cut(Verb verb, string text) => verb.Precision < 0
        ? text
        : string.Concat(text.EnumerateRunes().Take(verb.Precision).Select(r => r.ToString()));

    private static string Decimal(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Plain(object? value) => value is null ? "<nil>" : TemplateValue.Text(value);

    /// <summary>A text in Go's quotes.</summary>
    public static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            var at = rune.Value < 128 ? "\a\b\f\n\r\t\v\\\"".IndexOf((char)rune.Value) : -1;
            if (at >= 0) quoted.Append('\\').Append("abfnrtv\\\""[at]);
            else if (rune.Value is < 32 or 127) quoted.Append($"\\x{rune.Value:x2}");
            else quoted.Append(rune.ToString());
        }
        return quoted.Append('"').ToString();
    }

    private static string TypeOf(object? value) => value switch
    {
        null => "<nil>",
        bool => "bool",
        long => "int",
        double => "float64",
        string => "string",
        JsonNumber => "json.Number",
        TemplateMap => "map[string]interface {}",
        _ => "[]interface {}",
    };

    private readonly record struct Verb(
        char Letter, bool Plus, bool Left, bool Sharp, bool Space, bool Zero, int Width, int Precision)
    {
        public static Verb Read(string format, ref int i, IReadOnlyList<object?> arguments, ref int next)
        {
            var verb = new Verb { Precision = -1 };
            for (i++; i < format.Length && "+-# 0".Contains(format[i]); i++)
                verb = format[i] switch
                {
                    '+' => verb with { Plus = true },
                    '-' => verb with { Left = true },
                    '#' => verb with { Sharp = true },
                    ' ' => verb with { Space = true },
                    _ => verb with { Zero = true },
                };
            verb = verb with { Width = Number(format, ref i, arguments, ref next, 0) };
            if (i < format.Length && format[i] == '.')
            {
                i++;
                verb = verb with { Precision = Number(format, ref i, arguments, ref next, 0) };
            }
            return verb with { Letter = i < format.Length ? format[i] : '\0' };
        }

        private static int Number(
            string format, ref int i, IReadOnlyList<object?> arguments, ref int next, int missing)
        {
            if (i < format.Length && format[i] == '*')
            {
                i++;
                return next < arguments.Count && arguments[next++] is long given and >= 0 and <= MaxWidth
                    ? (int)given : missing;
            }
            var number = 0;
            for (; i < format.Length && char.IsAsciiDigit(format[i]); i++)
                number = Math.Min(MaxWidth, number * 10 + (format[i] - '0'));
            return number;
        }
    }
}
