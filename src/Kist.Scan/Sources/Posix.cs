using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kist.Scan.Sources;

/// <summary>What lies at a path.</summary>
internal enum FileKind
{
    Regular,
    Folder,
    Link,
    Other,
}

/// <summary>
/// Files by the bytes of their names: names need not be UTF-8, and what .NET makes of such a name opens nothing.
/// Nothing here follows a link or waits for a pipe's other end.
/// </summary>
internal static unsafe partial class Posix
{
    private const int ReadOnly = 0, NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const int Here = -100, EmptyPath = 0x1000, SymlinkNoFollow = 0x100;
    private const uint TypeAndSize = 0x201;
    private const int ELoop = 40;

    // The two flags whose numbers differ between processors.
    private static readonly bool s_arm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64;
    private static readonly int s_noFollow = s_arm ? 0x8000 : 0x20000;
    private static readonly int s_directory = s_arm ? 0x4000 : 0x10000;

    /// <summary>Opens a file for reading; null with the system's error when that fails.</summary>
    public static SafeFileHandle? Open(ReadOnlySpan<byte> path, bool folder, bool follow, out int error)
    {
        Span<byte> name = path.Length < 1024 ? stackalloc byte[path.Length + 1] : new byte[path.Length + 1];
        path.CopyTo(name);
        name[path.Length] = 0;
        var flags = ReadOnly | NonBlocking | CloseOnExec | (follow ? 0 : s_noFollow) | (folder ? s_directory : 0);
        nint handle;
        fixed (byte* at = name) handle = OpenFile(at, flags, 0);
        error = handle < 0 ? Marshal.GetLastPInvokeError() : 0;
        return handle < 0 ? null : new SafeFileHandle(handle, ownsHandle: true);
    }

    /// <summary>Whether the error of <see cref="Open"/> says that the path is a link.</summary>
    public static bool IsLink(int error) => error == ELoop;

    /// <summary>What an error number means.</summary>
    public static string Message(int error) => Marshal.GetPInvokeErrorMessage(error);

    /// <summary>What an open file is, and how long.</summary>
    public static FileKind Kind(SafeFileHandle file, out long length)
    {
        byte nothing = 0;
        return Status((int)file.DangerousGetHandle(), &nothing, EmptyPath, out length);
    }

    /// <summary>What lies at a path, without following a link there.</summary>
    public static FileKind Kind(ReadOnlySpan<byte> path)
    {
        Span<byte> name = new byte[path.Length + 1];
        path.CopyTo(name);
        fixed (byte* at = name) return Status(Here, at, SymlinkNoFollow, out _);
    }

    /// <summary>Reads into the whole of <paramref name="buffer"/>, or up to the end. -1: failed.</summary>
    public static int ReadFully(SafeFileHandle file, Span<byte> buffer)
    {
        var read = 0;
        fixed (byte* at = buffer)
        {
            while (read < buffer.Length)
            {
                var count = (int)Read((int)file.DangerousGetHandle(), at + read, (nuint)(buffer.Length - read));
                if (count < 0 && Marshal.GetLastPInvokeError() == 4) continue; // EINTR
                if (count < 0) return -1;
                if (count == 0) break;
                read += count;
            }
        }
        return read;
    }

    /// <summary>The names in an open folder, except <c>.</c> and <c>..</c>; null kind: ask.</summary>
    public static IEnumerable<(byte[] Name, FileKind? Kind)> Names(SafeFileHandle folder)
    {
        var entries = new byte[32 * 1024];
        while (true)
        {
            var length = Fill(folder, entries);
            if (length <= 0) yield break;
            for (var at = 0; at < length; at += BitConverter.ToUInt16(entries, at + 16))
            {
                var name = Name(entries.AsSpan(at + 19));
                if (name is [(byte)'.'] or [(byte)'.', (byte)'.']) continue;
                yield return (name, entries[at + 18] switch
                {
                    4 => FileKind.Folder,
                    8 => FileKind.Regular,
                    10 => FileKind.Link,
                    0 => null,
                    _ => FileKind.Other,
                });
            }
        }
    }

    private static byte[] Name(ReadOnlySpan<byte> text) => text[..text.IndexOf((byte)0)].ToArray();

    private static int Fill(SafeFileHandle folder, byte[] entries)
    {
        fixed (byte* at = entries)
            return (int)GetEntries((int)folder.DangerousGetHandle(), at, (nuint)entries.Length);
    }

    private static FileKind Status(int folder, byte* path, int flags, out long length)
    {
        // struct statx has one layout everywhere: the mode at 28, the size at 40.
        var status = stackalloc byte[256];
        length = 0;
        if (StatusOf(folder, path, flags, TypeAndSize, status) != 0) return FileKind.Other;
        length = *(long*)(status + 40);
        return (*(ushort*)(status + 28) & 0xF000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Folder,
            0xA000 => FileKind.Link,
            _ => FileKind.Other,
        };
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int OpenFile(byte* path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int file, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    private static partial nint GetEntries(int folder, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int StatusOf(int folder, byte* path, int flags, uint mask, byte* status);
}
