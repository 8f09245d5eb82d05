namespace Kist.Secrets;

/// <summary>What a debugger shows of a secret.</summary>
internal sealed class RedactedView(object secret)
{
    /// <summary>What stands wherever a secret would.</summary>
    public const string Mask = "[REDACTED]";

    /// <summary>What it is, and no more.</summary>
    public string Value { get; } = $"{Mask} {secret.GetType().Name}";
}
