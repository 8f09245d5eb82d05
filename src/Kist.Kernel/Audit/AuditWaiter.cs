using System.Threading.Tasks.Sources;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Audit;

/// <summary>
/// A request that waits for its lines to be written. Used again and again: an entry then costs no allocation. Whoever
/// holds its <see cref="Task"/> awaits it exactly once.
/// </summary>
internal sealed class AuditWaiter(AuditLane lane) : IValueTaskSource<Fault?>
{
    // Continuations run where the result is set: by AuditRelease, never on the writer's thread.
    private ManualResetValueTaskSourceCore<Fault?> _core;

    public ValueTask<Fault?> Task => new(this, _core.Version);

    /// <summary>What the request is told when its lines may not be on the medium.</summary>
    public Fault? Refusal { get; set; }

    public void Complete(bool written) => _core.SetResult(written ? null : Refusal);

    public Fault? GetResult(short token)
    {
        var refused = _core.GetResult(token);
        _core.Reset();
        lane.Return(this);
        return refused;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
