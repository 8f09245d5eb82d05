using System.Runtime.InteropServices;

namespace Kist.Cli.Serving;

/// <summary>
/// SIGTERM and SIGINT stop the server gracefully; SIGHUP reloads it. SIGXFSZ (a file at its size limit) is ignored, so
/// that the write fails with an error that the request is told, as on a full disk.
/// </summary>
internal sealed class Signals : IDisposable
{
    private const PosixSignal FileSizeExceeded = (PosixSignal)25; // the same number on Linux, macOS and FreeBSD

    // Never disposed: a signal still under way at that moment would take its default action and end the process.
    private static readonly PosixSignalRegistration s_fileSize =
        PosixSignalRegistration.Create(FileSizeExceeded, context => context.Cancel = true);

    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private Action? _reload;

    public Signals()
    {
        GC.KeepAlive(s_fileSize);
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
