using System.Runtime.InteropServices;

namespace Kist.Cli.Serving;

/// <summary>SIGTERM and SIGINT stop the server gracefully; SIGHUP reloads it.</summary>
internal sealed class Signals : IDisposable
{
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private Action? _reload;

    public Signals()
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT])
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                _stopping.Cancel();
                _stop.TrySetResult();
            }));
        // Caught from the start: a reload that comes too early must not end the process.
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            Volatile.Read(ref _reload)?.Invoke();
        }));
    }

    /// <summary>Completes when the server shall stop.</summary>
    public Task StopRequested => _stop.Task;

    /// <summary>Cancelled when the server shall stop.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Sets what a reload does.</summary>
    public void OnReload(Action reload) => Volatile.Write(ref _reload, reload);

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _stopping.Dispose();
    }
}
