using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Kist.Agent.Templates;

/// <summary>Functions over text. Where there are several arguments, the piped one comes last, as consul-template has
/// it.</summary>
internal static class TextFunctions
{
    private const int MaxIndent = 10_000;

    public static void AddTo(Dictionary<string, Func<FunctionCall, object?>> all)
    {
        all["toLower"] = static c => c.Takes(1).Text(0).ToLowerInvariant();
        all["toUpper"] = static c => c.Takes(1).Text(0).ToUpperInvariant();
        all["toTitle"] = static c => Title(c.Takes(1).Text(0));
        all["trimSpace"] = static c => c.Takes(1).Text(0).Trim();
        all["trim"] = static c => c.Takes(2).Text(1).Trim(c.Text(0).ToCharArray());
        all["trimPrefix"] = static c => WithoutPrefix(c.Takes(2).Text(1), c.Text(0));
        all["trimSuffix"] = static c => WithoutSuffix(c.Takes(2).Text(1), c.Text(0));
        all["replaceAll"] = static c => Replace(c.Takes(3).Text(2), c.Text(0), c.Text(1));
        all["split"] = static c => Split(c.Takes(2).Text(1), c.Text(0));
        all["join"] = static c => string.Join(c.Takes(2).Text(0), c.List(1).Select(TemplateValue.Text));
        all["splitToMap"] = static c => SplitToMap(c.Takes(3));
        all["indent"] = static c => Indent(c.Takes(2).Whole(0), c.Text(1));
        all["regexMatch"] = static c => Pattern(c.Takes(2)).IsMatch(c.Text(1));
        all["regexReplaceAll"] = static c => Pattern(c.Takes(3)).Replace(c.Text(2), c.Text(1));
    }

    /// <summary>Spaces in front of every line that is not empty.</summary>
    public static string Indent(long spaces, string text)
    {
        if (spaces is < 0 or > MaxIndent) throw new TemplateFault("indent takes 0 to 10000 spaces");
        var prefix = new string(' ', (int)spaces);
        var lines = text.Split('\n').Select(line => line.Length > 0 ? prefix + line : line);
        return string.Join('\n', lines);
    }

    /// <summary>The parts between separators; of an empty text none.</summary>
    public static List<object?> Split(string text, string separator)
    {
        if (text.Trim().Length == 0) return [];
        IEnumerable<object?> parts = separator.Length == 0
            ? text.EnumerateRunes().Select(r => (object?)r.ToString())
            : text.Split(separator);
        return [.. parts];
    }

    /// <summary>Every occurrence replaced; an empty text is found nowhere.</summary>
    public static string Replace(string text, string from, string to) =>
        from.Length == 0 ? text : text.Replace(from, to, StringComparison.Ordinal);

    public static string WithoutPrefix(string text, string prefix) =>
        text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text;

    public static string WithoutSuffix(string text, string suffix) =>
        text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text;

    /// <summary>The first letter of every word in upper case.</summary>
    public static string Title(string text)
    {
        var title = new StringBuilder(text.Length);
        var begins = true;
        foreach (var c in text)
        {
            title.Append(begins ? char.ToUpper(c, CultureInfo.InvariantCulture) : c);
            begins = !char.IsLetterOrDigit(c) && c is not ('_' or '\'');
        }
        return title.ToString();
    }

    private static TemplateMap SplitToMap(FunctionCall call)
    {
        var map = new TemplateMap();
        foreach (var part in Split(call.Text(2), call.Text(0)))
        {
            var pair = ((string)part!).Split(call.Text(1), 2);
            if (pair.Length < 2) throw new TemplateFault("splitToMap: a part has no separator of name and value");
            map[pair[0]] = pair[1];
        }
        return map;
    }

    // Linear in the text, as Go's are.
    private static Regex Pattern(FunctionCall call)
    {
        try
        {
            return new Regex(call.Text(0), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new TemplateFault($"{call.Name}: the pattern is malformed or not supported");
        }
    }
}
