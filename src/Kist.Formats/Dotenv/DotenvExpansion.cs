using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Dotenv;

/// <summary>Puts the values of variables in the place of <c>$NAME</c> and <c>${NAME…}</c>.</summary>
internal sealed class DotenvExpansion(List<DotenvEntry> before, Func<string, string?> outside)
{
    private const int MaxBytes = 1 << 20, MaxDepth = 16;

    /// <summary>Expands a text without quotes, in which <c>\$</c> is a dollar; gives what is wrong.</summary>
    public string? Expand(ReadOnlySpan<byte> text, SecretWriter to) => Expand(text, to, escapes: false, 0);

    /// <summary>Expands a double-quoted text with its escapes; gives what is wrong.</summary>
    public string? ExpandEscaped(ReadOnlySpan<byte> text, SecretWriter to) => Expand(text, to, escapes: true, 0);

    private string? Expand(ReadOnlySpan<byte> text, SecretWriter to, bool escapes, int depth)
    {
        if (depth > MaxDepth) return "variables are nested too deeply";
        for (var i = 0; i < text.Length; i++)
        {
            if (to.WrittenCount > MaxBytes) return "the value grows beyond 1 MiB";
            if (text[i] == (byte)'$' && i + 1 < text.Length && (text[i + 1] == (byte)'{' || IsStart(text[i + 1])))
            {
                if (One(text[i..], to, escapes, depth, out var length) is { } wrong) return wrong;
                i += length - 1;
            }
            else if (escapes) i += DotenvParser.Unescape(text[i..], to);
            else if (text[i] == (byte)'\\' && i + 1 < text.Length && text[i + 1] == (byte)'$')
                to.Write(text[++i..][..1]);
            else to.Write(text.Slice(i, 1));
        }
        return null;
    }

    // text begins with $; length is what belongs to the reference.
    private string? One(ReadOnlySpan<byte> text, SecretWriter to, bool escapes, int depth, out int length)
    {
        var braces = text[1] == (byte)'{';
        var end = braces ? 2 : 1;
        while (end < text.Length && (IsStart(text[end]) || char.IsAsciiDigit((char)text[end]))) end++;
        length = end;
        var name = Encoding.ASCII.GetString(text[(braces ? 2 : 1)..end]);
        if (!braces)
        {
            Value(name, to);
            return null;
        }
        var close = Closing(text);
        if (close < 0 || name.Length == 0 || !IsStart((byte)name[0])) return "a reference is ${NAME}, and has an end";
        length = close + 1;
        var rest = text[end..close];
        if (rest.IsEmpty)
        {
            Value(name, to);
            return null;
        }
        var whenEmptyToo = rest[0] == (byte)':';
        if (whenEmptyToo) rest = rest[1..];
        if (rest.IsEmpty || rest[0] is not ((byte)'-' or (byte)'+' or (byte)'?'))
            return $"${{{name}…}} knows :- :+ and :? only";
        using var value = new SecretWriter(64);
        var isSet = Value(name, value) && !(whenEmptyToo && value.WrittenCount == 0);
        switch (rest[0])
        {
            case (byte)'?' when !isSet: return $"{name} is not set, and must be";
            case (byte)'+' when !isSet: return null;
            case (byte)'+': return Expand(rest[1..], to, escapes, depth + 1);
            case (byte)'-' when !isSet: return Expand(rest[1..], to, escapes, depth + 1);
        }
        to.Write(value.WrittenSpan);
        return null;
    }

    private bool Value(string name, SecretWriter to)
    {
        for (var i = before.Count - 1; i >= 0; i--)
        {
            if (before[i].Name != name) continue;
            to.Write(before[i].Value.Span);
            return true;
        }
        if (outside(name) is not { } value) return false;
        to.Write(Encoding.UTF8.GetBytes(value));
        return true;
    }

    private static int Closing(ReadOnlySpan<byte> text)
    {
        var open = 0;
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == (byte)'\\') i++;
            else if (text[i] == (byte)'{' && text[i - 1] == (byte)'$') open++;
            else if (text[i] == (byte)'}' && --open == 0) return i;
        }
        return -1;
    }

    private static bool IsStart(byte one) => char.IsAsciiLetter((char)one) || one == (byte)'_';
}
