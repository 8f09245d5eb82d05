using System.Security.Cryptography;

namespace Kist.Cli.Files;

/// <summary>A folder that nobody else can look into, for plaintext that must be a file for a moment. Files in it are
/// overwritten and removed at the end.</summary>
internal sealed class PrivateFolder : IDisposable
{
    private PrivateFolder(string path) => Path = path;

    public string Path { get; }

    /// <param name="below">The folder it lies in; null: the one for temporary files.</param>
    public static PrivateFolder Create(string? below = null)
    {
        if (below is null) return new(Directory.CreateTempSubdirectory("kist-").FullName);
        var path = System.IO.Path.Combine(below, "kist-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        if (OperatingSystem.IsWindows()) return new(Directory.CreateDirectory(path).FullName);
        return new(Directory.CreateDirectory(
            path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName);
    }

    public void Dispose()
    {
        try
        {
            foreach (var file in Directory.EnumerateFiles(Path))
            {
                Overwrite(file);
                File.Delete(file);
            }
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"Warning: {Path} cannot be removed, and may hold plaintext: {e.Message}");
        }
    }

    // A pipe holds nothing, and opening one would wait for its other end.
    private static void Overwrite(string file)
    {
        if (new FileInfo(file) is { LinkTarget: not null } or { Length: 0 }) return;
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0);
        var blank = new byte[Math.Min(stream.Length, 1 << 20)];
        RandomNumberGenerator.Fill(blank);
        for (var left = stream.Length; left > 0; left -= blank.Length)
            stream.Write(blank.AsSpan(0, (int)Math.Min(left, blank.Length)));
    }
}
