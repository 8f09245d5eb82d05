using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Kist.Analyzers;

/// <summary>
/// Where in an expression a secret's value comes out, followed through the local variables of one method.
/// </summary>
internal sealed class SecretFlow
{
    private const int Deepest = 64;
    private readonly HashSet<ISymbol> _seen = new(SymbolEqualityComparer.Default);
    private readonly bool _byName;
    private readonly bool _whole;

    private SecretFlow(bool byName, bool whole) => (_byName, _whole) = (byName, whole);

    /// <summary>
    /// The part of <paramref name="value"/> that reveals a secret; null: none does. With <paramref name="byName"/>
    /// variables whose name says that they hold a secret count too.
    /// </summary>
    public static IOperation? Find(IOperation? value, bool byName) => new SecretFlow(byName, whole: false).In(value, 0);

    /// <summary>As <see cref="Find"/>, but text that only may hold secrets does not count.</summary>
    public static IOperation? FindOneSecret(IOperation? value) =>
        new SecretFlow(byName: false, whole: true).In(value, 0);

    /// <summary>The part of a text that is a secret object itself, which prints as [REDACTED]; null: none.</summary>
    public static IOperation? FindObject(IOperation? value) => Unconverted(value) switch
    {
        IBinaryOperation { OperatorKind: BinaryOperatorKind.Add } sum =>
            FindObject(sum.LeftOperand) ?? FindObject(sum.RightOperand),
        IInterpolatedStringOperation text => text.Parts.OfType<IInterpolationOperation>()
            .Select(p => FindObject(p.Expression)).FirstOrDefault(p => p is not null),
        { } other when SecretTypes.IsSecret(other.Type) => other,
        _ => null,
    };

    /// <summary>Without the conversions around it.</summary>
    public static IOperation? Unconverted(IOperation? value)
    {
        while (value is IConversionOperation conversion) value = conversion.Operand;
        return value is IParenthesizedOperation inner ? Unconverted(inner.Operand) : value;
    }

    private IOperation? In(IOperation? value, int depth)
    {
        if (value is null || depth > Deepest) return null;
        return value switch
        {
            IConversionOperation conversion => In(conversion.Operand, depth + 1),
            IParenthesizedOperation inner => In(inner.Operand, depth + 1),
            IAwaitOperation awaited => In(awaited.Operation, depth + 1),
            IInterpolatedStringOperation text =>
                First(text.Parts.OfType<IInterpolationOperation>().Select(p => p.Expression), depth),
            IInterpolatedStringAdditionOperation sum => In(sum.Left, depth + 1) ?? In(sum.Right, depth + 1),
            IInterpolatedStringHandlerCreationOperation handler => In(handler.Content, depth + 1),
            IBinaryOperation { OperatorKind: BinaryOperatorKind.Add } sum =>
                In(sum.LeftOperand, depth + 1) ?? In(sum.RightOperand, depth + 1),
            IConditionalOperation choice => In(choice.WhenTrue, depth + 1) ?? In(choice.WhenFalse, depth + 1),
            ICoalesceOperation choice => In(choice.Value, depth + 1) ?? In(choice.WhenNull, depth + 1),
            IConditionalAccessOperation access => InAccess(access, depth),
            IInvocationOperation call => InCall(call, depth),
            IObjectCreationOperation made => InCreation(made, depth),
            IPropertyReferenceOperation property => InProperty(property, depth),
            IArrayCreationOperation { Initializer: { } items } => First(items.ElementValues, depth),
            ICollectionExpressionOperation items => First(items.Elements, depth),
            IArrayElementReferenceOperation element => In(element.ArrayReference, depth + 1),
            IAnonymousObjectCreationOperation made =>
                First(made.Initializers.OfType<ISimpleAssignmentOperation>().Select(a => a.Value), depth),
            ILocalReferenceOperation local => InLocal(local, depth),
            IParameterReferenceOperation parameter => InParameter(parameter),
            IFieldReferenceOperation field => _byName && Names(field.Field, field.Field.Type) ? field : null,
            _ => null,
        };
    }

    private IOperation? First(IEnumerable<IOperation> values, int depth)
    {
        foreach (var value in values)
            if (In(value, depth + 1) is { } found) return found;
        return null;
    }

    private IOperation? InAccess(IConditionalAccessOperation access, int depth) =>
        In(access.WhenNotNull, depth + 1) ?? In(access.Operation, depth + 1);

