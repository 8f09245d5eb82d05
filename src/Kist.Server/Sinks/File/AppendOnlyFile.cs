using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Kist.Server.Sinks.File;

/// <summary>
/// A regular file that is only ever appended to. Opened with O_APPEND and O_NOFOLLOW, which the base class library
/// cannot ask for. A symbolic link, a device, a pipe, a file with an execute bit or with a second name is refused, and
/// so is one that somebody else has opened here: two writers would tear each other's chain.
/// </summary>
internal sealed partial class AppendOnlyFile : IDisposable
{
    private const int ReadWrite = 0x2, Create = 0x40, Append = 0x400, NonBlock = 0x800, CloseOnExec = 0x80000;
    private const int ErrorNoSpace = 28, ErrorFileTooBig = 27, ErrorInterrupted = 4, ErrorLoop = 40;
    private const int SetLock = 37, ErrorLocked = 11, ErrorDenied = 13;
    private const short WriteLock = 1;
    private const int SyncFileRangeWrite = 2, AdviseNotNeeded = 4;

    // Left alone, the system begins to write the pages half a minute old, of all that time at once, and a commit that
    // is synced meanwhile waits for a second behind them.
    private const int UnwrittenBytes = 16 << 20;

    // The end stays in memory for whoever follows the log. What lies before it would fill the memory of the machine
    // with pages that nobody reads.
    private const int RememberedBytes = 2 * UnwrittenBytes, ForgottenAtOnce = 8 * UnwrittenBytes;

    private const int TypeMask = 0xF000, RegularFile = 0x8000, ExecuteBits = 0x49;

    private readonly SafeFileHandle _handle;
    private readonly (ulong Device, ulong Number) _identity;
    private int _unwritten;

    private AppendOnlyFile(SafeFileHandle handle, (ulong Device, ulong Number) identity) =>
        (_handle, _identity) = (handle, identity);

    private static int NoFollow => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm
        ? 0x8000 : 0x20000;

    /// <summary>The file's length in bytes.</summary>
    public long Length => RandomAccess.GetLength(_handle);

    /// <summary>
    /// Opens or creates the file with <paramref name="mode"/>, for this process alone. If it is the one that is
    /// <paramref name="held"/> already, that is returned. Throws <see cref="IOException"/>.
    /// </summary>
    public static AppendOnlyFile Open(string path, UnixFileMode mode, AppendOnlyFile? held = null)
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
            var identity = Check(handle);
            if (held is not null && held._identity == identity)
            {
                handle.Dispose();
                return held;
            }
            // Where the file system knows no locks, there is none.
            var whole = new FileLock { Type = WriteLock };
            if (LockNative(handle, SetLock, ref whole) != 0
                && Marshal.GetLastPInvokeError() is ErrorLocked or ErrorDenied)
                throw new IOException("the audit file is in use by another sink or another kist server; with several "
                    + "servers on one machine put {node_id} into its file_path");
            if (!OperatingSystem.IsWindows() && System.IO.File.GetUnixFileMode(handle) != mode)
                System.IO.File.SetUnixFileMode(handle, mode);
            return new AppendOnlyFile(handle, identity);
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
        _unwritten += bytes.Length;
        if (_unwritten < UnwrittenBytes) return;
        _unwritten = 0;
        ThreadPool.UnsafeQueueUserWorkItem(static file => file.HandOver(), this, preferLocal: false);
    }

    /// <summary>
    /// Has the system begin to write to the disk what it has been given, and give up the memory of what is written.
    /// </summary>
    private void HandOver()
    {
        try
        {
            // No more than hints: what fails now fails later.
            _ = SyncRangeNative(_handle, 0, 0, SyncFileRangeWrite);
            var end = Length - RememberedBytes;
            var start = Math.Max(0, end - ForgottenAtOnce);
            if (end > start) _ = AdviseNative(_handle, start, end - start, AdviseNotNeeded);
        }
        catch (Exception fault) when (fault is ObjectDisposedException or EntryPointNotFoundException or IOException)
        {
            // It was closed meanwhile; or this C library has no such function.
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

    private static (ulong Device, ulong Number) Check(SafeFileHandle handle)
    {
        // statx has the same layout on every architecture: the number of names is at byte 16, the mode at 28, the
        // file's number at 32, its device at 136.
        Span<byte> facts = stackalloc byte[256];
        if (StatNative(handle, "", 0x1000, 0x107, ref MemoryMarshal.GetReference(facts)) != 0)
            throw new IOException(Text("cannot examine", Marshal.GetLastPInvokeError()));
        var mode = MemoryMarshal.Read<ushort>(facts[28..]);
        if ((mode & TypeMask) != RegularFile) throw new IOException("the audit file is not a regular file");
        if ((mode & ExecuteBits) != 0) throw new IOException("the audit file is executable");
        if (MemoryMarshal.Read<uint>(facts[16..]) != 1) throw new IOException("the audit file has a second name");
        return (MemoryMarshal.Read<ulong>(facts[136..]), MemoryMarshal.Read<ulong>(facts[32..]));
    }

    private static string Text(string what, int error) =>
        $"{what} the audit log: {Marshal.GetPInvokeErrorMessage(error)}";

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenNative(string path, int flags, uint mode);

    // A lock of this open file (F_OFD_SETLK): it holds against others in the same process too, and, unlike that of
    // flock, not against the base class library's readers.
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int LockNative(SafeFileHandle file, int operation, ref FileLock part);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteNative(SafeFileHandle file, ref byte bytes, nint count);

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncRangeNative(SafeFileHandle file, long from, long count, uint flags);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int AdviseNative(SafeFileHandle file, long from, long count, int advice);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatNative(SafeFileHandle file, string path, int flags, uint mask, ref byte facts);

    /// <summary><c>struct flock</c> of 64-bit Linux; zeros: from the beginning to the end.</summary>
    private struct FileLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
