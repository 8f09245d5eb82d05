using System.IO.Pipes;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli.Running;

/// <summary>
/// Runs the program with its output masked: through a pseudo-terminal where a person watches, so that it still
/// finds a terminal, and through pipes where output goes elsewhere.
/// </summary>
internal sealed class MaskedRun : IDisposable
{
    private readonly SecretPatterns _patterns;
    private readonly AnonymousPipeServerStream?[] _pipes = new AnonymousPipeServerStream?[3];
    private readonly PseudoTerminal? _terminal;

    private MaskedRun(SecretPatterns patterns)
    {
        _patterns = patterns;
        var outer = IsTerminal(1) ? 1 : IsTerminal(2) ? 2 : -1;
        if (outer >= 0) _terminal = PseudoTerminal.Open(outer);
    }

    /// <summary>Runs the program to its end and gives its exit code; a start that failed is the problem.</summary>
    public static Problem? Execute(ProgramImage image, SecretPatterns patterns, out int exitCode)
    {
        using var run = new MaskedRun(patterns);
        return run.Execute(image, out exitCode);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminal?.Dispose();
        foreach (var pipe in _pipes) pipe?.Dispose();
    }

    private Problem? Execute(ProgramImage image, out int exitCode)
    {
        exitCode = 0;
        var onTerminal = _terminal is not null;
        using var relay = new SignalRelay(!onTerminal && IsInForeground(), onTerminal ? _terminal!.Resize : null);
        var input = onTerminal && IsTerminal(0) ? ChildStreams.OnTerminal : ChildStreams.Inherited;
        var streams = new ChildStreams(input, Stream(1), Stream(2), _terminal?.Path);
        if (ChildProcess.Start(image, streams, out var child) is { } problem) return problem;
        image.Dispose(); // the values are the child's now
        relay.Attach(child);
        foreach (var pipe in _pipes) pipe?.DisposeLocalCopyOfClientHandle();
        using var raw = input == ChildStreams.OnTerminal ? TerminalMode.Raw(restoreOnSignals: false) : null;
        var pumps = StartPumps(keys: raw is not null);
        exitCode = child.Wait();
        foreach (var pump in pumps) pump.Join();
        return null;
    }

    private List<Pump> StartPumps(bool keys)
    {
        var pumps = new List<Pump>();
        if (_terminal is { } terminal)
        {
            pumps.Add(Pump.Masked(terminal.Master, IsTerminal(1) ? 1 : 2, _patterns, static () => { }));
            if (keys) Pump.Keys(0, terminal.Master);
        }
        for (var number = 1; number <= 2; number++)
            if (_pipes[number] is { } pipe)
                pumps.Add(Pump.Masked(
                    (int)pipe.SafePipeHandle.DangerousGetHandle(), number, _patterns, pipe.Dispose));
        return pumps;
    }

    private int Stream(int number)
    {
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
            return false; // no terminal at all
        }
    }
}
