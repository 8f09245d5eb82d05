using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>The encrypted files below a folder.</summary>
internal static class FileTree
{
    private const int MaxBytes = 64 << 20;

    /// <summary>Files that may be encrypted, in order of their paths: everything but what git and package tools keep,
    /// and
    /// nothing behind links.</summary>
    public static IEnumerable<string> Files(string place)
    {
        if (File.Exists(place))
        {
            yield return place;
            yield break;
        }
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = false, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true,
        };
        foreach (var file in Directory.EnumerateFiles(place, "*", options).Order(StringComparer.Ordinal))
            yield return Path.GetRelativePath(Environment.CurrentDirectory, file);
        foreach (var folder in Directory.EnumerateDirectories(place, "*", options).Order(StringComparer.Ordinal))
        {
            if (Path.GetFileName(folder) is ".git" or "node_modules" or ".terraform") continue;
            foreach (var file in Files(folder)) yield return file;
        }
    }

    /// <summary>Whether the file has the marks of one that is encrypted. It is looked at as text first: parsing every
    /// file
    /// of a tree would take long.</summary>
    public static bool IsEncrypted(string file) => IsEncrypted(file, file);

    /// <summary>Whether it was encrypted once, though it may be damaged now.</summary>
    public static bool HasMarks(string file)
    {
        var bytes = new FileInfo(file).Length > MaxBytes ? [] : File.ReadAllBytes(file);
        return bytes.AsSpan().IndexOf("ENC[AES256_GCM,"u8) >= 0;
    }

    /// <summary>As above, for a file whose format another name tells.</summary>
    public static bool IsEncrypted(string file, string name)
    {
        try
        {
            if (new FileInfo(file).Length is 0 or > MaxBytes) return false;
            var bytes = File.ReadAllBytes(file);
            return bytes.AsSpan().IndexOf("sops"u8) >= 0 && bytes.AsSpan().IndexOf("ENC[AES256_GCM,"u8) >= 0
                && SopsFile.Load(bytes, SopsFormats.OfPath(name), name).Value is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
