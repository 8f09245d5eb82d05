using Microsoft.CodeAnalysis;

namespace Kist.Analyzers;

/// <summary>The secret types of <c>Kist.Secrets</c>, found by name in whatever is compiled.</summary>
internal static class SecretTypes
{
    private static readonly HashSet<string> s_names =
        ["Secret", "SecretBytes", "SecretBuffer", "SecretWriter", "LockedMemory"];

    private static readonly HashSet<string> s_revealing =
        ["Reveal", "RevealText", "RevealBytes", "Span", "Memory", "WrittenSpan", "WrittenMemory"];

    /// <summary>Whether a value of this type is a secret that prints as [REDACTED].</summary>
    public static bool IsSecret(ITypeSymbol? type) =>
        type is INamedTypeSymbol { IsStatic: false } named && s_names.Contains(named.Name) && IsOurs(named);

    /// <summary>
    /// Whether a value of this type is one secret, with an owner who disposes it, and not text that may hold some.
    /// </summary>
    public static bool IsOneSecret(ITypeSymbol? type) => IsSecret(type) && type!.Name != "SecretWriter";

    /// <summary>Whether this method or property of a secret hands out what is inside.</summary>
    public static bool Reveals(ISymbol member) =>
        s_revealing.Contains(member.Name) && IsSecret(member.ContainingType);

    /// <summary>Whether a parameter of a lambda is the secret's bytes: <c>secret.Use(…, (bytes, state) => …)</c>.
    /// </summary>
    public static bool IsLentBytes(IParameterSymbol parameter) =>
        parameter.ContainingSymbol is IMethodSymbol { MethodKind: MethodKind.AnonymousFunction }
        && parameter.Ordinal == 0
        && parameter.Type is INamedTypeSymbol { Name: "ReadOnlySpan", TypeArguments.Length: 1 } span
        && span.TypeArguments[0].SpecialType == SpecialType.System_Byte;

    /// <summary>Whether the lambda's delegate is one that lends a secret's bytes.</summary>
    public static bool Lends(ITypeSymbol? type) =>
        type is INamedTypeSymbol { Name: "SecretReader" or "SecretParser" } named && IsOurs(named);

    private static bool IsOurs(INamedTypeSymbol type) =>
        type.ContainingNamespace.ToDisplayString() == "Kist.Secrets";
}
