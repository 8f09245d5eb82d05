using System.Globalization;
using Xunit;

namespace Kist.Tidy.Tests;

/// <summary>
/// The list of what may break a rule, <c>exceptions.txt</c>. It may only shrink: an exception that nothing needs any
/// more fails the test of its rule, and one for a length names the length, which may not grow.
/// </summary>
public static class Exceptions
{
    private const string ListPath = "tests/Tidy/exceptions.txt";

    /// <summary>Fails when there is a violation without an exception, or an exception without a violation.</summary>
    public static void Judge(string rule, IEnumerable<Violation> violations)
    {
        var complaints = Complaints(rule, violations, File.ReadAllLines(Path.Combine(Repository.Root, ListPath)));
        Assert.True(complaints.Count == 0, $"{rule}:\n  {string.Join("\n  ", complaints)}");
    }

    /// <summary>The same for a given list; each line is <c>rule where [size] # why</c>.</summary>
    public static IReadOnlyList<string> Complaints(
        string rule, IEnumerable<Violation> violations, IEnumerable<string> list)
    {
        var allowed = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var words in list.Select(line => line.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)))
            if (words.Length >= 2 && words[0] == rule)
                allowed[words[1]] = words.Length > 2 ? int.Parse(words[2], CultureInfo.InvariantCulture) : 0;
        var complaints = new List<string>();
        var needed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var violation in violations)
        {
            needed.Add(violation.Where);
            if (!allowed.TryGetValue(violation.Where, out var size))
                complaints.Add($"{violation.Where}: {violation.Detail}");
            else if (violation.Size > size)
                complaints.Add($"{violation.Where}: {violation.Detail}; its exception says {size} and may not grow");
        }
        foreach (var where in allowed.Keys.Where(w => !needed.Contains(w)))
            complaints.Add($"{where}: no exception is needed any more, take the line out of {ListPath}");
        return complaints;
    }
}
