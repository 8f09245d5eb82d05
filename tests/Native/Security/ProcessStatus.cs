using System.Globalization;

namespace Kist.Native.Tests.Security;

/// <summary>What Linux says about a running process (proc(5)).</summary>
internal static class ProcessStatus
{
    /// <summary>The memory that it occupies, in bytes.</summary>
    public static long ResidentBytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l =>
            l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>The processor time that it has used, its own and the kernel's for it.</summary>
    public static TimeSpan ProcessorTime(int process)
    {
        // Behind the name in brackets, which may hold blanks; fields 14 and 15, in ticks of 10 ms.
        var text = File.ReadAllText($"/proc/{process}/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (long.Parse(fields[11], CultureInfo.InvariantCulture)
            + long.Parse(fields[12], CultureInfo.InvariantCulture)));
    }
}
