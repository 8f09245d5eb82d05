using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Kist.Tidy.Tests;

/// <summary>A function fits a screen, a file is read in one sitting, a line needs no scrolling.</summary>
public static class LengthRules
{
    public const int MaxFunctionLines = 70;
    public const int MaxFileLines = 600;
    public const int MaxLineColumns = 120;

    /// <summary>Functions that are too long, named <c>path:Type.Function</c>.</summary>
    public static IEnumerable<Violation> LongFunctions(Code code) =>
        from tree in code.Trees
        from node in tree.GetRoot().DescendantNodes()
        let name = NameOf(node)
        where name is not null
        let lines = LinesOf(node)
        where lines > MaxFunctionLines
        select new Violation($"{tree.FilePath}:{name}", $"{lines} lines, at most {MaxFunctionLines}", lines);

    /// <summary>Files that are too long.</summary>
    public static IEnumerable<Violation> LongFiles(IEnumerable<TextFile> files) =>
        from file in files
        let lines = file.Lines.Count - 1
        where lines > MaxFileLines
        select new Violation(file.Path, $"{lines} lines, at most {MaxFileLines}", lines);

    /// <summary>Files with lines that are too long; the size is how many.</summary>
    public static IEnumerable<Violation> LongLines(IEnumerable<TextFile> files) =>
        from file in files
        let wide = file.Lines.Index().Where(l => Columns(l.Item) > MaxLineColumns).Select(l => l.Index + 1).ToList()
        where wide.Count > 0
        let places = string.Join(", ", wide)
        select new Violation(file.Path, $"wider than {MaxLineColumns} columns: line {places}", wide.Count);

    /// <summary>Code points, so that an arrow or an umlaut counts as one.</summary>
    private static int Columns(string line) => line.EnumerateRunes().Count();

    private static string? NameOf(SyntaxNode node)
    {
        var own = node switch
        {
            MethodDeclarationSyntax method => method.Identifier.Text,
            ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
            DestructorDeclarationSyntax destructor => "~" + destructor.Identifier.Text,
            OperatorDeclarationSyntax op => op.OperatorToken.Text,
            ConversionOperatorDeclarationSyntax => "conversion",
            PropertyDeclarationSyntax property => property.Identifier.Text,
            IndexerDeclarationSyntax => "this",
            LocalFunctionStatementSyntax local => local.Identifier.Text,
            AnonymousFunctionExpressionSyntax => "lambda",
            CompilationUnitSyntax unit when unit.Members.OfType<GlobalStatementSyntax>().Any() => "top-level",
            _ => null,
        };
        if (own is null || node is CompilationUnitSyntax) return own;
        var type = node.Ancestors().OfType<TypeDeclarationSyntax>().FirstOrDefault();
        return type is null ? own : $"{type.Identifier.Text}.{own}";
    }

    /// <summary>From the first word of the declaration (after docs and attributes) to its closing brace.</summary>
    private static int LinesOf(SyntaxNode node)
    {
        if (node is CompilationUnitSyntax unit)
        {
            var statements = unit.Members.OfType<GlobalStatementSyntax>().ToList();
            return LineOf(statements[^1].GetLastToken()) - LineOf(statements[0].GetFirstToken()) + 1;
        }
        var attributes = node switch
        {
            MemberDeclarationSyntax member => member.AttributeLists,
            LocalFunctionStatementSyntax local => local.AttributeLists,
            _ => default,
        };
        var first = attributes.Count == 0 ? node.GetFirstToken() : attributes.Last().GetLastToken().GetNextToken();
        return LineOf(node.GetLastToken()) - LineOf(first) + 1;
    }

    private static int LineOf(SyntaxToken token) => token.GetLocation().GetLineSpan().EndLinePosition.Line;
}
