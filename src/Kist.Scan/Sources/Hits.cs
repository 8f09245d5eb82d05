namespace Kist.Scan.Sources;

/// <summary>One finding at its place in a scan.</summary>
/// <param name="Finding">What was found; its own path is <paramref name="Path"/> without the commit.</param>
/// <param name="Path">The path as people see it.</param>
/// <param name="Commit">The commit that brought it; null outside histories.</param>
/// <param name="Blob">The object that holds it; null outside git.</param>
public sealed record Hit(Finding Finding, string Path, Commit? Commit = null, string? Blob = null);

/// <summary>The findings of a scan, from any number of threads. Bounded, so that a dump of keys fits into
/// memory.</summary>
public sealed class Hits(Action<Hit>? shown = null)
{
    /// <summary>How many are kept; further ones are only counted.</summary>
    public const int Kept = 20_000;

    private readonly Lock _lock = new();
    private readonly List<Hit> _hits = [];

    /// <summary>How many findings there were, also beyond those kept.</summary>
    public long Count { get; private set; }

    /// <summary>The findings, by path, line and column.</summary>
    public List<Hit> Sorted()
    {
        lock (_lock)
        {
            List<Hit> all = [.. _hits];
            all.Sort(static (a, b) => Order(a, b));
            return all;
        }
    }

    internal void Add(Hit hit)
    {
        lock (_lock)
        {
            Count++;
            if (_hits.Count < Kept) _hits.Add(hit);
            shown?.Invoke(hit);
        }
    }

    private static int Order(Hit a, Hit b)
    {
        var order = string.CompareOrdinal(a.Path, b.Path);
        if (order == 0) order = a.Finding.StartLine.CompareTo(b.Finding.StartLine);
        if (order == 0) order = a.Finding.StartColumn.CompareTo(b.Finding.StartColumn);
        if (order == 0) order = string.CompareOrdinal(a.Finding.Rule.Id, b.Finding.Rule.Id);
        return order != 0 ? order : string.CompareOrdinal(a.Commit?.Id, b.Commit?.Id);
    }
}
