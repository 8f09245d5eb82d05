using System.Globalization;
using Kist.Secrets;

namespace Kist.Cli.Serving;

/// <summary>
/// The pages of the program's own code that are in this process's memory. Starting touches much that serving never
/// needs again, and the system counts it for as long as the process lives.
/// </summary>
internal static unsafe class ProgramPages
{
    /// <summary>
    /// Lets go of all of them; those that are needed come back from the system's cache. Only of code, which is the
    /// file's and never written to. Gives how many bytes were let go of; on other systems than Linux none.
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
            if (MemoryPages.TryLetGoOf((void*)begin, end - begin)) bytes += (long)(end - begin);
        }
        return bytes;
    }

    private static bool TryParse(string hex, out nuint number) =>
        nuint.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
}
