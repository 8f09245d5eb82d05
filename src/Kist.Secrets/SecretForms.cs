using System.Buffers.Text;

namespace Kist.Secrets;

/// <summary>Takes one form of a secret; the bytes are zeroed after the call.</summary>
internal delegate void FormSink(ReadOnlySpan<byte> form);

/// <summary>
/// The forms in which a program may print a value: as it is, line by line, with other line ends, without terminal
/// colours, in base64, hexadecimal, escaped for URLs, JSON, HTML and the shell.
/// </summary>
internal static class SecretForms
{
    /// <summary>Longer values are masked as they are and line by line only: nobody prints a file of this size as one
    /// JSON string, and the automaton must stay small.</summary>
    private const int MostForAllForms = 16 * 1024;

    /// <summary>A shorter line of a value with several lines ("true", "}") would mask innocent text.</summary>
    private const int ShortestLine = 8;

    /// <summary>Of base64 inside other base64, this many characters must be sure.</summary>
    private const int ShortestInner = 6;

    /// <summary>Longer forms are not looked for without their first characters; the automaton must stay small.
    /// </summary>
    private const int MostForBrokenBeginnings = 1024;

    public static void Each(ReadOnlySpan<byte> value, FormSink sink)
    {
        // A line end at the end of a value belongs to the file it came from; masked, it would join two lines.
        var trimmed = value.TrimEnd("\r\n"u8);
        if (trimmed.Length < Redactor.MinLength) return;
        sink(trimmed);
        Broken(trimmed, 2 * ShortestLine, sink);
        WithoutColours(trimmed, sink);
        Lines(trimmed, sink);
        if (trimmed.Length > MostForAllForms) return;
        Hex(trimmed, sink);
        Base64Forms(trimmed, sink);
        if (value.Length != trimmed.Length) Base64Forms(value, sink);
        EscapedForms.Each(trimmed, sink);
    }

    private static void WithoutColours(ReadOnlySpan<byte> value, FormSink sink)
    {
        if (value.IndexOf((byte)0x1B) < 0) return;
        using var plain = new SecretWriter(value.Length);
        var sequence = new ControlSequence();
        var begin = 0;
        for (var i = 0; i < value.Length; i++)
        {
            var step = sequence.Next(value[i]);
            if (step == ControlStep.Begins) begin = i;
            if (step == ControlStep.Broken) plain.Write(value[begin..i]);
            if (step is ControlStep.Broken or ControlStep.Outside)
            {
                if (sequence.IsOpen) begin = i;
                else plain.Write(value.Slice(i, 1));
            }
        }
        if (sequence.IsOpen) plain.Write(value[begin..]);
        sink(plain.WrittenSpan);
    }

    private static void Lines(ReadOnlySpan<byte> value, FormSink sink)
    {
        if (value.IndexOf((byte)'\n') < 0) return;
        using var unix = new SecretWriter(value.Length);
        using var windows = new SecretWriter(value.Length * 2);
        foreach (var range in value.Split((byte)'\n'))
        {
            var line = value[range].TrimEnd((byte)'\r');
            if (unix.WrittenCount > 0)
            {
                unix.Write("\n"u8);
                windows.Write("\r\n"u8);
            }
            unix.Write(line);
            windows.Write(line);
            var inner = line.Trim(" \t"u8);
            // The armour of a PEM block is no secret.
            if (inner.Length >= ShortestLine && !inner.StartsWith("-----"u8)) sink(inner);
        }
        sink(unix.WrittenSpan);
        sink(windows.WrittenSpan);
    }

    private static void Hex(ReadOnlySpan<byte> value, FormSink sink)
    {
        using var hex = SecretBuffer.Rent(value.Length * 2);
        foreach (var digits in new[] { "0123456789abcdef", "0123456789ABCDEF" })
        {
            for (var i = 0; i < value.Length; i++)
            {
                hex.Span[2 * i] = (byte)digits[value[i] >> 4];
                hex.Span[2 * i + 1] = (byte)digits[value[i] & 15];
            }
            sink(hex.Span);
            Broken(hex.Span, 2 * ShortestLine, sink);
        }
    }

    /// <summary>
    /// The value alone, with and without padding; and the characters that are sure when it stands inside other text
    /// (<c>user:value</c>), which is encoded in groups of three bytes, so that there are three ways to begin; and each
    /// line by itself of lines of 64 and 76.
    /// </summary>
    private static void Base64Forms(ReadOnlySpan<byte> value, FormSink sink)
    {
        for (var lead = 0; lead < 3; lead++)
        {
            using var padded = SecretBuffer.Rent(lead + value.Length);
            value.CopyTo(padded.Span[lead..]);
            using var text = SecretBuffer.Rent(Base64.GetMaxEncodedToUtf8Length(padded.Length));
            Base64.EncodeToUtf8(padded.Span, text.Span, out _, out var written);
            text.Truncate(written);
            Variant(text.Span, lead, padded.Length, sink);
            text.Span.Replace((byte)'+', (byte)'-');
            text.Span.Replace((byte)'/', (byte)'_');
            Variant(text.Span, lead, padded.Length, sink);
        }
    }

    private static void Variant(ReadOnlySpan<byte> text, int lead, int length, FormSink sink)
    {
        var first = (lead * 8 + 5) / 6;
        var sure = text[first..(length * 8 / 6)];
        if (sure.Length >= ShortestInner) sink(sure);
        Broken(sure, 2 * ShortestInner, sink);
        if (lead != 0) return;
        sink(text);
        sink(text.TrimEnd((byte)'='));
        LinesOf(text, 64, sink);
        LinesOf(text, 76, sink);
    }

    /// <summary>A line may end within the first characters, and so few are not looked for: the rest by itself.
    /// </summary>
    private static void Broken(ReadOnlySpan<byte> form, int shortest, FormSink sink)
    {
        if (form.Length > MostForBrokenBeginnings) return;
        for (var without = 1; without < Redactor.ShortestBroken; without++)
            if (form.Length - without >= shortest) sink(form[without..]);
    }

    private static void LinesOf(ReadOnlySpan<byte> text, int width, FormSink sink)
    {
        if (text.Length <= width) return;
        for (var at = 0; at < text.Length; at += width)
        {
            var line = text[at..Math.Min(at + width, text.Length)];
            if (line.Length >= ShortestInner) sink(line);
        }
    }
}
