using System.Globalization;
using System.Runtime.InteropServices;

namespace Kist.Cli.Serving;

/// <summary>
/// The pages of the program's own code that are in this process's memory. Starting touches much that serving never
/// needs again, and the system counts it for as long as the process lives.
/// </summary>
internal static partial class ProgramPages
{
    private const int MadvDontNeed = 4; // Linux: asm-generic/mman-common.h

    /// <summary>
    /// Lets go of all of them; those that are needed come back from the system's cache, in less than a millisecond
    /// together. Only of code, which is the file's and never written to: from any other page this would take what was
    /// written there. Gives how many bytes were let go of; on other systems than Linux none.
    /// </summary>
    public static long GiveBack()
    {
        if (!OperatingSystem.IsLinux()) return 0;
        var bytes = 0L;
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            // 00400000-01a2b000 r-xp 00001000 fe:00 1234   /usr/bin/kist
            if (Environment.ProcessPath is not { } program || !line.EndsWith($" {program}", StringComparison.Ordinal)
                || line.Split(' ', 3) is not [var range, "r-xp", _] || range.Split('-') is not [var from, var to]
                || !TryParse(from, out var begin) || !TryParse(to, out var end))
            {
                continue;
            }
            if (MAdvise(begin, end - begin, MadvDontNeed) == 0) bytes += (long)(end - begin);
        }
        return bytes;
    }

    private static bool TryParse(string hex, out nuint number) =>
        nuint.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(nuint address, nuint length, int advice);
}
