using System.Text;

namespace Kist.Formats.Sops.Keys;

/// <summary>Splits a command into words as a shell does, without anything else that a shell does.</summary>
public static class CommandWords
{
    /// <summary>The words; null where a quote is not closed.</summary>
    public static List<string>? Split(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (inWord, quote) = (false, '\0');
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote == '\'' ? c != '\'' : quote == '"' && c is not ('"' or '\\')) word.Append(c);
            else if (quote != 0 && c == quote) quote = '\0';
            else if (c == '\\' && i + 1 < text.Length)
            {
                if (quote == '"' && text[i + 1] is not ('"' or '\\' or '$' or '`')) word.Append('\\');
                word.Append(text[++i]);
                inWord = true;
            }
            else if (c is '\'' or '"') (quote, inWord) = (c, true);
            else if (char.IsWhiteSpace(c))
            {
                if (inWord) words.Add(word.ToString());
                word.Clear();
                inWord = false;
            }
            else
            {
                word.Append(c);
                inWord = true;
            }
        }
        if (quote != 0) return null;
        if (inWord) words.Add(word.ToString());
        return words;
    }
}