    // What a secret passes through unharmed: text functions, encodings, copies. Another method's result is its own.
    private IOperation? InCall(IInvocationOperation call, int depth)
    {
        if (Reveals(call.TargetMethod)) return call;
        var type = call.TargetMethod.ContainingType;
        if (IsHash(type)) return null;
        var passes = type?.SpecialType == SpecialType.System_String || type is
        {
            Name: "Convert" or "Encoding" or "UTF8Encoding" or "MemoryExtensions" or "Uri" or "WebUtility"
                or "HttpUtility" or "StringBuilder" or "Base64" or "Base64Url" or "Enumerable" or "UrlEncoder"
                or "JsonSerializer"
                or "ReadOnlySpan" or "Span" or "ReadOnlyMemory" or "Memory" or "Object"
        };
        if (!passes || Measures(call.TargetMethod)) return null;
        return In(call.Instance, depth + 1) ?? First(call.Arguments.Select(a => a.Value), depth);
    }

    private IOperation? InCreation(IObjectCreationOperation made, int depth) =>
        made.Type is { SpecialType: SpecialType.System_String }
            or { Name: "StringBuilder" or "AuthenticationHeaderValue" }
            ? First(made.Arguments.Select(a => a.Value), depth) : null;

    private IOperation? InProperty(IPropertyReferenceOperation property, int depth)
    {
        if (Reveals(property.Property)) return property;
        if (_byName && Names(property.Property, property.Property.Type)) return property;
        return property.Property.Name is "Length" or "Count" or "IsEmpty" ? null
            : property.Property is { IsIndexer: true } ? In(property.Instance, depth + 1) : null;
    }

    private IOperation? InLocal(ILocalReferenceOperation local, int depth)
    {
        if (SecretTypes.IsSecret(local.Type)) return null;
        if (_byName && Names(local.Local, local.Local.Type) && !IsFixedText(local)) return local;
        if (!_seen.Add(local.Local)) return null;
        foreach (var value in ValuesOf(local))
            if (In(value, depth + 1) is not null) return local;
        return null;
    }

    private IOperation? InParameter(IParameterReferenceOperation reference)
    {
        var parameter = reference.Parameter;
        if (SecretTypes.IsLentBytes(parameter) && IsLent(reference)) return reference;
        return _byName && Names(parameter, parameter.Type) ? reference : null;
    }

    private static bool IsLent(IOperation inside)
    {
        for (var at = inside.Parent; at is not null; at = at.Parent)
            if (at is IAnonymousFunctionOperation { Parent: IDelegateCreationOperation made }
                && SecretTypes.Lends(made.Type)) return true;
        return false;
    }

    private static IEnumerable<IOperation> ValuesOf(ILocalReferenceOperation local)
    {
        IOperation root = local;
        while (root.Parent is { } parent) root = parent;
        foreach (var each in root.Descendants())
        {
            var value = each switch
            {
                IVariableDeclaratorOperation declared when Same(declared.Symbol, local) =>
                    declared.GetVariableInitializer()?.Value,
                ISimpleAssignmentOperation { Target: ILocalReferenceOperation target } set
                    when Same(target.Local, local) => set.Value,
                ICompoundAssignmentOperation { Target: ILocalReferenceOperation target } set
                    when Same(target.Local, local) => set.Value,
                _ => null,
            };
            if (value is not null) yield return value;
        }
    }

    private static bool Same(ILocalSymbol symbol, ILocalReferenceOperation local) =>
        SymbolEqualityComparer.Default.Equals(symbol, local.Local);

    private static bool IsFixedText(ILocalReferenceOperation local) => local.Local.HasConstantValue;

    private static bool Names(ISymbol symbol, ITypeSymbol type) =>
        SecretNames.HoldsText(type) && symbol is not IFieldSymbol { HasConstantValue: true }
        && SecretNames.IsSecret(symbol.Name);

    private bool Reveals(ISymbol member) =>
        SecretTypes.Reveals(member) && (!_whole || SecretTypes.IsOneSecret(member.ContainingType));

    private static bool IsHash(INamedTypeSymbol? type) =>
        type?.ContainingNamespace is { Name: "Cryptography" };

    private static bool Measures(IMethodSymbol method) => method.Name is "IsNullOrEmpty" or "IsNullOrWhiteSpace"
        or "Equals" or "Compare" or "CompareTo" or "CompareOrdinal" or "StartsWith" or "EndsWith" or "Contains"
        or "IndexOf" or "SequenceEqual"
        or "GetByteCount" or "GetHashCode" or "Any" or "Count" or "All" or "GetType";
}
