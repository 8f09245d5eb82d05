using System.Diagnostics.CodeAnalysis;

namespace Kist.Kernel.Policies;

/// <summary>
/// The canonical name of a policy: lower case, printable ASCII without blanks, commas and quotes. Made at the edge,
/// once, so
/// that <c>Root</c>, <c>" root"</c> or a name with a Cyrillic о can never stand for another policy than they seem to.
/// </summary>
public readonly record struct PolicyName
{
    /// <summary>The longest name in characters.</summary>
    public const int MaxLength = 255;

    private readonly string? _value;

    private PolicyName(string value) => _value = value;

    /// <summary>Allows everything; has no text, cannot be changed or deleted.</summary>
    public static PolicyName Root { get; } = new("root");

    /// <summary>Given to every token that does not refuse it; can be changed, not deleted.</summary>
    public static PolicyName Default { get; } = new("default");

    /// <summary>The policy of response-wrapping tokens; cannot be changed, assigned or deleted.</summary>
    public static PolicyName ResponseWrapping { get; } = new("response-wrapping");

    /// <summary>The policy of control group tokens; cannot be changed, assigned or deleted.</summary>
    public static PolicyName ControlGroup { get; } = new("control-group");

    /// <summary>True for the policies whose text nobody may change.</summary>
    public bool IsImmutable => this == Root || this == ResponseWrapping || this == ControlGroup;

    /// <summary>True for the policies that only the server itself may give to a token.</summary>
    public bool IsInternal => this == ResponseWrapping || this == ControlGroup;

    /// <summary>Lower-cases and checks <paramref name="text"/>; false with a reason that does not repeat it.</summary>
    public static bool TryParse(string? text, out PolicyName name, [NotNullWhen(false)] out string? error)
    {
        name = default;
        error = null;
        if (string.IsNullOrEmpty(text)) error = "a policy name must not be empty";
        else if (text.Length > MaxLength) error = $"a policy name has at most {MaxLength} characters";
        else if (!text.All(IsNameCharacter))
            error = "a policy name consists of printable ASCII without blanks, commas and quotes";
        if (error is not null) return false;
        name = new PolicyName(text!.ToLowerInvariant());
        return true;
    }

    private static bool IsNameCharacter(char c) => c is > ' ' and < '\x7f' and not (',' or '"' or '\'' or '\\');

    /// <inheritdoc/>
    public override string ToString() => _value ?? "";
}
