using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Kist.Analyzers;

/// <summary>KIST004: a credential written in the source.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class HardCodedCredentialAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.HardCoded];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(Literal, OperationKind.Literal);
        context.RegisterOperationAction(Interpolated, OperationKind.InterpolatedString);
    }

    private static void Literal(OperationAnalysisContext context)
    {
        if (context.Operation.ConstantValue is not { HasValue: true, Value: string text } || text.Length < 4) return;
        if (IsPartOfSum(context.Operation)) return;
        var found = CredentialText.Describe(text)
            ?? (NameFor(context.Operation) is { } name
                && SecretNames.IsSecret(name) && CredentialText.IsValue(text, name)
                ? $"The value of '{name}'" : null);
        if (found is not null) Report(context, found);
    }

    // $"Server={host};Password=hunter2": the fixed parts count, holes are references.
    private static void Interpolated(OperationAnalysisContext context)
    {
        var parts = ((IInterpolatedStringOperation)context.Operation).Parts;
        var text = string.Concat(parts.Select(part =>
            part is IInterpolatedStringTextOperation { Text.ConstantValue.Value: string said } ? said : "{hole}"));
        if (CredentialText.Describe(text) is { } found) Report(context, found);
    }

    private static void Report(OperationAnalysisContext context, string found) =>
        context.ReportDiagnostic(Diagnostic.Create(Rules.HardCoded, context.Operation.Syntax.GetLocation(), found));

    private static bool IsPartOfSum(IOperation literal) =>
        literal.Parent is IBinaryOperation { OperatorKind: BinaryOperatorKind.Add } or IInterpolatedStringTextOperation;

    /// <summary>The name of what the literal is put into; null: it has none.</summary>
    private static string? NameFor(IOperation literal)
    {
        var at = literal;
        while (at.Parent is IConversionOperation or IParenthesizedOperation or ICoalesceOperation
            or IConditionalOperation { Type.SpecialType: SpecialType.System_String }
            || IsEncoding(at.Parent)) at = at.Parent!;
        return at.Parent switch
        {
            IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declared } => declared.Symbol.Name,
            IFieldInitializerOperation field => field.InitializedFields[0].Name,
            IPropertyInitializerOperation property => property.InitializedProperties[0].Name,
            IParameterInitializerOperation parameter => parameter.Parameter.Name,
            ISimpleAssignmentOperation assignment => NameOf(assignment.Target),
            IArgumentOperation argument => NameOf(argument),
            _ => null,
        };
    }

    private static bool IsEncoding(IOperation? at) =>
        (at is IArgumentOperation argument ? argument.Parent : at)
            is IInvocationOperation { TargetMethod.Name: "GetBytes" or "FromBase64String" or "FromHexString" };

    private static string? NameOf(IOperation target) => target switch
    {
        ILocalReferenceOperation local => local.Local.Name,
        IFieldReferenceOperation field => field.Field.Name,
        // configuration["Database:Password"] = "…"
        IPropertyReferenceOperation { Property.IsIndexer: true, Arguments.Length: 1 } indexer =>
            indexer.Arguments[0].Value.ConstantValue is { HasValue: true, Value: string key }
                ? key.Substring(key.LastIndexOf(':') + 1) : null,
        IPropertyReferenceOperation property => property.Property.Name,
        IParameterReferenceOperation parameter => parameter.Parameter.Name,
        _ => null,
    };

    private static string? NameOf(IArgumentOperation argument)
    {
        // Environment.GetEnvironmentVariable("DB_PASSWORD"), configuration["password"]: names, not values.
        if (argument.Parameter is not { } parameter || !SecretNames.IsSecret(parameter.Name)) return null;
        return argument.Parent is IInvocationOperation { TargetMethod.Name: var method }
            && (method.StartsWith("Get", StringComparison.Ordinal)
                || method.StartsWith("Find", StringComparison.Ordinal))
            ? null : parameter.Name;
    }
}
