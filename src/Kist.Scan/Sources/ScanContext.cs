namespace Kist.Scan.Sources;

/// <summary>What every source of a scan works with.</summary>
/// <param name="Scanner">What finds.</param>
/// <param name="Limits">How far archives are followed.</param>
/// <param name="Tally">Where things are counted.</param>
/// <param name="Hits">Where findings go.</param>
/// <param name="Threads">How many threads scan.</param>
public sealed record ScanContext(Scanner Scanner, ScanLimits Limits, Tally Tally, Hits Hits, int Threads)
{
    /// <summary>Whether a path (as it is shown) is left out by the repository's own settings.</summary>
    public Func<string, bool>? Excludes { get; init; }

    /// <summary>Whether a path is passed over, by rule or by settings.</summary>
    internal bool Skips(string path) => Skips(path, path);

    /// <summary>As above, where a scan shows a path with the folder that was named before it.</summary>
    internal bool Skips(string path, string shown) =>
        (!Limits.Everything && SkippedPaths.IsFile(path)) || Excludes?.Invoke(shown) == true;

    internal ContentScanner Worker(Action<Finding> found, SeenChunks? seen = null) =>
        new(Scanner, Limits, Tally, found, seen is null ? null : new ChangedParts(Scanner, seen));

    internal ContentScanner Worker() => Worker(finding => Hits.Add(new Hit(finding, finding.Origin.Path)));
}
