using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Kist.Analyzers;

/// <summary>Where a revealed secret goes: KIST001, KIST002, KIST003 and KIST005.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RevealedSecretAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        [Rules.Logged, Rules.Thrown, Rules.Text, Rules.Addressed];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(Call, OperationKind.Invocation);
        context.RegisterOperationAction(Creation, OperationKind.ObjectCreation);
        context.RegisterOperationAction(Assignment, OperationKind.SimpleAssignment);
        context.RegisterOperationAction(Interpolation, OperationKind.InterpolatedString);
        context.RegisterOperationAction(Sum, OperationKind.Binary);
    }

    private static void Call(OperationAnalysisContext context)
    {
        var call = (IInvocationOperation)context.Operation;
        if (LogSinks.IsLog(call))
        {
            foreach (var argument in call.Arguments) Report(context, Rules.Logged, argument.Value, byName: true);
            return;
        }
        foreach (var argument in call.Arguments)
            if (AddressSinks.IsAddress(call, argument)) Report(context, Rules.Addressed, argument.Value, byName: true);
        if (IsExceptionData(call.Instance))
            foreach (var argument in call.Arguments) Report(context, Rules.Thrown, argument.Value, byName: true);
        if (SecretTypes.IsSecret(call.Instance?.Type)
            && call.TargetMethod is { Name: "ToString", Parameters.Length: 0 })
            Report(context, Rules.Text, call.Instance!);
        if (IsTextBuilder(call.TargetMethod) && Destination(call) is null)
            foreach (var argument in call.Arguments) ReportText(context, argument.Value);
    }

    private static void Creation(OperationAnalysisContext context)
    {
        var made = (IObjectCreationOperation)context.Operation;
        var isException = IsException(made.Type);
        foreach (var argument in made.Arguments)
            if (isException) Report(context, Rules.Thrown, argument.Value, byName: true);
            else if (AddressSinks.IsAddress(made, argument))
                Report(context, Rules.Addressed, argument.Value, byName: true);
    }

    private static void Assignment(OperationAnalysisContext context)
    {
        var assignment = (ISimpleAssignmentOperation)context.Operation;
        if (assignment.Target is not IPropertyReferenceOperation target) return;
        if (AddressSinks.IsAddress(target)) Report(context, Rules.Addressed, assignment.Value, byName: true);
        else if (target.Property.IsIndexer && IsExceptionData(target.Instance))
            Report(context, Rules.Thrown, assignment.Value, byName: true);
    }

    private static void Interpolation(OperationAnalysisContext context)
    {
        var text = (IInterpolatedStringOperation)context.Operation;
        if (Destination(text) is not null) return;
        foreach (var part in text.Parts.OfType<IInterpolationOperation>()) ReportText(context, part.Expression);
    }

    private static void Sum(OperationAnalysisContext context)
    {
        var sum = (IBinaryOperation)context.Operation;
        if (sum is not { OperatorKind: BinaryOperatorKind.Add, Type.SpecialType: SpecialType.System_String }) return;
        if (Destination(sum) is not null) return;
        foreach (var side in new[] { sum.LeftOperand, sum.RightOperand })
            if (SecretFlow.Unconverted(side) is not IBinaryOperation { OperatorKind: BinaryOperatorKind.Add })
                ReportText(context, side);
    }

    // A rule of its own says more about these, or the secret is masked there.
    private static IOperation? Destination(IOperation text)
    {
        for (var at = text.Parent; at is not null; at = at.Parent)
        {
            switch (at)
            {
                case IInvocationOperation call
                    when LogSinks.IsLog(call) || IsAddressed(call) || IsExceptionData(call.Instance):
                case IObjectCreationOperation made when IsException(made.Type)
                    || made.Arguments.Any(a => AddressSinks.IsAddress(made, a)):
                case ISimpleAssignmentOperation { Target: IPropertyReferenceOperation target }
                    when AddressSinks.IsAddress(target) || IsExceptionData(target.Instance):
                    return at;
                case IAnonymousFunctionOperation or IBlockOperation:
                    return null;
            }
        }
        return null;
    }

    private static bool IsAddressed(IInvocationOperation call) =>
        call.Arguments.Any(a => AddressSinks.IsAddress(call, a));

    private static void ReportText(OperationAnalysisContext context, IOperation value)
    {
        if (SecretFlow.FindObject(value) is { } secret) Report(context, Rules.Text, secret);
        else if (SecretFlow.Unconverted(value) is not (IInterpolatedStringOperation or IBinaryOperation))
            Report(context, Rules.Text, value, byName: false);
    }

    private static void Report(
        OperationAnalysisContext context, DiagnosticDescriptor rule, IOperation value, bool byName)
    {
        if (SecretFlow.Find(value, byName) is { } found) Report(context, rule, found);
    }

    private static void Report(OperationAnalysisContext context, DiagnosticDescriptor rule, IOperation found) =>
        context.ReportDiagnostic(Diagnostic.Create(rule, found.Syntax.GetLocation(), found.Syntax.ToString()));

    private static bool IsTextBuilder(IMethodSymbol method) =>
        method.ContainingType.SpecialType == SpecialType.System_String
        && method.Name is "Format" or "Concat" or "Join";

    private static bool IsExceptionData(IOperation? instance) =>
        SecretFlow.Unconverted(instance) is IPropertyReferenceOperation { Property: { Name: "Data" } property }
        && IsException(property.ContainingType);

    private static bool IsException(ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
            if (type is { Name: "Exception" } && type.ContainingNamespace.ToDisplayString() == "System") return true;
        return false;
    }
}
