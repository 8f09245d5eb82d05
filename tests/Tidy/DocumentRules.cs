using System.Text.RegularExpressions;

namespace Kist.Tidy.Tests;

/// <summary>What the documents say about the tree is so.</summary>
public static partial class DocumentRules
{
    private static readonly string[] s_parts = ["Choice", "Alternatives", "Cost"];

    /// <summary>Paths that a document names and the tree does not have.</summary>
    public static IEnumerable<Violation> DeadPaths(IEnumerable<TextFile> documents, Func<string, bool> exists) =>
        from document in documents
        from Match match in TreePath().Matches(document.Text)
        let path = match.Value.TrimEnd('/', '.')
        where !path.Contains("...") && !exists(path)
        select new Violation($"{document.Path}:{path}", "there is no such file or folder");

    /// <summary>Decision pages without one of their three parts.</summary>
    public static IEnumerable<Violation> HalfDecisions(IEnumerable<TextFile> pages) =>
        from page in pages
        where page.Name is not ("README.md" or "index.md")
        from part in s_parts
        where !page.Lines.Any(l => Heading().Match(l) is { Success: true } h && h.Groups[1].Value == part)
        select new Violation(page.Path, $"there is no heading '{part}'");

    /// <summary>Projects that the solution forgets, and projects of the solution that are not there.</summary>
    public static IEnumerable<Violation> SolutionGaps(TextFile solution, IReadOnlyCollection<string> projects)
    {
        var named = ProjectPath().Matches(solution.Text).Select(m => m.Groups[1].Value).ToHashSet();
        return projects.Except(named).Select(p => new Violation(p, "the solution does not name it"))
            .Concat(named.Except(projects).Select(p => new Violation(p, "the solution names it, but it is not there")));
    }

    [GeneratedRegex(@"(?<![\w./<-])(src|tests|eng|docs|bench)/(?>[\w./-]*)(?![\w*<{…])")]
    private static partial Regex TreePath();

    [GeneratedRegex(@"^#+ +(\w+)")]
    private static partial Regex Heading();

    [GeneratedRegex("<Project +Path=\"([^\"]+)\"")]
    private static partial Regex ProjectPath();
}
