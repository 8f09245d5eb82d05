using System.Runtime.InteropServices;

namespace Kist.Server.Tests.Sinks;

/// <summary>
/// A medium that gets full without root and without harm to other tests: the process may not write beyond one
/// tebibyte of a file, and only a sparse file ever gets there.
/// </summary>
internal sealed partial class FileSizeLimit : IDisposable
{
    public const long Bytes = 1L << 40;

    private const int FileSize = 1, LimitSignal = 25;

    // For the life of the process: a signal still under way when it is disposed takes its default action, death.
    private static readonly PosixSignalRegistration s_ignored =
        PosixSignalRegistration.Create((PosixSignal)LimitSignal, context => context.Cancel = true);

    public FileSizeLimit()
    {
        GC.KeepAlive(s_ignored);
        Set(Bytes);
    }

    /// <summary>Makes a file that ends with a newline and has room for <paramref name="left"/> more bytes.</summary>
    public static void Fill(string path, int left)
    {
        using var file = new FileStream(path, FileMode.Create);
        file.SetLength(Bytes - left - 1);
        file.Seek(0, SeekOrigin.End);
        file.WriteByte((byte)'\n');
    }

    public void Dispose() => Set(-1);

    private static void Set(long bytes)
    {
        var limit = new Limit(bytes, -1);
        if (SetLimit(FileSize, ref limit) != 0)
            throw new InvalidOperationException(Marshal.GetLastPInvokeErrorMessage());
    }

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, ref Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private record struct Limit(long Soft, long Hard);
}
