using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Kist.Agent;

/// <summary>
/// A file that takes its new content whole or not at all: written beside with no right for others, given its owner and
/// mode, flushed, and put into the old one's place by one rename.
/// </summary>
internal static partial class WrittenFile
{
    /// <summary>The mode of what only its owner may read and write.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Writes the content. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>, and changes
    /// nothing then.
    /// </summary>
    /// <param name="user">The owner by name or number; null: as it is made.</param>
    public static void Write(
        string path, ReadOnlySpan<byte> content, UnixFileMode mode, string? user = null, string? group = null)
    {
        var target = Path.GetFullPath(path);
        if (new FileInfo(target).LinkTarget is not null)
            target = File.ResolveLinkTarget(target, returnFinalTarget: true)?.FullName ?? target;
        var beside = Path.Combine(Path.GetDirectoryName(target)!,
            $".{Path.GetFileName(target)}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}");
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0,
                UnixCreateMode = OwnerOnly,
            };
            using (var file = new FileStream(beside, options))
            {
                file.Write(content);
                if (user is not null || group is not null) Own(beside, user, group);
                File.SetUnixFileMode(file.SafeFileHandle, mode);
                file.Flush(flushToDisk: true);
            }
            File.Move(beside, target, overwrite: true);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    /// <summary>Gives a file to a user and a group, by name or number. Throws <see cref="IOException"/>.</summary>
    public static void Own(string path, string? user, string? group)
    {
        var owner = user is null ? uint.MaxValue : Number(user, "/etc/passwd", "user");
        var owners = group is null ? uint.MaxValue : Number(group, "/etc/group", "group");
        if (ChangeOwner(path, owner, owners) != 0)
            throw new IOException($"{path} cannot be given to its user and group: "
                + Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
    }

    private static uint Number(string name, string file, string what)
    {
        if (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        foreach (var line in File.ReadLines(file, Encoding.UTF8))
            if (line.Split(':') is [var own, _, var id, ..] && own == name
                && uint.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out number)) return number;
        throw new IOException($"there is no {what} {name} in {file}");
    }

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
