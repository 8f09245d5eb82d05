namespace Kist.Kernel.Wrapping;

/// <summary>The <c>wrap_info</c> part of an answer: a single-use token stands for what it would have said.</summary>
/// <param name="Token">The wrapping token, shown once.</param>
/// <param name="Accessor">Its accessor.</param>
/// <param name="Ttl">How long it can be unwrapped.</param>
/// <param name="CreationTime">When it was made.</param>
/// <param name="CreationPath">The path whose answer it holds; whoever unwraps should check it.</param>
/// <param name="WrappedAccessor">The accessor of the token inside, when the answer was a token.</param>
public sealed record WrapInfo(string Token, string Accessor, TimeSpan Ttl, DateTimeOffset CreationTime,
    string CreationPath, string? WrappedAccessor)
{
    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";
}
