using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Kist.Analyzers.Tests;

/// <summary>Compiles code and runs the rules over it.</summary>
internal static class Corpus
{
    private const string Frame = """
        using System;
        using System.Linq;
        using System.Net.Http;
        using System.Collections.Generic;
        using System.Threading.Tasks;
        using Kist.Secrets;
        using Microsoft.Extensions.Logging;
        public sealed class Settings9 { public string ApiKey { get; set; } public string Password { get; set; } }
        public sealed class Sample9
        {
            private SecretBytes kept;
            private static void Use(string text) { }
            private void Keep(SecretBytes bytes) => kept = bytes;
            private static Task<Secret<string>> Fetch() => null;
            public async Task Run(
                ILogger logger, System.Diagnostics.Activity activity, HttpClient http, Settings9 settings,
                Settings9 connection, Secret<string> secret, Secret<string> other, SecretBytes bytes,
                SecretBytes otherBytes, SecretBuffer buffer, string password, string connectionString,
                string accessToken, string host, string secretName, int tokenCount, bool flag, byte[] raw,
                Dictionary<string, string> configuration)
            {
                // HERE
            }
        }
        """;

    private static readonly Lazy<ImmutableArray<MetadataReference>> s_references = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p) is var name && (name.StartsWith("System", StringComparison.Ordinal)
                || name.StartsWith("Microsoft.Extensions", StringComparison.Ordinal)
                || name is "mscorlib.dll" or "netstandard.dll" or "Kist.Secrets.dll"))
            .Select(p => MetadataReference.CreateFromFile(p)),
    ]);

    private static readonly ImmutableArray<DiagnosticAnalyzer> s_rules =
    [
        new RevealedSecretAnalyzer(), new ComparedSecretAnalyzer(), new UndisposedSecretAnalyzer(),
        new HardCodedCredentialAnalyzer(),
    ];

    private static readonly Lazy<Task<ILookup<string, Diagnostic>>> s_leaks = new(() => CheckAllAsync("leaks.txt"));
    private static readonly Lazy<Task<ILookup<string, Diagnostic>>> s_clean = new(() => CheckAllAsync("clean.txt"));

    /// <summary>What the rules say of each line of <c>leaks.txt</c>, all compiled together.</summary>
    public static Task<ILookup<string, Diagnostic>> Leaks => s_leaks.Value;

    /// <summary>What the rules say of each line of <c>clean.txt</c>, all compiled together.</summary>
    public static Task<ILookup<string, Diagnostic>> Clean => s_clean.Value;

    /// <summary>The references that code is compiled with.</summary>
    public static ImmutableArray<MetadataReference> References => s_references.Value;

    /// <summary>The lines of a corpus file, without its comments.</summary>
    public static IEnumerable<string> Lines(string file) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", file))
            .Where(l => l.Length > 0 && !l.StartsWith('#'));

    /// <summary>The statement of a line of <c>leaks.txt</c>, which begins with the rules that must flag it.</summary>
    public static string Statement(string line) =>
        line.StartsWith("KIST", StringComparison.Ordinal) ? line[(line.IndexOf(' ') + 1)..] : line;

    /// <summary>A whole file around one line.</summary>
    public static string Around(string line, int number = 9) =>
        Frame.Replace("9 ", $"{number} ").Replace("9\n", $"{number}\n").Replace("// HERE", Statement(line));

    /// <summary>What the rules say; fails when the code does not compile.</summary>
    public static async Task<ImmutableArray<Diagnostic>> CheckAsync(params IEnumerable<SyntaxTree> files)
    {
        var compilation = CSharpCompilation.Create("sample", files, s_references.Value,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        var broken = compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error).ToList();
        if (broken.Count > 0) throw new InvalidOperationException(string.Join('\n', broken));
        return await compilation.WithAnalyzers(s_rules).GetAnalyzerDiagnosticsAsync();
    }

    /// <summary>What the rules say of one file.</summary>
    public static Task<ImmutableArray<Diagnostic>> CheckAsync(string code) =>
        CheckAsync(CSharpSyntaxTree.ParseText(code));

    private static async Task<ILookup<string, Diagnostic>> CheckAllAsync(string file)
    {
        var found = await CheckAsync(Lines(file)
            .Select((line, i) => CSharpSyntaxTree.ParseText(Around(line, 100 + i), path: line)));
        return found.ToLookup(d => d.Location.SourceTree!.FilePath);
    }
}
