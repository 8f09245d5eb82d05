namespace Kist.Scan;

/// <summary>What a rule says about the secrets that it finds.</summary>
public sealed class Rule
{
    /// <summary>The rule's name: lower case and hyphens.</summary>
    public required string Id { get; init; }

    /// <summary>Who gave the secret out.</summary>
    public required string Provider { get; init; }

    /// <summary>What the secret is, in a few words.</summary>
    public required string What { get; init; }

    /// <summary>What to do when it leaked, in a sentence or two.</summary>
    public required string Remedy { get; init; }

    /// <summary>How much harm it means.</summary>
    public Severity Severity { get; init; } = Severity.High;

    /// <summary>Words for grouping, as gitleaks has them.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
}
