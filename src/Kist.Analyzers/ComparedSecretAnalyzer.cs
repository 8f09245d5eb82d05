using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Kist.Analyzers;

/// <summary>KIST007: ordinary comparisons stop at the first difference, which can be measured.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ComparedSecretAnalyzer : DiagnosticAnalyzer
{
    private static readonly HashSet<string> s_comparing =
        ["Equals", "Compare", "CompareTo", "CompareOrdinal", "SequenceEqual", "SequenceCompareTo", "ReferenceEquals"];

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.Compared];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(Operators, OperationKind.Binary);
        context.RegisterOperationAction(Patterns, OperationKind.IsPattern);
        context.RegisterOperationAction(Calls, OperationKind.Invocation);
    }

    private static void Operators(OperationAnalysisContext context)
    {
        var binary = (IBinaryOperation)context.Operation;
        if (binary.OperatorKind is not (BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals)) return;
        if (IsNothing(binary.LeftOperand) || IsNothing(binary.RightOperand)) return;
        if ((Compared(binary.LeftOperand) ?? Compared(binary.RightOperand)) is { } secret) Report(context, secret);
    }

    private static void Patterns(OperationAnalysisContext context)
    {
        var pattern = (IIsPatternOperation)context.Operation;
        if (pattern.Pattern is IConstantPatternOperation { Value: { } value } && !IsNothing(value)
            && SecretFlow.FindOneSecret(pattern.Value) is { } secret) Report(context, secret);
    }

    private static void Calls(OperationAnalysisContext context)
    {
        var call = (IInvocationOperation)context.Operation;
        if (!s_comparing.Contains(call.TargetMethod.Name)) return;
        // A secret type's own Equals takes the same time whatever it finds.
        if (SecretTypes.IsSecret(call.TargetMethod.ContainingType)) return;
        if (call.Arguments.Any(a => IsNothing(a.Value))) return;
        var secret = Compared(call.Instance, objects: false)
            ?? call.Arguments.Select(a => Compared(a.Value, objects: false)).FirstOrDefault(s => s is not null);
        if (secret is not null) Report(context, secret);
    }

    private static IOperation? Compared(IOperation? value, bool objects = true) =>
        objects && SecretFlow.Unconverted(value) is { } plain && SecretTypes.IsOneSecret(plain.Type) ? plain
            : SecretFlow.FindOneSecret(value);

    private static bool IsNothing(IOperation value) =>
        SecretFlow.Unconverted(value) is IDefaultValueOperation
            or { ConstantValue: { HasValue: true, Value: null or "" } }
        || value.ConstantValue is { HasValue: true, Value: null or "" };

    private static void Report(OperationAnalysisContext context, IOperation secret) =>
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.Compared, context.Operation.Syntax.GetLocation(), secret.Syntax.ToString()));
}
