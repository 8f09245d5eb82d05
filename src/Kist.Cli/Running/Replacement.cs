using System.Runtime.InteropServices;
using Kist.Cli.Output;

namespace Kist.Cli.Running;

/// <summary>Becomes the program: no process stays between it and its terminal, its signals and its parent.</summary>
internal static unsafe class Replacement
{
    /// <summary>Does not return when it succeeds.</summary>
    public static Problem Become(ProgramImage image)
    {
        // The runtime ignores SIGPIPE; ignored signals survive execve, and `app | head` would never end.
        Native.SignalHandler(Native.SigPipe, 0);
        var none = stackalloc byte[Native.OpaqueSize];
        Native.SignalsNone(none);
        var setMask = Native.IsMac ? 3 : 2;
        Native.ThreadSignals(setMask, none, null);
        Native.Exec(image.Path, image.Arguments, image.Environment);
        if (Marshal.GetLastPInvokeError() == Native.ENoExec)
        {
            var arguments = image.ThroughShell(out var shell);
            Native.Exec(shell, arguments, image.Environment);
        }
        return Failed(Marshal.GetLastPInvokeError());
    }

    /// <summary>Why a program could not be started.</summary>
    public static Problem Failed(int error) => error == Native.ENoEnt
        ? new Problem("the program, or the interpreter that it names, does not exist", null, ProgramImage.NotFound)
        : new Problem($"the program cannot be started: {Marshal.GetPInvokeErrorMessage(error)}", null,
            ProgramImage.NotExecutable);
}
