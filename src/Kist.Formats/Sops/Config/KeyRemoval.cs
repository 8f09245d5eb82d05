using System.Text;

namespace Kist.Formats.Sops.Config;

/// <summary>Takes a key out of the text of a <c>.sops.yaml</c> and leaves everything else as it stands.</summary>
internal static class KeyRemoval
{
    /// <summary>The text without the key; null where it does not hold it.</summary>
    public static byte[]? Remove(ReadOnlySpan<byte> content, string key)
    {
        var lines = Encoding.UTF8.GetString(content).Split('\n');
        var aliases = new HashSet<string>(StringComparer.Ordinal);
        var kept = new List<string>();
        foreach (var line in lines)
        {
            var (item, anchor) = Item(line);
            if (item == key || (item is ['*', ..] && aliases.Contains(item[1..])))
            {
                if (anchor is not null) aliases.Add(anchor);
                continue;
            }
            kept.Add(WithoutToken(line, key, aliases));
        }
        var text = string.Join('\n', kept);
        return text == string.Join('\n', lines) ? null : Encoding.UTF8.GetBytes(text);
    }

    // What a line "- &anchor "value" # comment" lists.
    private static (string? Item, string? Anchor) Item(string line)
    {
        var text = line.Trim();
        if (!text.StartsWith("- ", StringComparison.Ordinal)) return (null, null);
        text = text[2..].Trim();
        string? anchor = null;
        if (text.StartsWith('&'))
        {
            var end = text.IndexOf(' ', StringComparison.Ordinal);
            if (end < 0) return (null, null);
            anchor = text[1..end];
            text = text[end..].Trim();
        }
        var comment = text.IndexOf(" #", StringComparison.Ordinal);
        if (comment >= 0) text = text[..comment].Trim();
        text = text.TrimEnd(',');
        if (text.Length >= 2 && text[0] is '"' or '\'' && text[^1] == text[0]) text = text[1..^1];
        return (text, anchor);
    }

    // "age: a,key,b" and "[a, key, *alias]": the key goes with one of its commas.
    private static string WithoutToken(string line, string key, HashSet<string> aliases)
    {
        foreach (var token in aliases.Select(static a => "*" + a).Prepend(key))
        {
            for (var at = 0; (at = line.IndexOf(token, at, StringComparison.Ordinal)) >= 0;)
            {
                var end = at + token.Length;
                if (!Ends(line, at - 1) || !Ends(line, end))
                {
                    at = end;
                    continue;
                }
                var (from, to) = (at, end);
                while (to < line.Length && line[to] == ' ') to++;
                if (to < line.Length && line[to] == ',')
                {
                    to++;
                    while (to < line.Length && line[to] == ' ') to++;
                }
                else
                {
                    to = end;
                    while (from > 0 && line[from - 1] == ' ') from--;
                    if (from > 0 && line[from - 1] == ',') from--;
                    else from = at;
                }
                line = line[..from] + line[to..];
                at = from;
            }
        }
        return line;
    }

    private static bool Ends(string line, int at) =>
        at < 0 || at >= line.Length || line[at] is ' ' or ',' or '"' or '\'' or '[' or ']' or '\r' or '#';
}
