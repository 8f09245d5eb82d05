using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Kist.Kernel.Hcl;

/// <summary>
/// What a document may cost. <paramref name="MaxBytes"/> counts UTF-8; a node is a value or a member.
/// </summary>
public sealed record HclLimits(int MaxBytes, int MaxDepth, int MaxNodes)
{
    /// <summary>For policies and configuration: 1 MiB, 32 levels, 200,000 nodes.</summary>
    public static HclLimits Default { get; } = new(1 << 20, 32, 200_000);
}

/// <summary>Why a document was refused. Names the place and the rule, never the document's content.</summary>
public sealed record HclError(string Message, HclPosition Position)
{
    /// <summary>One line for people: place, then reason.</summary>
    public override string ToString() => $"line {Position.Line}, column {Position.Column}: {Message}";
}

/// <summary>
/// Parses the subset of HCL 1 that policies, password policies and configuration files use, and its JSON form
/// (a document whose first character is an opening brace). Reference: the HCL 1 syntax page of HashiCorp's
/// documentation.
/// </summary>
public static class HclDocument
{
    /// <summary>
    /// Parses <paramref name="text"/>; false with the first error when it is malformed or over a limit.
    /// </summary>
    public static bool TryParse(
        string text,
        HclLimits limits,
        [NotNullWhen(true)] out HclObject? root,
        [NotNullWhen(false)] out HclError? error)
    {
        (root, error) = Parse(text, limits);
        return root is not null;
    }

    private static (HclObject?, HclError?) Parse(string text, HclLimits limits)
    {
        var start = new HclPosition(1, 1);
        if (text.Length > limits.MaxBytes || Encoding.UTF8.GetByteCount(text) > limits.MaxBytes)
            return (null, new HclError($"the document is larger than {limits.MaxBytes} bytes", start));
        if (!IsWellFormed(text)) return (null, new HclError("the document is not valid Unicode", start));
        if (text.StartsWith('\uFEFF')) text = text[1..];
        return text.AsSpan().TrimStart().StartsWith("{")
            ? new HclJsonParser(text, limits).Parse()
            : new HclParser(text, limits).Parse();
    }

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }
        return true;
    }
}
