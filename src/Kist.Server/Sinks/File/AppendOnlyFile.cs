using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Kist.Server.Sinks.File;

/// <summary>
/// A regular file that is only ever appended to. Opened with O_APPEND and O_NOFOLLOW, which the base class library
/// cannot ask for. A symbolic link, a device, a pipe, a file with an execute bit or with a second name is refused.
/// </summary>
internal sealed partial class AppendOnlyFile : IDisposable
{
    private const int ReadWrite = 0x2, Create = 0x40, Append = 0x400, NonBlock = 0x800, CloseOnExec = 0x80000;
    private const int ErrorNoSpace = 28, ErrorFileTooBig = 27, ErrorInterrupted = 4, ErrorLoop = 40;
    private const int TypeMask = 0xF000, RegularFile = 0x8000, ExecuteBits = 0x49;

    private readonly SafeFileHandle _handle;

    private AppendOnlyFile(SafeFileHandle handle) => _handle = handle;

    private static int NoFollow => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm
        ? 0x8000 : 0x20000;

    /// <summary>The file's length in bytes.</summary>
    public long Length => RandomAccess.GetLength(_handle);

    /// <summary>Opens or creates the file with <paramref name="mode"/>. Throws <see cref="IOException"/>.</summary>
    public static AppendOnlyFile Open(string path, UnixFileMode mode)
    {
        // O_NONBLOCK: opening a pipe nobody reads must fail, not wait. It has no effect on a regular file.
        var descriptor = OpenNative(path, ReadWrite | Create | Append | NonBlock | CloseOnExec | NoFollow, (uint)mode);
        if (descriptor < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException(
                error == ErrorLoop ? "the audit file is a symbolic link" : Text("cannot open", error));
        }
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            Check(handle);
            if (!OperatingSystem.IsWindows() && System.IO.File.GetUnixFileMode(handle) != mode)
                System.IO.File.SetUnixFileMode(handle, mode);
            return new AppendOnlyFile(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Appends all of <paramref name="bytes"/>, or nothing: a part that was written before the disk was full is cut off
    /// again. Throws <see cref="IOException"/>.
    /// </summary>
    public void AppendAll(ReadOnlySpan<byte> bytes)
    {
        var left = bytes;
        try
        {
            WriteAll(_handle, ref left);
        }
        catch (IOException)
        {
            // Asked only now: this is the only writer, so what it wrote is the file's end.
            if (left.Length < bytes.Length) Truncate(Length - (bytes.Length - left.Length));
            throw;
        }
    }

    /// <summary>Writes all of <paramref name="bytes"/>. After an <see cref="IOException"/> a part may be
    /// written.</summary>
    public static void WriteAll(SafeFileHandle file, ReadOnlySpan<byte> bytes) => WriteAll(file, ref bytes);

    /// <summary>The same; <paramref name="bytes"/> is what is left to write.</summary>
    private static void WriteAll(SafeFileHandle file, ref ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var written = WriteNative(file, ref MemoryMarshal.GetReference(bytes), bytes.Length);
            if (written > 0)
            {
                bytes = bytes[(int)written..];
                continue;
            }
            var error = Marshal.GetLastPInvokeError();
            if (written < 0 && error == ErrorInterrupted) continue;
            throw new IOException(error is ErrorNoSpace or ErrorFileTooBig
                ? "no space is left for the audit log" : Text("cannot write to", error));
        }
    }

    /// <summary>Cuts the file.</summary>
    public void Truncate(long length) => RandomAccess.SetLength(_handle, length);

    /// <summary>Reads into <paramref name="bytes"/> from <paramref name="offset"/>; how many bytes that were.</summary>
    public int Read(Span<byte> bytes, long offset) => RandomAccess.Read(_handle, bytes, offset);

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static void Check(SafeFileHandle handle)
    {
        // statx has the same layout on every architecture: the mode is at byte 28, the number of names at byte 16.
        Span<byte> facts = stackalloc byte[256];
        if (StatNative(handle, "", 0x1000, 0x7, ref MemoryMarshal.GetReference(facts)) != 0)
            throw new IOException(Text("cannot examine", Marshal.GetLastPInvokeError()));
        var mode = MemoryMarshal.Read<ushort>(facts[28..]);
        if ((mode & TypeMask) != RegularFile) throw new IOException("the audit file is not a regular file");
        if ((mode & ExecuteBits) != 0) throw new IOException("the audit file is executable");
        if (MemoryMarshal.Read<uint>(facts[16..]) != 1) throw new IOException("the audit file has a second name");
    }

    private static string Text(string what, int error) =>
        $"{what} the audit log: {Marshal.GetPInvokeErrorMessage(error)}";

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenNative(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteNative(SafeFileHandle file, ref byte bytes, nint count);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatNative(SafeFileHandle file, string path, int flags, uint mask, ref byte facts);
}
