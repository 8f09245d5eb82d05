namespace Kist.Client.References;

/// <summary>Why a text is no reference. It never holds a part of the text: what stands there may be a secret.</summary>
/// <param name="Position">Where in the text, counted in characters from 0.</param>
/// <param name="Reason">What is wrong there, and what would be right.</param>
public sealed record ReferenceFault(int Position, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"character {Position + 1}: {Reason}";
}
