using System.Text;
using System.Text.Json;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>
/// The one form of a policy's text: two spaces per bracket, one space around <c>=</c> and before <c>{</c>, no
/// trailing blanks, at most one empty line. It moves blanks only, so it cannot change what a policy means.
/// </summary>
internal static class PolicyText
{
    /// <summary>Formats HCL or JSON; brackets or quotes that do not close are the problem.</summary>
    public static Problem? Format(string text, out string formatted)
    {
        formatted = text;
        if (text.TrimStart().StartsWith('{')) return FormatJson(text, out formatted);
        var result = new StringBuilder(text.Length);
        var depth = 0;
        var number = 0;
        var blank = true;
        var comment = false;
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            number++;
            var content = line.Trim();
            if (content.Length == 0)
            {
                if (!blank) result.Append('\n');
                blank = true;
                continue;
            }
            blank = false;
            if (Tidy(content, ref comment, out var tidy, out var opened, out var closedFirst) is { } reason)
                return new Problem($"line {number}: {reason}");
            if (depth < closedFirst) return new Problem($"line {number}: a bracket closes that was never opened");
            result.Append(' ', (depth - closedFirst) * 2).Append(tidy).Append('\n');
            depth += opened;
            if (depth < 0) return new Problem($"line {number}: a bracket closes that was never opened");
        }
        if (depth > 0) return new Problem("a bracket is never closed");
        formatted = result.ToString().TrimEnd('\n') + "\n";
        return null;
    }

    // One line: blanks made regular outside quotes and comments; brackets counted.
    private static string? Tidy(string line, ref bool comment, out string tidy, out int opened, out int closedFirst)
    {
        var text = new StringBuilder(line.Length + 8);
        (opened, closedFirst) = (0, 0);
        tidy = line;
        var quoted = false;
        var leading = true;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            var next = i + 1 < line.Length ? line[i + 1] : '\0';
            if (comment)
            {
                comment = !(c == '*' && next == '/');
                text.Append(c);
                if (!comment) text.Append(line[++i]);
                continue;
            }
            if (quoted)
            {
                text.Append(c);
                if (c == '\\' && next != '\0') text.Append(line[++i]);
                quoted = c != '"';
                continue;
            }
            if (c == '#' || (c == '/' && next == '/'))
            {
                text.Append(line, i, line.Length - i);
                break;
            }
            comment = c == '/' && next == '*';
            quoted = c == '"';
            if (c is '{' or '[') opened++;
            if (c is '}' or ']') opened--;
            if (c is '}' or ']' && leading) closedFirst++;
            leading &= c is '}' or ']' or ' ';
            Append(text, c, next);
        }
        tidy = text.ToString().TrimEnd();
        return quoted ? "a quote is never closed" : null;
    }

    private static void Append(StringBuilder text, char c, char next)
    {
        var last = text.Length > 0 ? text[^1] : '\0';
        if (c is ' ' or '\t')
        {
            if (last is not (' ' or '\0' or '[') && next is not (' ' or '\t' or ',' or ']')) text.Append(' ');
            return;
        }
        if (c is '=' or '{' && last is not (' ' or '\0' or '[' or '=')) text.Append(' ');
        text.Append(c);
        if (c is '=' or ',' && next is not (' ' or '\t' or '\0' or '=')) text.Append(' ');
    }

    private static Problem? FormatJson(string text, out string formatted)
    {
        formatted = text;
        try
        {
            using var document = JsonDocument.Parse(text);
            using var pretty = new SecretWriter(text.Length * 2);
            JsonText.WriteIndented(document.RootElement, pretty);
            formatted = Encoding.UTF8.GetString(pretty.WrittenSpan);
            return null;
        }
        catch (JsonException e)
        {
            return new Problem($"line {e.LineNumber + 1}: this is not JSON");
        }
    }
}
