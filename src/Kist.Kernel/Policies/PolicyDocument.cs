using System.Diagnostics.CodeAnalysis;
using Kist.Kernel.Hcl;

namespace Kist.Kernel.Policies;

/// <summary>
/// A parsed policy. Parsing settles everything but template values, so that compiling an <see cref="Acl"/> is cheap.
/// Reference: "Policies" in Vault's documentation.
/// </summary>
public sealed class PolicyDocument
{
    internal PolicyDocument(string text, IReadOnlyList<PolicyRule> rules, IReadOnlyList<string> warnings)
    {
        Text = text;
        Rules = rules;
        Warnings = warnings;
        HasTemplates = rules.Any(rule => rule.Path.HasDirectives);
    }

    /// <summary>The text as it was written.</summary>
    public string Text { get; }

    /// <summary>True when the rules depend on who asks: compile the ACL with a <see cref="TemplateSubject"/>.</summary>
    public bool HasTemplates { get; }

    /// <summary>What the policy says and Kist does not do, for the answer to whoever writes it.</summary>
    public IReadOnlyList<string> Warnings { get; }

    internal IReadOnlyList<PolicyRule> Rules { get; }

    /// <summary>
    /// Parses HCL or JSON. False with a text for the caller that names the place in the document, never its content:
    /// <c>failed to parse policy: line 3, column 5: …</c>.
    /// </summary>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out PolicyDocument? document,
        [NotNullWhen(false)] out string? error)
    {
        (document, var reason) = HclDocument.TryParse(text, HclLimits.Default, out var root, out var broken)
            ? PolicyReader.Read(text, root)
            : (null, broken);
        error = document is null ? $"failed to parse policy: {reason}" : null;
        return document is not null;
    }

    /// <summary>Parses a text that is known to be a policy, such as a built-in or a stored one.</summary>
    /// <exception cref="FormatException">It is none; the message is that of <see cref="TryParse"/>.</exception>
    public static PolicyDocument Parse(string text) =>
        TryParse(text, out var document, out var error) ? document : throw new FormatException(error);
}

/// <summary>One <c>path</c> stanza; <paramref name="Fixed"/> is its path when it has no template.</summary>
internal sealed record PolicyRule(PathTemplate Path, PathPattern? Fixed, Permissions Permissions)
{
    /// <summary>The path for <paramref name="subject"/>; null when the rule does not apply to it.</summary>
    internal PathPattern? PatternFor(TemplateSubject? subject, out bool isUnsafe)
    {
        isUnsafe = false;
        return Fixed ?? (Path.Expand(subject, out isUnsafe) is { } path ? PathPattern.Parse(path) : null);
    }
}
