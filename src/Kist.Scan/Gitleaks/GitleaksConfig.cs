using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Kist.Scan.Gitleaks;

/// <summary>
/// A gitleaks configuration (<c>.gitleaks.toml</c>) as gitleaks reads it: rules, allowlists in the old and the new
/// spelling, and what it extends.
/// </summary>
public sealed class GitleaksConfig
{
    private const int MaxDepth = 2;

    /// <summary>The rules, in the order of the file; those of the files it extends come after.</summary>
    public List<GitleaksRule> Rules { get; } = [];

    /// <summary>What is allowed whatever the rule.</summary>
    public List<GitleaksAllowlist> Allowlists { get; } = [];

    /// <summary>Whether the scanner's own rules apply too.</summary>
    public bool UsesDefault { get; private set; }

    /// <summary>Rules of what it extends that do not apply, by id.</summary>
    public HashSet<string> DisabledRules { get; } = [];

    /// <summary>What is wrong with the file, with its line; null when it is fine.</summary>
    public string? Problem { get; private set; }

    /// <summary>What was read and has no effect here, in sentences.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Reads a configuration.</summary>
    /// <param name="text">The text.</param>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="open">Gives the text of a file that <c>extend.path</c> names; null if it cannot be read.</param>
    public static GitleaksConfig Read(string text, string file, Func<string, string?> open) =>
        Read(text, file, open, 0);

    private static GitleaksConfig Read(string text, string file, Func<string, string?> open, int depth)
    {
        var config = new GitleaksConfig();
        var document = SyntaxParser.Parse(text, file);
        foreach (var message in document.Diagnostics)
        {
            config.Problem = $"{file}:{message.Span.Start.Line + 1}: this is not TOML";
            return config;
        }
        string? extended = null;
        foreach (var table in document.Tables) config.Take(new TomlSection(table, file), ref extended);
        foreach (var rule in config.Rules) config.Problem ??= rule.Finish();
        foreach (var list in config.Allowlists) config.Problem ??= list.Finish();
        if (extended is not null && config.Problem is null) config.Extend(extended, file, open, depth);
        return config;
    }

    private void Take(TomlSection section, ref string? extended)
    {
        switch (section.Name)
        {
            case "extend":
                UsesDefault = section.Flag("useDefault");
                DisabledRules.UnionWith(section.Texts("disabledRules"));
                extended = section.Text("path");
                if (section.Text("url") is not null)
                    Notes.Add("extend.url is not fetched; name a file with extend.path");
                break;
            case "rules": Rules.Add(new GitleaksRule(section)); break;
            case "allowlist" or "allowlists": Allowlists.Add(new GitleaksAllowlist(section)); break;
            case "rules.allowlist" or "rules.allowlists" when Rules.Count > 0:
                Rules[^1].Allowlists.Add(new GitleaksAllowlist(section));
                break;
            case "rules.required": Notes.Add($"{section.Place}: [[rules.required]] has no effect"); break;
            default: Notes.Add($"{section.Place}: [{section.Name}] has no effect"); break;
        }
        Problem ??= section.Problem;
    }

    // What the file says itself wins over what it extends, field by field; lists grow.
    private void Extend(string path, string file, Func<string, string?> open, int depth)
    {
        if (depth >= MaxDepth)
        {
            Notes.Add($"{file}: files extend each other too deeply; {path} is left out");
            return;
        }
        if (open(path) is not { } text)
        {
            Problem = $"{file}: extend.path names {path}, which cannot be read";
            return;
        }
        var other = Read(text, path, open, depth + 1);
        Problem = other.Problem;
        UsesDefault |= other.UsesDefault;
        Notes.AddRange(other.Notes);
        Allowlists.AddRange(other.Allowlists);
        foreach (var rule in other.Rules.Where(r => !DisabledRules.Contains(r.Id)))
        {
            var own = Rules.Find(r => r.Id == rule.Id);
            if (own is null) Rules.Add(rule);
            else own.Inherit(rule);
        }
    }
}
