using System.IO.Pipes;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli.Running;

/// <summary>
/// Runs a program, or one after the other, with their output masked: through a pseudo-terminal where a person watches,
/// so that they still find a terminal, and through pipes where output goes elsewhere.
/// </summary>
internal sealed class MaskedRun : IDisposable
{
    private readonly Func<SecretPatterns>? _patterns;
    private readonly AnonymousPipeServerStream?[] _pipes = new AnonymousPipeServerStream?[3];
    private readonly PseudoTerminal? _terminal;
    private readonly SignalRelay _relay;
    private TerminalMode? _raw;

    /// <param name="patterns">What is masked, as of now; null: the streams are the program's own.</param>
    public MaskedRun(Func<SecretPatterns>? patterns)
    {
        _patterns = patterns;
        var outer = patterns is null ? -1 : IsTerminal(1) ? 1 : IsTerminal(2) ? 2 : -1;
        if (outer >= 0) _terminal = PseudoTerminal.Open(outer);
        var onTerminal = _terminal is not null;
        _relay = new SignalRelay(!onTerminal && IsInForeground(), onTerminal ? _terminal!.Resize : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _raw?.Dispose();
        _relay.Dispose();
        _terminal?.Dispose();
        foreach (var pipe in _pipes) pipe?.Dispose();
    }

    /// <summary>Runs the program to its end and gives its exit code; a start that failed is the problem.</summary>
    /// <param name="input">The program's standard input, as <see cref="ChildStreams"/> has it.</param>
    /// <param name="started">Gets the program when it runs.</param>
    public Problem? Execute(ProgramImage image, int input, Action<ChildProcess>? started, out int exitCode)
    {
        exitCode = 0;
        if (input == ChildStreams.Inherited && _terminal is not null && IsTerminal(0)) input = ChildStreams.OnTerminal;
        var streams = new ChildStreams(input, Stream(1), Stream(2), _terminal?.Path);
        if (ChildProcess.Start(image, streams, out var child) is { } problem) return problem;
        image.Dispose(); // the values are the child's now
        _relay.Attach(child);
        started?.Invoke(child);
        foreach (var pipe in _pipes) pipe?.DisposeLocalCopyOfClientHandle();
        if (input == ChildStreams.OnTerminal && _raw is null
            && (_raw = TerminalMode.Raw(restoreOnSignals: false)) is not null) Pump.Keys(0, _terminal!.Master);
        var pumps = StartPumps();
        exitCode = child.Wait();
        _relay.Detach();
        foreach (var pump in pumps) pump.Join();
        return null;
    }

    private List<Pump> StartPumps()
    {
        var pumps = new List<Pump>();
        if (_patterns is null) return pumps;
        if (_terminal is { } terminal)
            pumps.Add(Pump.Masked(terminal.Master, IsTerminal(1) ? 1 : 2, _patterns, static () => { }));
        for (var number = 1; number <= 2; number++)
            if (_pipes[number] is { } pipe)
                pumps.Add(Pump.Masked(
                    (int)pipe.SafePipeHandle.DangerousGetHandle(), number, _patterns, pipe.Dispose));
        return pumps;
    }

    private int Stream(int number)
    {
        if (_patterns is null) return ChildStreams.Inherited;
        if (_terminal is not null && IsTerminal(number)) return ChildStreams.OnTerminal;
        var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        _pipes[number] = pipe;
        return (int)pipe.ClientSafePipeHandle.DangerousGetHandle();
    }

    private static bool IsTerminal(int descriptor) => Native.IsTerminal(descriptor) == 1;

    /// <summary>Whether this process's group has the terminal, so that its keys reach a child too.</summary>
    public static bool IsInForeground()
    {
        try
        {
            using var terminal = File.OpenHandle("/dev/tty", FileMode.Open, FileAccess.Read);
            return Native.ForegroundGroup((int)terminal.DangerousGetHandle()) == Native.OwnGroup();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
