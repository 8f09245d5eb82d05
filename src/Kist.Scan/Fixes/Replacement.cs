using System.Text;

namespace Kist.Scan.Fixes;

/// <summary>What takes a secret's place in a file.</summary>
/// <param name="Start">Where the replaced bytes begin.</param>
/// <param name="Length">How many they are.</param>
/// <param name="ValueStart">Where in them the value begins that moves away: a whole string, or the secret
/// alone.</param>
/// <param name="ValueLength">How long that value is.</param>
/// <param name="Name">A good name for the variable.</param>
/// <param name="Form">What is put there, with <c>NAME</c> for the name.</param>
/// <param name="Needs">What the file must have besides.</param>
public sealed record Replacement(
    int Start, int Length, int ValueStart, int ValueLength, string Name, string Form, string? Needs)
{
    /// <summary>Plans it; null with the reason where people have to do it.</summary>
    /// <param name="content">The file's bytes.</param>
    public static Replacement? Plan(ReadOnlySpan<byte> content, Finding finding, string path, out string reason)
    {
        reason = "";
        int start = finding.Offset, length = finding.Length;
        if (start < 0 || length <= 0 || start + length > content.Length
            || !content.Slice(start, length).SequenceEqual(finding.Secret.Span))
            return No("the file has changed, or is not UTF-8", out reason);
        if (content.Slice(start, length).ContainsAny((byte)'\n', (byte)'\r'))
            return No("it has several lines: keep it in a file outside the repository", out reason);
        if (path.Contains('!')) return No("it lies in an archive", out reason);
        if (Reference.For(path) is not { } reference) return No("there is no reference for this kind of file",
            out reason);
        var line = content[..start].LastIndexOf((byte)'\n') + 1;
        var rest = content[start..].IndexOf((byte)'\n');
        var end = rest < 0 ? content.Length : start + rest;
        var name = NameOf(content[line..start], finding.Rule.Id);
        var (open, close) = Quotes(content, line, end, start, length);
        if (open < 0) return Bare(reference, start, length, name, out reason);
        var whole = close - open - 1;
        if (reference.Expression is { } expression && !IsName(content, close + 1, end, path))
            return new Replacement(open, close + 1 - open, open + 1, whole, name, expression, reference.Needs);
        return reference.InText is { } text
            ? new Replacement(start, length, start, length, name, text, reference.Needs)
            : No("a value cannot be read from the environment there", out reason);
    }

    private static Replacement? Bare(Reference reference, int start, int length, string name, out string reason)
    {
        reason = "";
        return reference.InText is { } text
            ? new Replacement(start, length, start, length, name, text, reference.Needs)
            : No("it does not stand in a string", out reason);
    }

    private static Replacement? No(string why, out string reason)
    {
        reason = why;
        return null;
    }

    // A string followed by a colon is a key, and no value.
    private static bool IsName(ReadOnlySpan<byte> content, int after, int end, string path) =>
        content[after..end].TrimStart((byte)' ') is [(byte)':', ..] && !path.EndsWith(".rb", StringComparison.Ordinal);

    /// <summary>The quotes around the secret on its line; -1 where there are none.</summary>
    private static (int Open, int Close) Quotes(ReadOnlySpan<byte> content, int line, int end, int start, int length)
    {
        var open = -1;
        for (var i = line; i < start; i++)
        {
            var one = content[i];
            if (one == (byte)'\\') i++;
            else if (open < 0 && one is (byte)'"' or (byte)'\'' or (byte)'`') open = i;
            else if (open >= 0 && one == content[open]) open = -1;
        }
        if (open < 0) return (-1, -1);
        for (var i = start + length; i < end; i++)
        {
            if (content[i] == (byte)'\\') i++;
            else if (content[i] == content[open]) return (open, i);
        }
        return (-1, -1);
    }

    /// <summary>The name that the line gives the value, in capitals; else the rule's.</summary>
    internal static string NameOf(ReadOnlySpan<byte> before, string rule)
    {
        var text = Encoding.UTF8.GetString(before);
        var at = text.LastIndexOfAny(['=', ':']);
        // In "postgres://user:" the colons are the value's own.
        while (at > 0 && (at + 1 < text.Length && text[at + 1] == '/' || text.AsSpan(0, at).Contains("://", default)))
            at = text.LastIndexOfAny(['=', ':'], at - 1);
        var end = at;
        while (end > 0 && !IsPart(text[end - 1])) end--;
        var begin = end;
        while (begin > 0 && IsPart(text[begin - 1])) begin--;
        var colon = begin;
        while (colon > 0 && text[colon - 1] == ' ') colon--;
        if (at > 0 && text[at] == '=' && colon > 1 && text[colon - 1] == ':' && text[colon - 2] != ':')
        {
            // "name: type = " of TypeScript, Python, Kotlin and Rust.
            for (end = colon - 1; end > 0 && !IsPart(text[end - 1]);) end--;
            for (begin = end; begin > 0 && IsPart(text[begin - 1]);) begin--;
        }
        var word = at > 0 ? text[begin..end] : "";
        if (word.Length is < 2 or > 60 || char.IsAsciiDigit(word[0])) word = rule;
        var name = new StringBuilder();
        for (var i = 0; i < word.Length; i++)
        {
            var isHump = i > 0 && char.IsAsciiLetterUpper(word[i]) && char.IsAsciiLetterLower(word[i - 1]);
            if (isHump) name.Append('_');
            name.Append(char.IsAsciiLetterOrDigit(word[i]) ? char.ToUpperInvariant(word[i]) : '_');
        }
        return name.ToString().Trim('_') is { Length: > 0 } fine ? fine : "SECRET";
    }

    private static bool IsPart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.';
}
