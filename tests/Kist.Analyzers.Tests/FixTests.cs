using System.Collections.Immutable;
using Kist.Analyzers.Fixes;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Kist.Analyzers.Tests;

public sealed class FixTests
{
    [Theory]
    [InlineData(
        "logger.LogInformation(\"with {P}\", secret.Reveal());", "logger.LogInformation(\"with {P}\", secret);")]
    [InlineData("var copy = Secret.OfText(host); Use(copy.Reveal());",
        "using var copy = Secret.OfText(host); Use(copy.Reveal());")]
    [InlineData("if (secret.Reveal() == other.Reveal()) Use(host);", "if (secret.FixedTimeEquals(other)) Use(host);")]
    [InlineData("if (secret.Reveal() != other.Reveal()) Use(host);", "if (!secret.FixedTimeEquals(other)) Use(host);")]
    public async Task TheFixLeavesNothingToFlag(string line, string expected)
    {
        var changed = await FixedAsync(Corpus.Around(line));
        Assert.Contains(expected, changed);
        Assert.Empty(await Corpus.CheckAsync(changed));
    }

    [Theory]
    [InlineData("throw new InvalidOperationException($\"with {secret.Reveal()}\");")]
    [InlineData("var appPassword = \"hunter22\";")]
    [InlineData("if (secret.Reveal() == host) Use(host);")]
    [InlineData("Use(Secret.OfText(host).Reveal());")]
    public async Task WhereAPersonHasToDecideNoFixIsOffered(string line) =>
        Assert.Equal(Corpus.Around(line), await FixedAsync(Corpus.Around(line)));

    private static async Task<string> FixedAsync(string code)
    {
        using var workspace = new AdhocWorkspace();
        var document = workspace.AddProject("sample", LanguageNames.CSharp)
            .WithMetadataReferences(Corpus.References)
            .WithCompilationOptions(new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary))
            .AddDocument("Sample.cs", code);
        var actions = new List<CodeAction>();
        var fixes = new SecretFixes();
        foreach (var found in await Corpus.CheckAsync(code))
        {
            if (!fixes.FixableDiagnosticIds.Contains(found.Id)) continue;
            var moved = Diagnostic.Create(found.Descriptor,
                Location.Create((await document.GetSyntaxTreeAsync())!, found.Location.SourceSpan));
            await fixes.RegisterCodeFixesAsync(new CodeFixContext(
                document, moved, (action, _) => actions.Add(action), CancellationToken.None));
        }
        if (actions.Count == 0) return code;
        var operations = await actions[0].GetOperationsAsync(CancellationToken.None);
        var solution = operations.OfType<ApplyChangesOperation>().Single().ChangedSolution;
        return (await solution.GetDocument(document.Id)!.GetTextAsync()).ToString();
    }
}
