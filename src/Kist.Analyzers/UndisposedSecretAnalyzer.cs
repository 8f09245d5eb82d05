using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Kist.Analyzers;

/// <summary>
/// KIST006: a secret that a method made or was given, and that it neither disposes nor hands on. What is returned,
/// stored, passed to another method or captured is taken to be handed on.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class UndisposedSecretAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.Undisposed];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(Declared, OperationKind.VariableDeclarator);
        context.RegisterOperationAction(Discarded, OperationKind.ExpressionStatement);
        context.RegisterOperationAction(Chained, OperationKind.Invocation, OperationKind.PropertyReference);
    }

    private static void Declared(OperationAnalysisContext context)
    {
        var declared = (IVariableDeclaratorOperation)context.Operation;
        if (!SecretTypes.IsOneSecret(declared.Symbol.Type) || !IsMade(declared.GetVariableInitializer()?.Value)) return;
        if (declared.Parent?.Parent is IUsingDeclarationOperation || IsInUsing(declared)) return;
        IOperation root = declared;
        while (root.Parent is { } parent) root = parent;
        foreach (var each in root.Descendants())
            if (each is ILocalReferenceOperation use
                && SymbolEqualityComparer.Default.Equals(use.Local, declared.Symbol) && !IsOnlyRead(use)) return;
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.Undisposed, declared.Syntax.GetLocation(), $"'{declared.Symbol.Name}'"));
    }

    private static void Discarded(OperationAnalysisContext context)
    {
        var value = ((IExpressionStatementOperation)context.Operation).Operation;
        if (SecretTypes.IsOneSecret(value.Type) && IsMade(value)) Report(context, value);
    }

    // store.Get("x").Reveal(): nobody holds what Get made.
    private static void Chained(OperationAnalysisContext context)
    {
        var (member, instance) = context.Operation switch
        {
            IInvocationOperation call => ((ISymbol)call.TargetMethod, call.Instance),
            IPropertyReferenceOperation property => (property.Property, property.Instance),
            _ => throw new InvalidOperationException(),
        };
        if (instance is null || member.Name == "Dispose" || !SecretTypes.IsOneSecret(instance.Type)) return;
        if (SecretFlow.Unconverted(instance) is { } made && IsMade(made)) Report(context, made);
    }

    private static void Report(OperationAnalysisContext context, IOperation made) => context.ReportDiagnostic(
        Diagnostic.Create(Rules.Undisposed, made.Syntax.GetLocation(), $"what '{made.Syntax}' makes"));

    // A property or an indexer shows what its owner keeps and disposes; a call or a constructor makes something.
    private static bool IsMade(IOperation? value) => SecretFlow.Unconverted(value) switch
    {
        IAwaitOperation awaited => IsMade(awaited.Operation),
        IObjectCreationOperation => true,
        // What is given a secret and gives one back may give back the same.
        IInvocationOperation call => !SecretTypes.IsSecret(call.Instance?.Type)
            && !call.Arguments.Any(a => SecretTypes.IsSecret(a.Value.Type)),
        ICoalesceOperation choice => IsMade(choice.Value),
        _ => false,
    };

    private static bool IsInUsing(IOperation declared)
    {
        for (var at = declared.Parent; at is not null and not IBlockOperation; at = at.Parent)
            if (at is IUsingOperation or IUsingDeclarationOperation) return true;
        return false;
    }

    // secret.Reveal(), secret.Length, secret == null: reads. Everything else may be somebody's who disposes it.
    private static bool IsOnlyRead(ILocalReferenceOperation use)
    {
        IOperation at = use;
        while (at.Parent is IConversionOperation or IParenthesizedOperation) at = at.Parent;
        return at.Parent switch
        {
            IInvocationOperation call => ReferenceEquals(call.Instance, at) && call.TargetMethod.Name is not "Dispose",
            IPropertyReferenceOperation property => ReferenceEquals(property.Instance, at)
                && property.Property.Type is not INamedTypeSymbol { Name: "Memory" or "ReadOnlyMemory" },
            IBinaryOperation or IIsPatternOperation or IInterpolationOperation => true,
            IArgumentOperation { Parent: IInvocationOperation call } => LogSinks.IsLog(call),
            _ => false,
        };
    }
}
