namespace Kist.Kernel.Policies;

/// <summary>
/// The parameters of a request as a view over its JSON object, in UTF-8. Only top-level properties are parameters.
/// The default value is a request without any. The bytes stay the caller's and must outlive the check.
/// </summary>
public readonly struct PolicyParameters(ReadOnlyMemory<byte> json)
{
    /// <summary>A JSON object or <c>null</c>; blanks only are no parameters.</summary>
    internal ReadOnlySpan<byte> Json => json.Span.Trim(" \t\r\n"u8);
}
