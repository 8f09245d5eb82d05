namespace Kist.Scan.Matching;

/// <summary>What speaks against a hit, where nothing is an answer too.</summary>
internal readonly record struct Against(string? Reason)
{
    /// <summary>The reason.</summary>
    public static implicit operator string?(Against against) => against.Reason;
}
