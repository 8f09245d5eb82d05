using System.Buffers;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Sops.Yaml;

/// <summary>Writes texts: plain where that reads back as the same text, else in quotes or as a block, as go-yaml v3
/// chooses.</summary>
internal sealed class YamlScalarWriter(SecretWriter output)
{
    private const int LineLetters = 70;

    /// <summary>What may be done with a text.</summary>
    [Flags]
    private enum Traits
    {
        None = 0,
        Break = 1,
        NoPlain = 2,
        NoSingle = 4,
        NoBlock = 8,
    }

    /// <summary>Writes a text.</summary>
    /// <param name="parent">The column of the map or list that the text is in.</param>
    /// <param name="column">Where the lines of a block begin.</param>
    /// <param name="inline">A comment behind it; empty for none.</param>
    public void Write(
        ReadOnlySpan<byte> text, bool asKey, int parent, int column, ReadOnlySpan<byte> inline)
    {
        if (IsSimple(text))
        {
            output.Write(text);
            Inline(inline);
            return;
        }
        if (!System.Text.Unicode.Utf8.IsValid(text))
        {
            output.Write("!!binary "u8);
            text = Base64(text);
            if (text.Contains((byte)'\n')) Block(text, parent, column, inline);
            else Plain(text, inline);
            return;
        }
        if (text.SequenceEqual("<<"u8))
        {
            output.Write("!!merge "u8);
            Plain(text, inline);
            return;
        }
        var traits = TraitsOf(text);
        if (text.Contains((byte)'\n') && !asKey)
        {
            if ((traits & Traits.NoBlock) == 0)
            {
                Block(text, parent, column, inline);
                return;
            }
            DoubleQuoted(text);
        }
        else if (text.Contains((byte)'\n') || !YamlScalar.StaysText(Short(text)) || (traits & Traits.Break) != 0)
            DoubleQuoted(text);
        else if ((traits & Traits.NoPlain) == 0) output.Write(text);
        else if ((traits & Traits.NoSingle) == 0) SingleQuoted(text);
        else DoubleQuoted(text);
        Inline(inline);
    }

    /// <summary>Writes a comment behind a value.</summary>
    public void Inline(ReadOnlySpan<byte> comment)
    {
        if (comment.IsEmpty) return;
        output.Write(" #"u8);
        output.Write(comment.SequenceEqual(" "u8) ? default : comment);
    }

    /// <summary>Whether a text has a line end of any kind.</summary>
    public static bool HasBreak(ReadOnlySpan<byte> text) => (TraitsOf(text) & Traits.Break) != 0;

