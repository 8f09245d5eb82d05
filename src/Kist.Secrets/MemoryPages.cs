using System.Runtime.InteropServices;

namespace Kist.Secrets;

/// <summary>The system calls on whole pages. Where the system has no such call, nothing happens.</summary>
internal static unsafe partial class MemoryPages
{
    // Linux: asm-generic/mman-common.h
    private const int MadvDontNeed = 4;
    private const int MadvDontDump = 16;
    private const int MadvDoDump = 17;

    public static bool TryLock(void* address, nuint length) =>
        !OperatingSystem.IsWindows() && MLock(address, length) == 0;

    public static void Unlock(void* address, nuint length) => _ = MUnlock(address, length);

    public static void LeaveOutOfDumps(void* address, nuint length)
    {
        if (OperatingSystem.IsLinux()) _ = MAdvise(address, length, MadvDontDump);
    }

    public static void AdmitToDumps(void* address, nuint length)
    {
        if (OperatingSystem.IsLinux()) _ = MAdvise(address, length, MadvDoDump);
    }

    /// <summary>
    /// False: not done. Only for pages that are a file's and were never written to: others lose what was written.
    /// </summary>
    public static bool TryLetGoOf(void* address, nuint length) =>
        OperatingSystem.IsLinux() && MAdvise(address, length, MadvDontNeed) == 0;

    [LibraryImport("libc", EntryPoint = "mlock")]
    private static partial int MLock(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "munlock")]
    private static partial int MUnlock(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(void* address, nuint length, int advice);
}
