using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace Kist.Analyzers;

/// <summary>Names that say: this text is a secret.</summary>
internal static class SecretNames
{
    // The last words decide: passwordLength and tokenName are no secrets. A bare "token" or "key" is mostly a word of
    // a grammar or of a dictionary.
    private static readonly Regex s_secret = new(
        @"(^|_)(pass|api|access|client|secret|private|signing|encryption|auth|bearer|refresh|session|master|account)?_?"
        + @"(password|passwd|pwd|passphrase|secret|credential|connectionstring|connstr)$"
        + @"|(^|_)(api|apis|access|secret|private|signing|encryption|master|account|subscription|service|storage"
        + @"|auth|shared)_?key$"
        + @"|(^|_)(access|auth|bearer|refresh|session|api|client|secret|bot|personal|deploy|webhook)_?token$"
        + @"|(^|_)(connection_string|conn_string|conn_str)$",
        RegexOptions.CultureInvariant | RegexOptions.Compiled);

    private static readonly Regex s_hump = new(
        "(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", RegexOptions.CultureInvariant);

    /// <summary>Whether a variable of this name holds a secret.</summary>
    public static bool IsSecret(string name)
    {
        var words = s_hump.Replace(name.Trim('_'), "_").ToLowerInvariant().Replace('-', '_');
        return s_secret.IsMatch(words) && !words.StartsWith("is_", StringComparison.Ordinal)
            && !words.StartsWith("has_", StringComparison.Ordinal)
            && !words.StartsWith("public_", StringComparison.Ordinal);
    }

    /// <summary>Whether it is text or bytes: a secret's name on a bool or a number says nothing.</summary>
    public static bool HoldsText(ITypeSymbol? type) => type switch
    {
        { SpecialType: SpecialType.System_String } => true,
        IArrayTypeSymbol { ElementType.SpecialType: SpecialType.System_Byte or SpecialType.System_Char } => true,
        INamedTypeSymbol
        {
            Name: "ReadOnlySpan" or "Span" or "ReadOnlyMemory" or "Memory", TypeArguments.Length: 1,
        } of => of.TypeArguments[0].SpecialType is SpecialType.System_Byte or SpecialType.System_Char,
        _ => false,
    };
}
