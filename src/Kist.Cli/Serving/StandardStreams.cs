using Microsoft.Win32.SafeHandles;

namespace Kist.Cli.Serving;

/// <summary>
/// A service may be started without standard input, output or error. Their numbers would then be those of the files
/// that it opens next, and what is meant for people would be written into its data.
/// </summary>
internal static class StandardStreams
{
    private const int Last = 2;
    private static readonly List<SafeFileHandle> s_held = [];

    /// <summary>Puts a file that holds nothing in the place of each one that is closed.</summary>
    public static void Fill()
    {
        if (OperatingSystem.IsWindows()) return;
        while (true)
        {
            var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (nothing.DangerousGetHandle() > Last)
            {
                nothing.Dispose();
                return;
            }
            s_held.Add(nothing);
        }
    }
}
