using System.Threading.Tasks.Sources;

namespace Kist.Kernel.Audit;

/// <summary>
/// A request that waits for its lines to be written. Used again and again: an entry then costs no allocation. Whoever
/// holds its <see cref="Task"/> awaits it exactly once.
/// </summary>
internal sealed class AuditWaiter(AuditLane lane) : IValueTaskSource<bool>
{
    // Continuations never run on the writer's thread: the writer has the next batch to write.
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };

    public ValueTask<bool> Task => new(this, _core.Version);

    public void Complete(bool written) => _core.SetResult(written);

    public bool GetResult(short token)
    {
        var written = _core.GetResult(token);
        _core.Reset();
        lane.Return(this);
        return written;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
