using System.Globalization;
using System.Text.RegularExpressions;

namespace Kist.Native.Tests.Cluster;

/// <summary>What the nodes' logs say of the work that runs once.</summary>
public static partial class ChoreLog
{
    /// <summary>Every violation: a term of two nodes, something that was done twice.</summary>
    public static IReadOnlyList<string> Check(IReadOnlyList<ClusterNode> nodes)
    {
        var terms = nodes.SelectMany(node => Terms(node).Select(term => (term, node.Server.Address.Port)));
        var expired = nodes.SelectMany(node => Expired().Matches(node.Server.Log))
            .Select(match => match.Groups[1].Value);
        return
        [
            .. from term in terms.GroupBy(t => t.term)
               where term.Count() > 1
               select $"term {term.Key} was of the nodes {string.Join(", ", term.Select(t => t.Port))}",
            .. from lease in expired.GroupBy(lease => lease)
               where lease.Count() > 1
               select $"what was due at {lease.Key} was done {lease.Count()} times",
        ];
    }

    /// <summary>The newest term.</summary>
    public static long Newest(IEnumerable<ClusterNode> nodes) => nodes.SelectMany(Terms).DefaultIfEmpty().Max();

    /// <summary>The node that took the newest term.</summary>
    public static ClusterNode HolderAmong(IReadOnlyList<ClusterNode> nodes) =>
        nodes.MaxBy(node => Terms(node).DefaultIfEmpty().Max())!;

    /// <summary>How many leases were ended.</summary>
    public static int CountExpired(IEnumerable<ClusterNode> nodes) =>
        nodes.Sum(node => Expired().Count(node.Server.Log));

    private static IEnumerable<long> Terms(ClusterNode node) => TermTaken().Matches(node.Server.Log)
        .Select(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"does the work that runs once term=(\d+)")]
    private static partial Regex TermTaken();

    [GeneratedRegex(@"lease expired lease=\S+ due/(\S+)")]
    private static partial Regex Expired();
}
