using System.Runtime.InteropServices;

namespace Kist.Cli.Running;

/// <summary>
/// Puts a terminal, mostly that on standard input, into raw mode (no echo, no signals from keys) until disposed. A
/// signal that would end this process puts the old mode back first.
/// </summary>
internal sealed unsafe class TerminalMode : IDisposable
{
    private readonly int _descriptor;
    private readonly byte[] _before;
    private readonly PosixSignalRegistration[] _fatal;
    private bool _restored;

    private TerminalMode(int descriptor, byte[] before, bool restoreOnSignals)
    {
        _descriptor = descriptor;
        _before = before;
        _fatal = restoreOnSignals
            ?
            [
                PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Dispose()),
                PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => Dispose()),
            ]
            : [];
    }

    /// <summary>Whether standard input is a terminal whose keys reach this process: not in the background.</summary>
    public static bool IsForeground => IsForegroundOf(0);

    /// <summary>Raw mode; null where there is no terminal to put into it.</summary>
    /// <param name="restoreOnSignals">False when the caller takes signals and disposes this itself.</param>
    /// <param name="descriptor">The terminal; standard input if nothing is said.</param>
    public static TerminalMode? Raw(bool restoreOnSignals = true, int descriptor = 0)
    {
        if (!IsForegroundOf(descriptor)) return null;
        var before = new byte[Native.OpaqueSize];
        var raw = new byte[Native.OpaqueSize];
        fixed (byte* old = before, made = raw)
        {
            if (Native.GetMode(descriptor, old) != 0) return null;
            before.CopyTo(raw, 0);
            Native.MakeRaw(made);
            return Native.SetMode(descriptor, Native.TerminalNow, made) == 0
                ? new TerminalMode(descriptor, before, restoreOnSignals)
                : null;
        }
    }

    /// <summary>Puts the old mode back. Safe to call twice.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _restored, true)) return;
        fixed (byte* old = _before) Native.SetMode(_descriptor, Native.TerminalNow, old);
        foreach (var registration in _fatal) registration.Dispose();
    }

    private static bool IsForegroundOf(int descriptor) => !OperatingSystem.IsWindows()
        && Native.IsTerminal(descriptor) == 1 && Native.ForegroundGroup(descriptor) == Native.OwnGroup();
}
