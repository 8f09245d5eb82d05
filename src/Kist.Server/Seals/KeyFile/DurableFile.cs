using System.Runtime.InteropServices;

namespace Kist.Server.Seals.KeyFile;

/// <summary>Makes a small private file so that it is complete and survives a power loss, or is not there at all.
/// </summary>
internal static partial class DurableFile
{
    /// <summary>Writes <paramref name="content"/> to a new file that only its owner may read. Throws
    /// <see cref="IOException"/>, and changes nothing, when something is at the path already.</summary>
    public static void CreateNew(string path, ReadOnlySpan<byte> content)
    {
        var directory = Path.GetDirectoryName(path)!;
        MakePrivate(directory);
        var unfinished = Path.Combine(directory, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}");
        try
        {
            Write(unfinished, content);
            File.Move(unfinished, path, overwrite: false);
        }
        finally
        {
            if (File.Exists(unfinished)) File.Delete(unfinished);
        }
        Sync(directory);
    }

    private static void MakePrivate(string directory)
    {
        if (Directory.Exists(directory)) return;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(
                directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>A new name is on disk only when its directory is, which .NET has no call for.</summary>
    private static void Sync(string directory)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Open(directory, 0);
        if (descriptor < 0 || FSync(descriptor) != 0)
        {
            if (descriptor >= 0) _ = Close(descriptor);
            throw new IOException($"the directory {directory} could not be written to disk");
        }
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
