using Kist.Scan.Gitleaks;
using Kist.Scan.Known;

namespace Kist.Scan;

/// <summary>What a scanner looks for.</summary>
public sealed record ScanSettings
{
    /// <summary>Findings below this are not reported.</summary>
    public Confidence MinimumConfidence { get; init; } = Confidence.Medium;

    /// <summary>Rules that do not run, by <see cref="Rule.Id"/>.</summary>
    public IReadOnlySet<string> DisabledRules { get; init; } = new HashSet<string>();

    /// <summary>When not empty, only these rules run.</summary>
    public IReadOnlySet<string> OnlyRules { get; init; } = new HashSet<string>();

    /// <summary>Whether comments such as <c>kist:allow</c> and <c>gitleaks:allow</c> silence their line.</summary>
    public bool HonorsAllowComments { get; init; } = true;

    /// <summary>
    /// A gitleaks configuration to apply. Its rules are added to the built-in ones when it extends the default, and
    /// take
    /// their place when it does not.
    /// </summary>
    public GitleaksConfig? Gitleaks { get; init; }

    /// <summary>
    /// The fingerprints of values that a store holds, to be found wherever they stand: one set for each key.
    /// </summary>
    public IReadOnlyList<KnownValues> Known { get; init; } = [];
}
