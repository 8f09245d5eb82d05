using System.Globalization;
using System.Text;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Kist.Scan.Ignores;

/// <summary>One <c>[[allow]]</c> of <c>.kist/scan.toml</c>.</summary>
/// <param name="Line">Where it begins.</param>
/// <param name="Path">A pattern for paths; null: everywhere.</param>
/// <param name="Value">The name of a value, see <see cref="Fingerprints"/>; null: every value.</param>
/// <param name="Rule">A rule's id; null: every rule.</param>
/// <param name="Reason">Why.</param>
/// <param name="Expires">The last day on which it holds; null: for good.</param>
public sealed record Allow(int Line, string? Path, string? Value, string? Rule, string Reason, DateOnly? Expires)
{
    /// <summary>What it allows, in a few words.</summary>
    public string Name => string.Join(' ', new[]
    {
        Rule is null ? null : $"rule {Rule}", Path is null ? null : $"path {Path}",
        Value is null ? null : $"value {Value[..Math.Min(12, Value.Length)]}…",
    }.Where(part => part is not null));
}

/// <summary>
/// <c>.kist/scan.toml</c>: what a repository allows, and the key of the names of its values. It is committed, so that
/// everybody's scan says the same.
/// </summary>
public sealed class AllowFile
{
    /// <summary>Where it lies, from the top of the repository.</summary>
    public const string Name = ".kist/scan.toml";

    /// <summary>The key of the names of values; null as long as none is named.</summary>
    public byte[]? Key { get; private set; }

    /// <summary>The entries, in the file's order.</summary>
    public List<Allow> Entries { get; } = [];

    /// <summary>Patterns of paths that are not scanned at all.</summary>
    public List<string> Exclude { get; } = [];

    /// <summary>What is wrong with the file; null when it is fine. Names the line, never a value.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads the file's text.</summary>
    public static AllowFile Parse(string text, string file)
    {
        var allowed = new AllowFile();
        var document = SyntaxParser.Parse(text, file);
        foreach (var message in document.Diagnostics)
        {
            allowed.Problem = $"{file}, line {message.Span.Start.Line + 1}: this is not TOML";
            return allowed;
        }
        foreach (var pair in document.KeyValues) allowed.AddSetting(pair, file);
        foreach (var table in document.Tables)
        {
            var name = table.Name!.ToString().Trim();
            if (table is TableArraySyntax && name == "allow") allowed.Add(table, file);
            else
                allowed.Problem ??=
                    $"{file}, line {LineOf(table)}: there is no [{name}]; entries begin with [[allow]]";
        }
        return allowed;
    }

    /// <summary>The text of an entry, to be put at the end of the file.</summary>
    public static string Written(string value, string? rule, string path, string reason, DateOnly? expires)
    {
        var text = new StringBuilder("\n[[allow]]\n");
        text.Append("value = ").Append(Quoted(value)).Append("  # ").Append(Comment($"{rule} in {path}")).Append('\n');
        text.Append("reason = ").Append(Quoted(reason)).Append('\n');
        if (expires is { } day) text.Append("expires = ").Append(day.ToString("yyyy-MM-dd", null)).Append('\n');
        return text.ToString();
    }

    /// <summary>The text of a file that has no entry yet.</summary>
    public static string WrittenHead(string key) =>
        "# What kist scan passes over. Each entry has a reason; one with a date ends by itself.\n"
        + "# The key names values without writing them down; it is no secret, and every clone needs the same.\n"
        + $"key = {Quoted(key)}  # kist:allow\n";

    private static string Comment(string text) =>
        new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (char.IsControl(c)) quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    private void AddSetting(KeyValueSyntax pair, string file)
    {
        var name = pair.Key!.ToString().Trim();
        if (name == "key" && pair.Value is StringValueSyntax { Value: { } key })
        {
            var bytes = new byte[64];
            if (Convert.TryFromBase64String(key, bytes, out var length) && length >= 16) Key = bytes[..length];
            else Problem ??= $"{file}, line {LineOf(pair)}: key is base64 of at least 16 bytes";
        }
        else if (name == "exclude" && pair.Value is ArraySyntax list)
        {
            foreach (var item in list.Items)
                if (item.Value is StringValueSyntax { Value: { } pattern }) Exclude.Add(pattern);
                else Problem ??= $"{file}, line {LineOf(pair)}: exclude is a list of patterns in quotes";
        }
        else Problem ??= $"{file}, line {LineOf(pair)}: there is no setting {name}; key and exclude are";
    }

    private void Add(TableSyntaxBase table, string file)
    {
        string? path = null, value = null, rule = null, reason = null;
        DateOnly? expires = null;
        foreach (var pair in table.Items)
        {
            var name = pair.Key!.ToString().Trim();
            var text = pair.Value is StringValueSyntax { Value: { } quoted } ? quoted : pair.Value!.ToString().Trim();
            switch (name)
            {
                case "path": path = text; break;
                case "value": value = text; break;
                case "rule": rule = text; break;
                case "reason": reason = text; break;
                case "expires" when DateOnly.TryParseExact(text.Split('T', ' ')[0], "yyyy-MM-dd",
                    CultureInfo.InvariantCulture, DateTimeStyles.None, out var day):
                    expires = day;
                    break;
                case "expires": Problem ??= $"{file}, line {LineOf(pair)}: expires is a day such as 2027-01-31"; break;
                default: Problem ??= $"{file}, line {LineOf(pair)}: an entry has no {name}"; break;
            }
        }
        var line = LineOf(table);
        if (string.IsNullOrWhiteSpace(reason))
            Problem ??= $"{file}, line {line}: an entry needs a reason";
        if (path is null && value is null)
            Problem ??= $"{file}, line {line}: an entry needs a path or a value, or it would allow everything";
        Entries.Add(new Allow(line, path, value, rule, reason ?? "", expires));
    }

    private static int LineOf(SyntaxNode node) => node.Span.Start.Line + 1;
}
