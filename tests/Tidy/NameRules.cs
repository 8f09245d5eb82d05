using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Kist.Tidy.Tests;

/// <summary>Names are the domain's; a namespace is its folder.</summary>
public static partial class NameRules
{
    /// <summary>Types, folders and files with a name that says nothing.</summary>
    public static IEnumerable<Violation> EmptyNames(Code code)
    {
        foreach (var tree in code.Trees)
        {
            foreach (var part in tree.FilePath.Split('/').Where(p => EmptyWord().IsMatch(p)))
                yield return new Violation(tree.FilePath, $"'{part}' says nothing about what it is");
            foreach (var type in tree.GetRoot().DescendantNodes().OfType<BaseTypeDeclarationSyntax>())
            {
                var name = type.Identifier.Text;
                if (EmptyWord().IsMatch(name) || IsBaseClass(type))
                    yield return new Violation($"{tree.FilePath}:{name}", "the name says nothing about what it is");
            }
        }
    }

    /// <summary>Files whose namespace is not project plus folders, or that declare types outside any.</summary>
    public static IEnumerable<Violation> WrongNamespaces(Code code, IReadOnlyList<TextFile> projects)
    {
        foreach (var tree in code.Trees)
        {
            var project = projects.Where(p => tree.FilePath.StartsWith(Folder(p.Path), StringComparison.Ordinal))
                .MaxBy(p => p.Path.Length);
            if (project is null) continue;
            var wanted = Expected(project, tree.FilePath);
            var nodes = tree.GetRoot().DescendantNodes().ToList();
            foreach (var found in nodes.OfType<BaseNamespaceDeclarationSyntax>())
                if (found is not FileScopedNamespaceDeclarationSyntax || found.Name.ToString() != wanted)
                    yield return new Violation(tree.FilePath, $"'namespace {found.Name}' is not 'namespace {wanted};'");
            if (nodes.OfType<BaseTypeDeclarationSyntax>().Any(IsOutside))
                yield return new Violation(tree.FilePath, $"a type stands outside 'namespace {wanted};'");
        }
    }

    private static bool IsOutside(BaseTypeDeclarationSyntax type) =>
        !type.Ancestors().OfType<BaseNamespaceDeclarationSyntax>().Any();

    private static string Folder(string path) => path[..(path.LastIndexOf('/') + 1)];

    private static string Expected(TextFile project, string path)
    {
        var declared = RootNamespace().Match(project.Text);
        var root = declared.Success ? declared.Groups[1].Value : Path.GetFileNameWithoutExtension(project.Name);
        var folders = Folder(path)[Folder(project.Path).Length..].TrimEnd('/');
        return folders.Length == 0 ? root : $"{root}.{folders.Replace('/', '.')}";
    }

    private static bool IsBaseClass(BaseTypeDeclarationSyntax type)
    {
        var name = type.Identifier.Text;
        var isAbstract = type.Modifiers.Any(m => m.Text == "abstract");
        return name.EndsWith("Base", StringComparison.Ordinal)
            || (isAbstract && name.StartsWith("Base", StringComparison.Ordinal));
    }

    [GeneratedRegex("(Helpers?|Utils?|Utility|Utilities|Managers?)(?![a-z])")]
    private static partial Regex EmptyWord();

    [GeneratedRegex("<RootNamespace>(.*)</RootNamespace>")]
    private static partial Regex RootNamespace();
}
