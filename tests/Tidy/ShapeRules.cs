using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Kist.Tidy.Tests;

/// <summary>Who may see whom, what an interface is for, what may be derived from.</summary>
public static partial class ShapeRules
{
    private const string CatalogPath = "src/Kist.Server/Catalog.cs";
    private const string CatalogName = "Kist.Server.Catalog";

    /// <summary>Uses of a plug-in by anything but itself and the catalog, and of the catalog by a plug-in.</summary>
    public static IEnumerable<Violation> SeenPlugIns(Code code)
    {
        var declared = NamesOfPlugIns(code);
        return code.Trees.Where(t => t.FilePath != CatalogPath).AsParallel().AsOrdered().SelectMany(SeenIn);

        IEnumerable<Violation> SeenIn(SyntaxTree tree)
        {
            var own = PlugInOf(tree);
            var meaning = code.Meaning(tree);
            return tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>()
                .Where(name => declared[name.Identifier.Text].Any(plugIn => plugIn != own))
                .Select(name => Seen(meaning, name, own)).Where(s => s is not null && s != own).Distinct()
                .Select(other => new Violation(tree.FilePath, $"it sees {other}"));
        }
    }

    /// <summary>Interfaces with fewer than two implementations.</summary>
    public static IEnumerable<Violation> LoneInterfaces(Code code)
    {
        var types = code.Types().ToList();
        foreach (var one in types.Where(t => t.TypeKind == TypeKind.Interface))
        {
            var count = types.Count(t => t.TypeKind is TypeKind.Class or TypeKind.Struct && Implements(t, one));
            if (count < 2)
                yield return new Violation(one.ToDisplayString(), $"{count} implementations; an interface has two");
        }
    }

    /// <summary>Classes that are neither sealed nor static nor derived from.</summary>
    public static IEnumerable<Violation> OpenClasses(Code code)
    {
        var types = code.Types().Where(t => t.TypeKind == TypeKind.Class).ToList();
        var parents = new HashSet<ISymbol?>(
            types.Select(t => t.BaseType?.OriginalDefinition), SymbolEqualityComparer.Default);
        foreach (var type in types.Where(t => t is { IsSealed: false, IsStatic: false, IsImplicitlyDeclared: false }))
            if (!parents.Contains(type) && !IsTopLevelProgram(type))
                yield return new Violation(type.ToDisplayString(), "seal it");
    }

    /// <summary>What the kernel and the secrets refer to besides the base class library.</summary>
    public static IEnumerable<Violation> ForeignReferences(TextFile project, params string[] allowed) =>
        from Match reference in Reference().Matches(project.Text)
        let name = reference.Groups[1].Value
        where !allowed.Contains(Path.GetFileNameWithoutExtension(name.Replace('\\', '/')))
        select new Violation(project.Path, $"it refers to {name}");

    /// <summary>
    /// Which plug-ins declare a name. What none declares need not be bound, which is most of the work.
    /// </summary>
    private static ILookup<string, string> NamesOfPlugIns(Code code) => (
        from tree in code.Trees
        let plugIn = tree.FilePath == CatalogPath ? CatalogName : PlugInOf(tree)
        where plugIn is not null
        from name in tree.GetRoot().DescendantNodes().SelectMany(Declared).Concat(plugIn.Split('.')).Distinct()
        select (name, plugIn)).ToLookup(d => d.name, d => d.plugIn);

    private static IEnumerable<string> Declared(SyntaxNode node) => node switch
    {
        BaseTypeDeclarationSyntax type => [type.Identifier.Text],
        DelegateDeclarationSyntax type => [type.Identifier.Text],
        MethodDeclarationSyntax method => [method.Identifier.Text],
        PropertyDeclarationSyntax property => [property.Identifier.Text],
        EventDeclarationSyntax happening => [happening.Identifier.Text],
        ParameterSyntax { Parent.Parent: RecordDeclarationSyntax } positional => [positional.Identifier.Text],
        EnumMemberDeclarationSyntax member => [member.Identifier.Text],
        BaseFieldDeclarationSyntax field => field.Declaration.Variables.Select(v => v.Identifier.Text),
        _ => [],
    };

    private static string? PlugInOf(SyntaxTree tree) => PlugInOfFile().Match(tree.FilePath) is { Success: true } file
        ? $"{file.Groups[1].Value}.{file.Groups[2].Value}" : null;

    private static bool IsTopLevelProgram(INamedTypeSymbol type) =>
        type is { Name: "Program", ContainingNamespace.IsGlobalNamespace: true };

    private static bool Implements(INamedTypeSymbol type, INamedTypeSymbol one) =>
        type.AllInterfaces.Any(i => SymbolEqualityComparer.Default.Equals(i.OriginalDefinition, one));

    private static string? Seen(SemanticModel meaning, SimpleNameSyntax name, string? own)
    {
        var info = meaning.GetSymbolInfo(name);
        var symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
        var place = symbol switch
        {
            null => null,
            INamespaceSymbol space => space.ToDisplayString(),
            INamedTypeSymbol type => Full(type),
            _ => symbol.ContainingType is { } type ? Full(type) : null,
        };
        if (place is null) return null;
        if (own is not null && place == CatalogName) return CatalogName;
        var plugIn = PlugInOfName().Match(place);
        return plugIn.Success ? $"{plugIn.Groups[1].Value}.{plugIn.Groups[2].Value}" : null;
    }

    private static string Full(INamedTypeSymbol type) => $"{type.ContainingNamespace.ToDisplayString()}.{type.Name}";

    [GeneratedRegex(@"^src/Kist\.Server/(Engines|Logins|Stores|Seals|Sinks|Fronts)/(\w+)/")]
    private static partial Regex PlugInOfFile();

    [GeneratedRegex(@"^Kist\.Server\.(Engines|Logins|Stores|Seals|Sinks|Fronts)\.(\w+)")]
    private static partial Regex PlugInOfName();

    [GeneratedRegex("<(?:PackageReference|ProjectReference|FrameworkReference|Reference) +Include=\"([^\"]+)\"")]
    private static partial Regex Reference();
}
