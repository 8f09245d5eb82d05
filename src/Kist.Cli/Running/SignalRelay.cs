using System.Runtime.InteropServices;

namespace Kist.Cli.Running;

/// <summary>
/// Hands the signals that this process gets on to its child. Those that the terminal sends to a whole foreground
/// group are left alone when the child is in that group: it has them already, and twice is not once.
/// </summary>
internal sealed class SignalRelay : IDisposable
{
    private const int WindowChanged = 28;
    private readonly Lock _lock = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly List<int> _early = [];
    private readonly bool _childHasKeys;
    private readonly Action? _resized;
    private ChildProcess? _child;

    /// <param name="childHasKeys">The child is in this process's foreground group.</param>
    /// <param name="resized">What to do when the terminal's size changes, instead of telling the child.</param>
    public SignalRelay(bool childHasKeys, Action? resized)
    {
        _childHasKeys = childHasKeys;
        _resized = resized;
        int[] relayed =
        [
            Native.SigHup, Native.SigInt, Native.SigQuit, Native.SigTerm, Native.SigUsr1, Native.SigUsr2, WindowChanged,
        ];
        foreach (var signal in relayed)
        {
            var number = signal;
            _registrations.Add(PosixSignalRegistration.Create((PosixSignal)number, context =>
            {
                context.Cancel = true;
                Relay(number);
            }));
        }
    }

    /// <summary>Names the child; what came before goes to it now.</summary>
    public void Attach(ChildProcess child)
    {
        lock (_lock)
        {
            _child = child;
            foreach (var signal in _early) child.Signal(signal);
            _early.Clear();
        }
    }

    /// <summary>The child has ended; what comes now waits for the next one.</summary>
    public void Detach()
    {
        lock (_lock) _child = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private void Relay(int signal)
    {
        if (signal == WindowChanged && _resized is not null)
        {
            _resized();
            return;
        }
        if (_childHasKeys && signal is Native.SigInt or Native.SigQuit or WindowChanged) return;
        lock (_lock)
        {
            if (_child is null) _early.Add(signal);
            else _child.Signal(signal);
        }
    }
}
