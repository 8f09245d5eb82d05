using System.Runtime.InteropServices;

namespace Kist.Secrets;

/// <summary>Closes the ways by which another program of the same user could read this process's memory.</summary>
public static partial class ProcessHardening
{
    private const int PrSetDumpable = 4; // linux/prctl.h
    private const int RlimitCore = 4;    // the same on Linux, macOS and FreeBSD

    /// <summary>
    /// Forbids core dumps (<c>RLIMIT_CORE</c> 0) and, on Linux, attaching a debugger or reading <c>/proc/PID/mem</c>
    /// without extra rights (<c>PR_SET_DUMPABLE</c> 0, see prctl(2)). Call it first thing in a process that holds keys.
    /// Returns what could not be applied, in words for the log; empty when all of it holds.
    /// </summary>
    public static IReadOnlyList<string> Apply()
    {
        if (OperatingSystem.IsWindows()) return [];
        var failures = new List<string>();
        var none = default(ResourceLimit);
        if (SetRLimit(RlimitCore, in none) != 0) failures.Add("core dumps could not be switched off (setrlimit)");
        if (OperatingSystem.IsLinux() && PrCtl(PrSetDumpable, 0, 0, 0, 0) != 0)
            failures.Add("the process could not be made non-dumpable (prctl)");
        return failures;
    }

    /// <summary>Only hides this process's memory and <c>/proc</c> files from others of the same user (Linux), and
    /// leaves limits alone that its children inherit.</summary>
    public static void Hide()
    {
        if (OperatingSystem.IsLinux()) PrCtl(PrSetDumpable, 0, 0, 0, 0);
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int PrCtl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetRLimit(int resource, in ResourceLimit limit);

    private readonly struct ResourceLimit
    {
        public readonly nuint Soft;
        public readonly nuint Hard;
    }
}
