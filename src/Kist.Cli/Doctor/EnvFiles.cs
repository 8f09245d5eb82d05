using Kist.Formats.Dotenv;
using Kist.Scan.Sources;

namespace Kist.Cli.Doctor;

/// <summary>The <c>.env</c> files of a repository: which hold values, and which values they share.</summary>
internal sealed class EnvFiles : IDisposable
{
    private const int MaxFiles = 500, MinSecretBytes = 6;
    private static readonly string[] s_templates =
        ["example", "sample", "template", "dist", "defaults", "schema", "vault", "test", "ci", "enc", "age", "gpg"];

    private static readonly string[] s_secretWords =
        ["KEY", "SECRET", "TOKEN", "PASS", "PWD", "CREDENTIAL", "DSN", "DATABASE_URL", "AUTH", "PRIVATE", "SALT"];

    private readonly List<(string Path, DotenvFile File)> _files = [];

    /// <summary>Files that could not be read, with the reason.</summary>
    public List<string> Unread { get; } = [];

    /// <summary>Paths of files that hold values in the clear, from the top.</summary>
    public IEnumerable<string> Plain => _files.Where(one => HasValues(one.File)).Select(one => one.Path);

    /// <summary>How many values are references to a store.</summary>
    public int References => _files.Sum(one => one.File.Variables.Count(IsReference));

    public static EnvFiles Read(string root)
    {
        var files = new EnvFiles();
        foreach (var path in Find(root, "", 0).Take(MaxFiles))
        {
            try
            {
                if (DotenvFile.TryParse(File.ReadAllBytes(Path.Combine(root, path)), path, out var file, out var fault))
                    files._files.Add((path, file));
                else files.Unread.Add(fault.Message);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                files.Unread.Add($"{path}: {e.Message.TrimEnd('.')}");
            }
        }
        return files;
    }

    /// <summary>Whether a file of this name holds values by intent.</summary>
    public static bool IsEnv(string path)
    {
        var name = Path.GetFileName(path);
        if (name != ".env" && !name.StartsWith(".env.", StringComparison.Ordinal)
            && !name.EndsWith(".env", StringComparison.Ordinal)) return false;
        foreach (var word in s_templates)
            if (name.Contains("." + word, StringComparison.OrdinalIgnoreCase)
                || name.StartsWith(word + ".", StringComparison.OrdinalIgnoreCase)) return false;
        return true;
    }

    /// <summary>Variables that have the same secret value in files of different environments.</summary>
    public IEnumerable<(string Name, string First, string Second)> Shared()
    {
        for (var i = 0; i < _files.Count; i++)
            for (var j = i + 1; j < _files.Count; j++)
            {
                if (EnvironmentOf(_files[i].Path) == EnvironmentOf(_files[j].Path)) continue;
                foreach (var entry in _files[i].File.Variables)
                    if (IsSecret(entry) && _files[j].File.Find(entry.Name) is { } other
                        && other.Value.FixedTimeEquals(entry.Value.Span))
                        yield return (entry.Name, _files[i].Path, _files[j].Path);
            }
    }

    public void Dispose()
    {
        foreach (var (_, file) in _files) file.Dispose();
    }

    // ".env.prod", "prod.env" and "prod/.env" are prod's; ".env" alone is the developer's.
    private static string EnvironmentOf(string path)
    {
        var name = Path.GetFileName(path).Replace(".local", "");
        if (name == ".env") return Path.GetDirectoryName(path) ?? "";
        return name.StartsWith(".env.", StringComparison.Ordinal) ? name[5..] : name[..^4];
    }

    private static bool HasValues(DotenvFile file) => file.Variables.Any(IsSecret);

    private static bool IsReference(DotenvEntry entry) =>
        entry.Value.Span.StartsWith("kist://"u8) || entry.Value.Span.StartsWith("op://"u8);

    private static bool IsSecret(DotenvEntry entry)
    {
        if (entry.Value.Length < MinSecretBytes || IsReference(entry) || entry.Value.Span.StartsWith("${"u8)
            || entry.Value.Span.StartsWith("ENC["u8) || entry.Value.Span.StartsWith("encrypted:"u8)) return false;
        foreach (var word in s_secretWords)
            if (entry.Name.Contains(word, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    private static IEnumerable<string> Find(string root, string folder, int depth)
    {
        var here = new DirectoryInfo(Path.Combine(root, folder));
        FileSystemInfo[] entries;
        try
        {
            entries = here.GetFileSystemInfos();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            yield break;
        }
        foreach (var entry in entries.OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            if (entry.LinkTarget is not null) continue;
            var path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
            if (entry is FileInfo && IsEnv(entry.Name)) yield return path;
            if (entry is not DirectoryInfo || depth > 8) continue;
            if (SkippedPaths.IsFolder(System.Text.Encoding.UTF8.GetBytes(entry.Name))) continue;
            foreach (var inner in Find(root, path, depth + 1)) yield return inner;
        }
    }
}
