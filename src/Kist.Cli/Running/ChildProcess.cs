using System.Runtime.InteropServices;
using Kist.Cli.Output;

namespace Kist.Cli.Running;

/// <summary>Where a child's standard streams lead; a negative descriptor is inherited.</summary>
/// <param name="Terminal">The path of a pseudo-terminal for every stream given as <see cref="OnTerminal"/>.</param>
internal sealed record ChildStreams(int Input, int Output, int Error, byte[]? Terminal)
{
    public const int Inherited = -1, OnTerminal = -2;
}

/// <summary>
/// A program that runs beside this one. Started by <c>posix_spawn</c>, because a managed process must never fork.
/// </summary>
internal sealed unsafe class ChildProcess
{
    private readonly Lock _lock = new();
    private readonly int _id;
    private bool _ended;

    private ChildProcess(int id) => _id = id;

    /// <summary>Starts the program. With a pseudo-terminal it leads a session of its own there.</summary>
    public static Problem? Start(ProgramImage image, ChildStreams streams, out ChildProcess child)
    {
        child = null!;
        var actions = stackalloc byte[Native.OpaqueSize];
        var attributes = stackalloc byte[Native.OpaqueSize];
        var signals = stackalloc byte[Native.OpaqueSize];
        Native.ActionsInit(actions);
        Native.AttributesInit(attributes);
        var flags = (short)(Native.SpawnSigDef | Native.SpawnSigMask);
        if (streams.Terminal is not null) flags |= Native.SpawnSetSid;
        Native.AttributesFlags(attributes, flags);
        Native.SignalsNone(signals);
        Native.AttributesSignalMask(attributes, signals);
        Native.SignalsAdd(signals, Native.SigPipe); // ignored by the runtime, and that would be inherited
        Native.AttributesSignalDefault(attributes, signals);
        int id, error;
        fixed (byte* terminal = streams.Terminal)
        {
            Connect(actions, streams.Input, 0, terminal);
            Connect(actions, streams.Output, 1, terminal);
            Connect(actions, streams.Error, 2, terminal);
            error = Native.Spawn(&id, image.Path, actions, attributes, image.Arguments, image.Environment);
            if (error == Native.ENoExec)
            {
                var arguments = image.ThroughShell(out var shell);
                error = Native.Spawn(&id, shell, actions, attributes, arguments, image.Environment);
            }
        }
        Native.ActionsDestroy(actions);
        Native.AttributesDestroy(attributes);
        if (error != 0) return Replacement.Failed(error);
        child = new ChildProcess(id);
        return null;
    }

    /// <summary>Waits for the end: the exit code, or 128 + the signal that ended it.</summary>
    public int Wait()
    {
        int status;
        while (Native.Wait(_id, &status, 0) < 0)
            if (Marshal.GetLastPInvokeError() != Native.EIntr) return Problem.Local;
        lock (_lock) _ended = true;
        var signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    }

    /// <summary>Sends a signal, unless the program has ended and its number may be another's by now.</summary>
    public void Signal(int signal)
    {
        lock (_lock)
        {
            if (!_ended) Native.Kill(_id, signal);
        }
    }

    // Opened after setsid, the first terminal becomes the session's own: the child is its master for Ctrl-C and jobs.
    private static void Connect(byte* actions, int stream, int number, byte* terminal)
    {
        if (stream == ChildStreams.OnTerminal) Native.ActionsOpen(actions, number, terminal, Native.ReadWrite, 0);
        else if (stream >= 0) Native.ActionsDup(actions, stream, number);
    }
}
