using System.Text;

namespace Kist.Secrets;

/// <summary>A value escaped as the common encoders do it. Their rules differ in which characters they touch and in the
/// case of their hexadecimal digits, so each encoder is one row here.</summary>
internal static class EscapedForms
{
    private const string Unreserved = "-_.~";

    public static void Each(ReadOnlySpan<byte> value, FormSink sink)
    {
        foreach (var digits in new[] { "0123456789ABCDEF", "0123456789abcdef" })
        {
            Url(value, Unreserved, false, digits, sink);           // RFC 3986
            Url(value, "*-._", true, digits, sink);                // HTML forms: blank becomes plus
            Url(value, Unreserved + "!'()*", false, digits, sink); // encodeURIComponent
            Url(value, Unreserved + "!'()*;,/?:@&=+$#", false, digits, sink); // encodeURI
            Url(value, Unreserved + "/", false, digits, sink);     // Python's quote
        }
        Json(value, "", false, "0123456789abcdef", sink);          // the least: JavaScript, jq, Rust
        Json(value, "/", false, "0123456789abcdef", sink);
        Json(value, "<>&", false, "0123456789abcdef", sink);       // Go
        Json(value, "", true, "0123456789abcdef", sink);           // Python
        Json(value, "/", true, "0123456789abcdef", sink);          // PHP
        Json(value, "\"<>&'+`", true, "0123456789ABCDEF", sink);   // .NET
        Shell(value, sink);
        if (value.IndexOfAny("&<>\"'"u8) < 0) return;
        Html(value, "&quot;", "&#x27;", false, sink);               // Python
        Html(value, "&#34;", "&#39;", false, sink);                 // Go
        Html(value, "&quot;", "&#039;", false, sink);               // PHP
        Html(value, "&quot;", "&#39;", false, sink);                // JavaScript's libraries, Java's
        Html(value, "&quot;", "&#39;", true, sink);                 // .NET
    }

    /// <param name="latin">Whether U+00A0 to U+00FF are numbers.</param>
    private static void Html(ReadOnlySpan<byte> value, string quote, string apostrophe, bool latin, FormSink sink)
    {
        using var text = new SecretWriter(value.Length * 6);
        while (value.Length > 0)
        {
            var status = Rune.DecodeFromUtf8(value, out var rune, out var length);
            var entity = rune.Value switch
            {
                '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '"' => quote, '\'' => apostrophe,
                >= 0xA0 and <= 0xFF when latin && status == System.Buffers.OperationStatus.Done =>
                    string.Create(System.Globalization.CultureInfo.InvariantCulture, $"&#{rune.Value};"),
                _ => null,
            };
            text.Write(entity is null ? value[..length] : Encoding.ASCII.GetBytes(entity));
            value = value[length..];
        }
        sink(text.WrittenSpan);
    }

    private static void Url(
        ReadOnlySpan<byte> value, string kept, bool blankIsPlus, string digits, FormSink sink)
    {
        using var text = new SecretWriter(value.Length * 3);
        foreach (var b in value)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || (b < 128 && kept.Contains((char)b))) text.Write([b]);
            else if (b == ' ' && blankIsPlus) text.Write("+"u8);
            else text.Write([(byte)'%', (byte)digits[b >> 4], (byte)digits[b & 15]]);
        }
        sink(text.WrittenSpan);
    }

    /// <param name="extra">Characters that are escaped though JSON does not ask for it: the slash as <c>\/</c>, others
    /// as <c>\u</c>.</param>
    /// <param name="ascii">Whether everything beyond ASCII is escaped.</param>
    private static void Json(ReadOnlySpan<byte> value, string extra, bool ascii, string digits, FormSink sink)
    {
        using var text = new SecretWriter(value.Length * 2);
        Span<char> units = stackalloc char[2];
        while (value.Length > 0)
        {
            if (Rune.DecodeFromUtf8(value, out var rune, out var taken) != System.Buffers.OperationStatus.Done)
                return; // bytes that are no text are never in a JSON string
            var bytes = value[..taken];
            value = value[taken..];
            var letter = taken == 1 ? (char)bytes[0] : '\0';
            var unicode = taken > 1 ? ascii : letter < ' ' || letter == 0x7F && ascii && extra.Length > 1
                || extra.Contains(letter) && letter != '/';
            if (Short(letter, extra) is { } escape && !(unicode && letter >= ' '))
                text.Write([(byte)'\\', (byte)escape]);
            else if (!unicode) text.Write(bytes);
            else
                foreach (var unit in units[..rune.EncodeToUtf16(units)]) Unicode(text, unit, digits);
        }
        sink(text.WrittenSpan);
    }

    private static char? Short(char letter, string extra) => letter switch
    {
        '"' or '\\' => letter,
        '/' when extra.Contains('/') => '/',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\b' => 'b',
        '\f' => 'f',
        _ => null,
    };

    private static void Unicode(SecretWriter text, char unit, string digits) => text.Write(
    [
        (byte)'\\', (byte)'u', (byte)digits[unit >> 12], (byte)digits[(unit >> 8) & 15],
        (byte)digits[(unit >> 4) & 15], (byte)digits[unit & 15],
    ]);

    /// <summary>What <c>set -x</c> prints: quoted by single quotes, each of its own as <c>'\''</c>.</summary>
    private static void Shell(ReadOnlySpan<byte> value, FormSink sink)
    {
        if (value.IndexOf((byte)'\'') < 0) return;
        using var text = new SecretWriter(value.Length * 2);
        foreach (var b in value)
        {
            if (b == '\'') text.Write("'\\''"u8);
            else text.Write([b]);
        }
        sink(text.WrittenSpan);
    }
}
