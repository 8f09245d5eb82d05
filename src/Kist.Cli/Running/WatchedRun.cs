using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Secrets;

namespace Kist.Cli.Running;

/// <summary>
/// A program whose values are watched: when one changes, the program is ended and started again with the new ones, or
/// told by a signal. What cannot be read anew is warned about, and the program goes on with what it has.
/// </summary>
internal sealed class WatchedRun : IDisposable
{
    private readonly Session _session;
    private readonly RunRequest _request;
    private readonly HeldLeases _leases;
    private readonly ChangeWatch _watch;
    private readonly MaskedRun _run;
    private readonly List<IDisposable> _old = [];
    private readonly Lock _lock = new();
    private RunValues _values;
    private SecretDelivery? _delivery;
    private SecretPatterns _patterns;
    private ChildProcess? _child;
    private readonly ManualResetEventSlim _ended = new(initialState: true);
    private RunValues? _next;

    private WatchedRun(Session session, RunRequest request, RunValues values, HeldLeases leases)
    {
        (_session, _request, _values, _leases) = (session, request, values, leases);
        _patterns = Launch.PatternsOf(values);
        _run = new MaskedRun(request.IsMasked ? () => _patterns : null);
        _watch = new ChangeWatch(session, values);
    }

    /// <summary>Runs until the program ends by itself; gives its exit code.</summary>
    public static int Run(Session session, RunRequest request, RunValues values, HeldLeases leases)
    {
        ProcessHardening.Hide();
        using var run = new WatchedRun(session, request, values, leases);
        return run.Run();
    }

    public void Dispose()
    {
        _run.Dispose();
        _delivery?.Dispose();
        _patterns.Dispose();
        foreach (var old in _old) old.Dispose();
    }

    private int Run()
    {
        _leases.Ending = _ => _watch.Look();
        _leases.Start(_values.Source is ServerSource ? _values.Environment : null);
        _watch.Start(Changed);
        while (true)
        {
            _delivery?.Dispose();
            if (SecretDelivery.Make(_request, _values.Plan, out _delivery) is { } undelivered)
                return _session.Fail(undelivered);
            if (Launch.Prepare(_request, _values, _delivery, out var image) is { } unrunnable)
                return _session.Fail(unrunnable);
            _ended.Reset();
            int exitCode;
            using (image)
                if (_run.Execute(image, _delivery.Input, Started, out exitCode) is { } problem)
                    return _session.Fail(problem);
            _ended.Set();
            lock (_lock)
            {
                _child = null;
                if (_next is null) return exitCode;
                Take(_next);
                _next = null;
            }
        }
    }

    private void Started(ChildProcess child)
    {
        lock (_lock)
        {
            _child = child;
            // What changed while it was being started.
            if (_next is not null) child.Signal(Native.SigTerm);
        }
    }

    // On the thread of the watch, one at a time.
    private void Changed()
    {
        var problem = RunValues.Collect(_session, _request, out var values, _leases);
        if (problem is not null)
        {
            values.Dispose();
            _session.Screen.Warn($"a value may have changed, but cannot be read: {problem.Message}; "
                + "the program goes on with what it has");
            return;
        }
        _watch.Follow(values);
        ChildProcess? child;
        lock (_lock)
        {
            if (values.Plan.HasSameValues((_next ?? _values).Plan))
            {
                values.Dispose();
                return;
            }
            child = _child;
            if (_request.ChangeSignal is { } signal && child is not null)
            {
                Take(values);
                _delivery!.Renew(values.Plan);
                child.Signal(signal);
                return;
            }
            if (_next is not null) _old.Add(_next);
            _next = values;
        }
        if (child is null) return;
        child.Signal(Native.SigTerm);
        if (!_ended.Wait(_request.Grace)) child.Signal(Native.SigKill);
    }

    // The old values stay masked: what is still on its way may hold them.
    private void Take(RunValues values)
    {
        _old.Add(_values);
        _values = values;
        _old.Add(_patterns);
        _patterns = Launch.PatternsOf(values, _old.OfType<RunValues>());
    }
}
