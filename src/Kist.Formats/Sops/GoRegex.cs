using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Kist.Formats.Sops;

/// <summary>
/// A regular expression in Go's syntax (RE2): linear in time, no look-around, no references back. It is written again
/// for .NET where the two differ: classes of letters are those of ASCII, <c>$</c> is the end of the text.
/// </summary>
internal sealed class GoRegex
{
    private readonly Regex _regex;

    private GoRegex(Regex regex) => _regex = regex;

    /// <summary>Whether it matches somewhere in the text.</summary>
    public bool Matches(string text) => _regex.IsMatch(text);

    /// <summary>The expression, or why it is none.</summary>
    public static SopsOutcome<GoRegex> Parse(string pattern)
    {
        try
        {
            return new GoRegex(new Regex(Translate(pattern),
                RegexOptions.NonBacktracking | RegexOptions.CultureInvariant));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            // .NET's text would quote its own form of the expression.
            return new SopsFault(SopsExit.Config, $"the regular expression {pattern} is not valid");
        }
    }

    private static string Translate(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\') i = Escape(pattern, i + 1, inClass, result);
            else if (inClass && c == '[' && NamedClass(pattern, i, out var ranges, out var length))
            {
                result.Append(ranges);
                i += length - 1;
            }
            else if (inClass && c == '[') result.Append("\\[");
            else if (!inClass && c == '[')
            {
                inClass = true;
                result.Append(c);
                if (i + 1 < pattern.Length && pattern[i + 1] == '^') result.Append(pattern[++i]);
                // A bracket that comes first in a class is a letter of it.
                if (i + 1 < pattern.Length && pattern[i + 1] == ']')
                {
                    result.Append("\\]");
                    i++;
                }
            }
            else if (inClass && c == ']')
            {
                inClass = false;
                result.Append(c);
            }
            else if (!inClass && c == '$') result.Append("\\z");
            else if (!inClass && c == '(' && pattern.AsSpan(i).StartsWith("(?P<"))
            {
                result.Append("(?<");
                i += 3;
            }
            else result.Append(c);
        }
        return result.ToString();
    }

    /// <summary>Writes what stands behind a backslash, and gives the place of its last letter.</summary>
    private static int Escape(string pattern, int at, bool inClass, StringBuilder result)
    {
        if (at >= pattern.Length) throw new ArgumentException("a backslash at the end");
        var c = pattern[at];
        switch (c)
        {
            case 'd' or 'w' or 's':
                var ranges = c == 'd' ? "0-9" : c == 'w' ? "0-9A-Za-z_" : @"\t\n\f\r ";
                result.Append(inClass ? ranges : $"[{ranges}]");
                return at;
            case 'D' or 'W' or 'S' when !inClass:
                result.Append(c == 'D' ? "[^0-9]" : c == 'W' ? "[^0-9A-Za-z_]" : @"[^\t\n\f\r ]");
                return at;
            case 'p' or 'P' when at + 1 < pattern.Length && pattern[at + 1] != '{':
                result.Append('\\').Append(c).Append('{').Append(pattern[at + 1]).Append('}');
                return at + 1;
            case 'Q' when !inClass:
                var end = pattern.IndexOf("\\E", at + 1, StringComparison.Ordinal);
                var literal = end < 0 ? pattern[(at + 1)..] : pattern[(at + 1)..end];
                result.Append(Regex.Escape(literal));
                return end < 0 ? pattern.Length - 1 : end + 1;
            case 'x' when at + 1 < pattern.Length && pattern[at + 1] == '{':
                var close = pattern.IndexOf('}', at);
                if (close < 0) throw new ArgumentException("no closing brace");
                result.Append(Letter(pattern.AsSpan((at + 2)..close), inClass));
                return close;
            case '_': // .NET refuses it before a letter of words
                result.Append(c);
                return at;
            case >= '1' and <= '9' or 'Z' or 'G' or 'k' or 'c' or 'e' or 'u':
                throw new ArgumentException("an escape that Go does not have");
            default:
                result.Append('\\').Append(c);
                return at;
        }
    }

    /// <summary>A letter by its number in hex; the form with a backslash is one letter in a class as well.</summary>
    private static string Letter(ReadOnlySpan<char> hex, bool inClass)
    {
        if (!int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            || code is < 0 or > 0x10FFFF) throw new ArgumentException("no number of a letter");
        if (code <= 0xFFFF) return $"\\u{code:x4}";
        if (inClass) throw new NotSupportedException("a letter of two units in a class");
        var units = char.ConvertFromUtf32(code);
        return $"(?:\\u{(int)units[0]:x4}\\u{(int)units[1]:x4})";
    }

    private static bool NamedClass(string pattern, int at, out string ranges, out int length)
    {
        (ranges, length) = ("", 0);
        var end = pattern.IndexOf(":]", at, StringComparison.Ordinal);
        if (end < 0 || at + 1 >= pattern.Length || pattern[at + 1] != ':') return false;
        length = end + 2 - at;
        ranges = pattern[(at + 2)..end] switch
        {
            "alnum" => "0-9A-Za-z",
            "alpha" => "A-Za-z",
            "ascii" => @"\x00-\x7F",
            "blank" => @"\t ",
            "cntrl" => @"\x00-\x1F\x7F",
            "digit" => "0-9",
            "graph" => "!-~",
            "lower" => "a-z",
            "print" => " -~",
            "punct" => @"!-/:-@\[-`{-~",
            "space" => @"\t\n\v\f\r ",
            "upper" => "A-Z",
            "word" => "0-9A-Za-z_",
            "xdigit" => "0-9A-Fa-f",
            _ => throw new ArgumentException("a class that Go does not have"),
        };
        return true;
    }
}
