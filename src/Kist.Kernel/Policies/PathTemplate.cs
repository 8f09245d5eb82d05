using System.Globalization;
using System.Text;

namespace Kist.Kernel.Policies;

/// <summary>
/// A rule path with <c>{{identity.…}}</c> directives. Reference: "Templated policies" in Vault's policy documentation.
/// </summary>
internal sealed class PathTemplate
{
    private readonly string[] _literals;
    private readonly string[] _directives;

    private PathTemplate(string text, string[] literals, string[] directives)
    {
        Text = text;
        _literals = literals;
        _directives = directives;
    }

    /// <summary>The path as written.</summary>
    internal string Text { get; }

    internal bool HasDirectives => _directives.Length > 0;

    /// <summary>Null when braces do not pair up.</summary>
    internal static PathTemplate? Parse(string text)
    {
        var pieces = text.Split("{{");
        if (pieces[0].Contains("}}", StringComparison.Ordinal)) return null;
        var literals = new List<string> { pieces[0] };
        var directives = new List<string>();
        foreach (var piece in pieces.AsSpan(1))
        {
            if (piece.Split("}}") is not [var directive, var literal]) return null;
            directives.Add(directive.Trim());
            literals.Add(literal);
        }
        return new PathTemplate(text, [.. literals], [.. directives]);
    }

    /// <summary>
    /// The path for <paramref name="subject"/>. Null when a directive has no value, for the empty value would widen
    /// <c>x/{{…}}*</c>; null and <paramref name="isUnsafe"/> when it has one that may not stand in a path.
    /// </summary>
    internal string? Expand(TemplateSubject? subject, out bool isUnsafe)
    {
        isUnsafe = false;
        if (!HasDirectives) return Text;
        var path = new StringBuilder(_literals[0]);
        for (var i = 0; i < _directives.Length; i++)
        {
            var value = subject?.Resolve(_directives[i]);
            if (string.IsNullOrEmpty(value)) return null;
            isUnsafe = !IsOneName(value);
            if (isUnsafe) return null;
            path.Append(value).Append(_literals[i + 1]);
        }
        return path.ToString();
    }

    /// <summary>
    /// A value must stay one segment: a wildcard, slash, comma or invisible character in an entity's name or metadata
    /// would let whoever may set it widen the rule.
    /// </summary>
    private static bool IsOneName(string value)
    {
        if (value is "." or "..") return false;
        foreach (var rune in value.EnumerateRunes())
        {
            if (rune.Value is '*' or '+' or '/' or ',' or '\\' or 0xFFFD) return false;
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned) return false;
        }
        return true;
    }
}
