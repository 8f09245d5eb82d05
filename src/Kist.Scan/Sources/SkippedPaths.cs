using System.Collections.Frozen;
using System.Text;

namespace Kist.Scan.Sources;

/// <summary>
/// What a scan passes over by name alone: folders that hold other people's code, and files that are never text.
/// Not skipped: folders such as <c>.terraform</c> or <c>dist</c>, which do hold secrets now and then.
/// </summary>
public static class SkippedPaths
{
    private static readonly FrozenSet<string> s_folders = new[]
    {
        ".git", ".hg", ".svn", "node_modules", "bower_components", "jspm_packages", ".venv", "site-packages",
        "__pycache__", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".gradle", "Pods",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> s_endings = new[]
    {
        "png", "jpg", "jpeg", "gif", "bmp", "ico", "webp", "tif", "tiff", "psd", "heic", "avif", "xcf", "icns",
        "mp3", "mp4", "m4a", "m4v", "avi", "mov", "mkv", "webm", "wav", "flac", "ogg", "ogv", "opus", "wmv",
        "ttf", "otf", "woff", "woff2", "eot", "pyc", "pyo", "class", "o", "obj", "a", "lib", "so", "dll", "dylib",
        "exe", "pdb", "wasm", "glb", "stl", "blend", "mo", "pack", "idx",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> s_folderNames =
        s_folders.GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> s_endingNames =
        s_endings.GetAlternateLookup<ReadOnlySpan<char>>();

    // Where Go and Composer keep others' code; a folder "vendor" alone may be a team's own.
    private static readonly string[] s_vendored =
    [
        "vendor/github.com/", "vendor/golang.org/", "vendor/google.golang.org/", "vendor/k8s.io/", "vendor/gopkg.in/",
        "vendor/composer/", "vendor/symfony/", "vendor/bundle/", ".yarn/cache/", ".yarn/releases/",
    ];

    /// <summary>Whether a folder of this name is passed over with all that is in it.</summary>
    public static bool IsFolder(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[32];
        return name.Length <= text.Length && Encoding.UTF8.TryGetChars(name, text, out var length)
            && s_folderNames.Contains(text[..length]);
    }

    /// <summary>Whether the file at this path (slashes, relative) is passed over.</summary>
    public static bool IsFile(ReadOnlySpan<char> path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        var dot = name.LastIndexOf('.');
        if (dot > 0 && s_endingNames.Contains(name[(dot + 1)..])) return true;
        var folders = path[..^name.Length];
        foreach (var vendored in s_vendored)
            if (folders.Contains(vendored, StringComparison.Ordinal)) return true;
        foreach (var part in folders.Split('/'))
            if (s_folderNames.Contains(folders[part])) return true;
        return false;
    }
}
