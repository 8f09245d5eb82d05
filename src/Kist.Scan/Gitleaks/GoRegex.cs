using System.Text;
using System.Text.RegularExpressions;

namespace Kist.Scan.Gitleaks;

/// <summary>
/// Regular expressions as Go spells them, run by an engine that takes time in proportion to the text, as Go's does.
/// </summary>
internal static partial class GoRegex
{
    private static readonly Dictionary<string, string> s_classes = new()
    {
        ["alnum"] = "0-9A-Za-z", ["alpha"] = "A-Za-z", ["ascii"] = @"\x00-\x7F", ["blank"] = @"\t ",
        ["cntrl"] = @"\x00-\x1F\x7F", ["digit"] = "0-9", ["graph"] = "!-~", ["lower"] = "a-z", ["print"] = " -~",
        ["punct"] = @"!-/:-@\[-`{-~", ["space"] = @"\t\n\v\f\r ", ["upper"] = "A-Z", ["word"] = "0-9A-Za-z_",
        ["xdigit"] = "0-9A-Fa-f",
    };

    /// <summary>Compiles; null and a reason when the expression is wrong.</summary>
    public static Regex? Compile(string pattern, out string? problem)
    {
        try
        {
            problem = null;
            return new Regex(
                Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant,
                    TimeSpan.FromSeconds(10));
        }
        catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
        {
            problem = wrong.Message;
            return null;
        }
    }

    // Named groups, POSIX classes, \z, \pL without braces, \x{…}, and a dollar that means the end of the text.
    private static string Translate(string pattern)
    {
        var text = new StringBuilder(pattern.Length + 16);
        var (inSet, isMultiline) = (false, MultilineFlag().IsMatch(pattern));
        for (var i = 0; i < pattern.Length; i++)
        {
            var rest = pattern.AsSpan(i);
            if (pattern[i] == '\\' && i + 1 < pattern.Length) i += Escape(rest, text);
            else if (inSet && rest.StartsWith("[:") && rest.IndexOf(":]") is > 2 and var end) i += Posix(rest, end,
                text);
            else if (!inSet && rest.StartsWith("(?P<"))
            {
                text.Append("(?<");
                i += 3;
            }
            else if (!inSet && pattern[i] == '$' && !isMultiline) text.Append(@"\z");
            else
            {
                if (pattern[i] == '[' && inSet) text.Append('\\');
                inSet = pattern[i] == '[' || (inSet && !(pattern[i] == ']' && !IsFirstOfSet(pattern, i)));
                text.Append(pattern[i]);
            }
        }
        return text.ToString();
    }

    private static bool IsFirstOfSet(string pattern, int at) =>
        pattern[at - 1] == '[' || (pattern[at - 1] == '^' && at >= 2 && pattern[at - 2] == '[');

    private static int Posix(ReadOnlySpan<char> rest, int end, StringBuilder text)
    {
        var name = rest[2..end].ToString();
        text.Append(s_classes.TryGetValue(name, out var members) ? members : rest[..(end + 2)]);
        return end + 1;
    }

    private static int Escape(ReadOnlySpan<char> rest, StringBuilder text)
    {
        if (rest[1] is 'p' or 'P' && rest.Length > 2 && rest[2] != '{')
        {
            text.Append('\\').Append(rest[1]).Append('{').Append(rest[2]).Append('}');
            return 2;
        }
        if (rest.StartsWith("\\x{") && rest.IndexOf('}') is > 3 and var close
            && int.TryParse(rest[3..close], System.Globalization.NumberStyles.HexNumber, null, out var value)
            && value <= 0xFFFF)
        {
            text.Append($"\\u{value:X4}");
            return close;
        }
        text.Append(rest[..2]);
        return 1;
    }

    [GeneratedRegex(@"\(\?[a-zA-Z]*m[a-zA-Z]*[):-]")]
    private static partial Regex MultilineFlag();
}
