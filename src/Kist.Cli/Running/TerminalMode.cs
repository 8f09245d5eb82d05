using System.Runtime.InteropServices;

namespace Kist.Cli.Running;

/// <summary>
/// Puts the terminal on standard input into raw mode (no echo, no signals from keys) until disposed. A signal that
/// would end this process puts the old mode back first.
/// </summary>
internal sealed unsafe class TerminalMode : IDisposable
{
    private readonly byte[] _before;
    private readonly PosixSignalRegistration[] _fatal;
    private bool _restored;

    private TerminalMode(byte[] before, bool restoreOnSignals)
    {
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
    public static bool IsForeground =>
        !OperatingSystem.IsWindows() && Native.IsTerminal(0) == 1 && Native.ForegroundGroup(0) == Native.OwnGroup();

    /// <summary>Raw mode; null where there is no terminal to put into it.</summary>
    /// <param name="restoreOnSignals">False when the caller takes signals and disposes this itself.</param>
    public static TerminalMode? Raw(bool restoreOnSignals = true)
    {
        if (!IsForeground) return null;
        var before = new byte[Native.OpaqueSize];
        var raw = new byte[Native.OpaqueSize];
        fixed (byte* old = before, made = raw)
        {
            if (Native.GetMode(0, old) != 0) return null;
            before.CopyTo(raw, 0);
            Native.MakeRaw(made);
            return Native.SetMode(0, Native.TerminalNow, made) == 0
                ? new TerminalMode(before, restoreOnSignals)
                : null;
        }
    }

    /// <summary>Puts the old mode back. Safe to call twice.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _restored, true)) return;
        fixed (byte* old = _before) Native.SetMode(0, Native.TerminalNow, old);
        foreach (var registration in _fatal) registration.Dispose();
    }
}
