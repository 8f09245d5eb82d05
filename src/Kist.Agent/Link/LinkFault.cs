namespace Kist.Agent.Link;

/// <summary>Why no answer came, in words that hold no value.</summary>
/// <param name="IsTimeout">Whether the server took too long, rather than being out of reach.</param>
internal sealed record LinkFault(string Message, bool IsTimeout = false)
{
    /// <inheritdoc/>
    public override string ToString() => Message;
}
