namespace Kist.Tidy.Tests;

/// <summary>A text file of the repository. The path is relative to its root, with slashes.</summary>
public sealed record TextFile(string Path, string Text)
{
    private readonly Lazy<string[]> _lines = new(() => Text.Split('\n'));

    /// <summary>The lines, without their ends.</summary>
    public IReadOnlyList<string> Lines => _lines.Value;

    /// <summary>The file's name.</summary>
    public string Name => System.IO.Path.GetFileName(Path);
}

/// <summary>The files that people wrote; not what builds and runs leave behind, not recorded data.</summary>
public static class Repository
{
    /// <summary>The folder that holds <c>Kist.slnx</c>.</summary>
    public static string Root { get; } = FindRoot();

    private static readonly HashSet<string> s_notOurs =
        [".git", ".vs", ".idea", "bin", "obj", "artifacts", "data", "Data", "node_modules", "TestResults"];

    private static readonly HashSet<string> s_text =
        [".cs", ".csproj", ".props", ".targets", ".slnx", ".sh", ".md", ".txt", ".json", ".yml", ".hcl", ".py", ""];

    private static readonly Lazy<IReadOnlyList<TextFile>> s_files = new(() => [.. Read(new DirectoryInfo(Root), "")]);

    /// <summary>Every text file, by path.</summary>
    public static IReadOnlyList<TextFile> Files => s_files.Value;

    /// <summary>The files whose path starts and ends with these.</summary>
    public static IEnumerable<TextFile> Select(string folder, string ending) =>
        Files.Where(f => f.Path.StartsWith(folder, StringComparison.Ordinal)
            && f.Path.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>True when the file or folder exists.</summary>
    public static bool Has(string path) => Path.Exists(Path.Combine(Root, path));

    private static IEnumerable<TextFile> Read(DirectoryInfo folder, string prefix)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            if (entry.LinkTarget is not null) continue;
            if (entry is DirectoryInfo inner)
            {
                if (s_notOurs.Contains(inner.Name)) continue;
                foreach (var file in Read(inner, $"{prefix}{inner.Name}/")) yield return file;
            }
            else if (s_text.Contains(entry.Extension))
            {
                yield return new TextFile(prefix + entry.Name, File.ReadAllText(entry.FullName));
            }
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Kist.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException("no Kist.slnx above " + AppContext.BaseDirectory);
    }
}
