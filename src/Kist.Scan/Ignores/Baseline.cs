using System.Text;

namespace Kist.Scan.Ignores;

/// <summary>
/// What was there when scanning began: a sorted text file, one line for each value and path, so that git merges two
/// of them without asking. A value is written as its keyed hash.
/// </summary>
public sealed class Baseline
{
    /// <summary>Where it lies, from the top of the repository.</summary>
    public const string Name = ".kist/scan.baseline";

    private const string Head =
        "# kist scan --baseline: value, rule and path of what was there before. Sorted; merge by union.";
    private readonly Dictionary<(string Value, string Path), string> _entries = [];

    /// <summary>How many entries there are.</summary>
    public int Count => _entries.Count;

    /// <summary>The entries.</summary>
    public IEnumerable<(string Value, string Path)> Entries => _entries.Keys;

    /// <summary>Reads a file's text. Order and repetitions, which a merge may leave, do not matter.</summary>
    public static Baseline Parse(string text)
    {
        var baseline = new Baseline();
        foreach (var line in text.Split('\n'))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            var parts = line.TrimEnd('\r').Split(' ', 3);
            if (parts.Length == 3) baseline.Add(parts[0], parts[1], Plain(parts[2]));
        }
        return baseline;
    }

    /// <summary>Adds a finding.</summary>
    public void Add(string value, string rule, string path) => _entries[(value, path)] = rule;

    /// <summary>Whether a value is known at a path.</summary>
    public bool Holds(string value, string path) => _entries.ContainsKey((value, path));

    /// <summary>The file's text.</summary>
    public string Written()
    {
        var lines = _entries.Select(one => $"{one.Key.Value} {one.Value} {OneLine(one.Key.Path)}").ToList();
        lines.Sort(StringComparer.Ordinal);
        var text = new StringBuilder(Head).Append('\n');
        foreach (var line in lines) text.Append(line).Append('\n');
        return text.ToString();
    }

    private static string OneLine(string path) =>
        path.Replace("\\", "\\\\").Replace("\n", "\\n").Replace("\r", "\\r");

    private static string Plain(string path)
    {
        if (!path.Contains('\\')) return path;
        var plain = new StringBuilder(path.Length);
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] != '\\' || i + 1 == path.Length) plain.Append(path[i]);
            else plain.Append(path[++i] switch { 'n' => '\n', 'r' => '\r', var c => c });
        }
        return plain.ToString();
    }
}
