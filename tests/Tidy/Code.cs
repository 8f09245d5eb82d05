using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Kist.Tidy.Tests;

/// <summary>C# files, parsed and bound to each other. Packages are not resolved: the rules ask for our names.</summary>
public sealed class Code
{
    private const string ImplicitUsings = """
        global using System; global using System.IO; global using System.Linq; global using System.Net.Http;
        global using System.Collections.Generic; global using System.Threading; global using System.Threading.Tasks;
        """;

    private static readonly CSharpParseOptions s_language = new(LanguageVersion.Preview, DocumentationMode.Parse);
    private static readonly Lazy<Code> s_sources = new(() => new Code(Repository.Select("src/", ".cs")));
    private static readonly Lazy<Code> s_all = new(() => new Code(Repository.Select("", ".cs")));
    // One set for all: reading three hundred assemblies anew takes longer than most of the rules.
    private static readonly Lazy<IReadOnlyList<MetadataReference>> s_platform = new(() =>
        [.. Platform().Select(path => MetadataReference.CreateFromFile(path))]);

    private readonly Lazy<CSharpCompilation> _compilation;

    /// <summary>Parses <paramref name="files"/>.</summary>
    public Code(IEnumerable<TextFile> files)
    {
        Trees = [.. files.Select(f => CSharpSyntaxTree.ParseText(f.Text, s_language, f.Path))];
        _compilation = new(() => CSharpCompilation.Create(
            "Kist",
            Trees.Append(CSharpSyntaxTree.ParseText(ImplicitUsings, s_language)),
            s_platform.Value,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true)));
    }

    /// <summary>Everything under <c>src</c>.</summary>
    public static Code Sources => s_sources.Value;

    /// <summary>Everything, with tests and benchmarks.</summary>
    public static Code All => s_all.Value;

    /// <summary>The syntax trees; <see cref="SyntaxTree.FilePath"/> is relative to the repository.</summary>
    public IReadOnlyList<SyntaxTree> Trees { get; }

    /// <summary>What the names in <paramref name="tree"/> mean.</summary>
    public SemanticModel Meaning(SyntaxTree tree) => _compilation.Value.GetSemanticModel(tree);

    /// <summary>Every type that the files declare, nested ones too.</summary>
    public IEnumerable<INamedTypeSymbol> Types() => TypesIn(_compilation.Value.Assembly.GlobalNamespace);

    private static IEnumerable<INamedTypeSymbol> TypesIn(INamespaceOrTypeSymbol container)
    {
        foreach (var member in container.GetMembers().OfType<INamespaceOrTypeSymbol>())
        {
            if (member is INamedTypeSymbol type) yield return type;
            foreach (var inner in TypesIn(member)) yield return inner;
        }
    }

    /// <summary>The runtime's assemblies and ASP.NET Core's beside them.</summary>
    private static IEnumerable<string> Platform()
    {
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var web = Path.Combine(runtime, "..", "..", "Microsoft.AspNetCore.App", Path.GetFileName(runtime));
        var folders = new[] { runtime, web }.Where(Directory.Exists);
        return folders.SelectMany(f => Directory.GetFiles(f, "*.dll")).Where(IsManaged);
    }

    private static bool IsManaged(string path)
    {
        using var file = File.OpenRead(path);
        using var image = new System.Reflection.PortableExecutable.PEReader(file);
        return image.HasMetadata;
    }
}