    /// <summary>The common case, above all that of encrypted values: letters, digits and signs that mean
    /// nothing.</summary>
    private static bool IsSimple(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("ENC[AES256_GCM,data:"u8) && text[^1] != ':') return !text.ContainsAnyExcept(s_encrypted);
        if (text.Length < 4 || !char.IsAsciiLetter((char)text[0]) || text.ContainsAnyExcept(s_simple)) return false;
        return text.Length > 5 || YamlScalar.StaysText(Encoding.ASCII.GetString(text));
    }

    // Nothing longer is a number, a word or a time.
    private static string Short(ReadOnlySpan<byte> text) =>
        text.Length > 400 ? "text" : Encoding.UTF8.GetString(text);

    private void Plain(ReadOnlySpan<byte> text, ReadOnlySpan<byte> inline)
    {
        output.Write(text);
        Inline(inline);
    }

    private void Block(ReadOnlySpan<byte> text, int parent, int column, ReadOnlySpan<byte> inline)
    {
        output.Write("|"u8);
        if (text[0] is (byte)' ' or (byte)'\n') output.Write([(byte)('0' + column - parent)]);
        if (text[^1] != '\n') output.Write("-"u8);
        else if (text.Length == 1 || text[^2] == '\n') output.Write("+"u8);
        Inline(inline);
        output.Write("\n"u8);
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            if (!line.IsEmpty)
            {
                output.GetSpan(column)[..column].Fill((byte)' ');
                output.Advance(column);
                output.Write(line);
            }
            if (end < 0) return;
            output.Write("\n"u8);
            text = text[(end + 1)..];
        }
    }

    private void SingleQuoted(ReadOnlySpan<byte> text)
    {
        output.Write("'"u8);
        while (text.IndexOf((byte)'\'') is >= 0 and var at)
        {
            output.Write(text[..(at + 1)]);
            output.Write("'"u8);
            text = text[(at + 1)..];
        }
        output.Write(text);
        output.Write("'"u8);
    }

    private void DoubleQuoted(ReadOnlySpan<byte> text)
    {
        output.Write("\""u8);
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf8(text, out var rune, out var length);
            if (rune.Value is '"' or '\\' || !IsPrintable(rune.Value) || IsBreak(rune.Value)) Escape(rune.Value);
            else output.Write(text[..length]);
            text = text[length..];
        }
        output.Write("\""u8);
    }

    private void Escape(int code)
    {
        ReadOnlySpan<byte> simple = code switch
        {
            0 => "\\0"u8, 7 => "\\a"u8, 8 => "\\b"u8, 9 => "\\t"u8, 10 => "\\n"u8, 11 => "\\v"u8, 12 => "\\f"u8,
            13 => "\\r"u8, 0x1B => "\\e"u8, '"' => "\\\""u8, '\\' => "\\\\"u8, 0x85 => "\\N"u8, 0xA0 => "\\_"u8,
            0x2028 => "\\L"u8, 0x2029 => "\\P"u8, _ => default,
        };
        output.Write(!simple.IsEmpty ? simple : Encoding.ASCII.GetBytes(code <= 0xFF ? $"\\x{code:X2}"
            : code <= 0xFFFF ? $"\\u{code:X4}" : $"\\U{code:X8}"));
    }

    private static Traits TraitsOf(ReadOnlySpan<byte> text)
    {
        var traits = Traits.None;
        if (text.IsEmpty) return traits;
        if (text.StartsWith("---"u8) || text.StartsWith("..."u8)) traits |= Traits.NoPlain;
        if (text[0] == ' ' || text[^1] == ' ') traits |= Traits.NoPlain;
        if (text[^1] == ' ') traits |= Traits.NoBlock;
        bool blankBefore = true, space = false, wasBreak = false;
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf8(text[i..], out var rune, out var length);
            var blankAfter = i + length >= text.Length || text[i + length] is (byte)' ' or (byte)'\t';
            if (IsIndicator(rune.Value, i == 0, blankBefore, blankAfter)) traits |= Traits.NoPlain;
            if (rune.Value == '\t') traits |= Traits.NoPlain | Traits.NoSingle;
            else if (!IsPrintable(rune.Value)) traits |= Traits.NoPlain | Traits.NoSingle | Traits.NoBlock;
            if (rune.Value == ' ')
            {
                if (wasBreak) traits |= Traits.NoPlain | Traits.NoSingle;
                (space, wasBreak) = (true, false);
            }
            else if (IsBreak(rune.Value))
            {
                traits |= Traits.Break | Traits.NoPlain;
                // The other line ends would need indentation behind them in a block.
                if (rune.Value is not '\n') traits |= Traits.NoSingle | Traits.NoBlock;
                if (space) traits |= Traits.NoSingle | Traits.NoBlock;
                (space, wasBreak) = (false, true);
            }
            else (space, wasBreak) = (false, false);
            blankBefore = rune.Value is ' ' or '\t' || IsBreak(rune.Value);
            i += length;
        }
        return traits;
    }

    private static bool IsIndicator(int c, bool first, bool blankBefore, bool blankAfter) => first
        ? c switch
        {
            '#' or ',' or '[' or ']' or '{' or '}' or '&' or '*' or '!' or '|' or '>' or '\'' or '"' or '%' or '@'
                or '`' => true,
            '?' or ':' or '-' => blankAfter,
            _ => false,
        }
        : (c == ':' && blankAfter) || (c == '#' && blankBefore);

    private static bool IsBreak(int c) => c is '\n' or '\r' or 0x85 or 0x2028 or 0x2029;

    /// <summary>What go-yaml takes for printable: nothing beyond the basic plane, so that it escapes emoji.</summary>
    private static bool IsPrintable(int c) =>
        c is '\n' or (>= 0x20 and <= 0x7E) or (>= 0xA0 and <= 0xD7FF) or (>= 0xE000 and <= 0xFFFD and not 0xFEFF);

    private static byte[] Base64(ReadOnlySpan<byte> bytes)
    {
        var text = Convert.ToBase64String(bytes);
        if (text.Length <= LineLetters) return Encoding.ASCII.GetBytes(text);
        var lines = new StringBuilder();
        for (var i = 0; i < text.Length; i += LineLetters)
            lines.Append(text, i, Math.Min(LineLetters, text.Length - i)).Append('\n');
        return Encoding.ASCII.GetBytes(lines.ToString());
    }

    private static readonly SearchValues<byte> s_encrypted = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/=[],:"u8);

    private static readonly SearchValues<byte> s_simple = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/=[],.;()$^~-"u8);
}
