using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Kist.Analyzers.Fixes;

/// <summary>
/// The fixes that cannot make anything worse: pass the secret itself to a log (KIST001), declare it with
/// <c>using</c> (KIST006), compare in fixed time (KIST007). For the other rules a person has to decide.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(SecretFixes)), Shared]
public sealed class SecretFixes : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } =
        [Rules.Logged.Id, Rules.Undisposed.Id, Rules.Compared.Id];

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        if (root is null) return;
        foreach (var diagnostic in context.Diagnostics)
        {
            var node = root.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true);
            if (Fix(diagnostic.Id, node) is not var (title, old, changed)) continue;
            context.RegisterCodeFix(CodeAction.Create(
                title, _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceNode(old, changed))), title),
                diagnostic);
        }
    }

    private static (string Title, SyntaxNode Old, SyntaxNode New)? Fix(string id, SyntaxNode node) => id switch
    {
        "KIST001" => Masked(node),
        "KIST006" => Used(node),
        _ => Fixed(node),
    };

    private static (string, SyntaxNode, SyntaxNode)? Masked(SyntaxNode node) =>
        Revealed(node) is { } secret
            ? ("Pass the secret itself, which prints as [REDACTED]", node, secret.WithTriviaFrom(node)) : null;

    private static (string, SyntaxNode, SyntaxNode)? Used(SyntaxNode node)
    {
        if (node.FirstAncestorOrSelf<LocalDeclarationStatementSyntax>() is not { } declaration
            || declaration.Declaration.Variables.Count != 1
            || !declaration.UsingKeyword.IsKind(SyntaxKind.None)) return null;
        var keyword = SyntaxFactory.Token(SyntaxKind.UsingKeyword).WithLeadingTrivia(declaration.GetLeadingTrivia())
            .WithTrailingTrivia(SyntaxFactory.Space);
        return ("Declare it with 'using'", declaration,
            declaration.WithoutLeadingTrivia().WithUsingKeyword(keyword));
    }

    // a.Reveal() == b.Reveal() becomes a.FixedTimeEquals(b).
    private static (string, SyntaxNode, SyntaxNode)? Fixed(SyntaxNode node)
    {
        if (node is not BinaryExpressionSyntax binary
            || Revealed(binary.Left) is not { } left || Revealed(binary.Right) is not { } right) return null;
        ExpressionSyntax call = SyntaxFactory.InvocationExpression(
            SyntaxFactory.MemberAccessExpression(SyntaxKind.SimpleMemberAccessExpression,
                left.WithoutTrivia(), SyntaxFactory.IdentifierName("FixedTimeEquals")),
            SyntaxFactory.ArgumentList([SyntaxFactory.Argument(right.WithoutTrivia())]));
        if (binary.IsKind(SyntaxKind.NotEqualsExpression))
            call = SyntaxFactory.PrefixUnaryExpression(SyntaxKind.LogicalNotExpression, call);
        return ("Compare in fixed time", binary, call.WithTriviaFrom(binary));
    }

    private static ExpressionSyntax? Revealed(SyntaxNode node) =>
        node is InvocationExpressionSyntax
        {
            ArgumentList.Arguments.Count: 0,
            Expression: MemberAccessExpressionSyntax
            {
                Name.Identifier.Text: "Reveal" or "RevealText" or "RevealBytes",
            } member,
        } ? member.Expression : null;
}
