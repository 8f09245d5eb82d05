using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Postgres;

/// <summary>A batch that waits for the writer, and the task its caller waits for.</summary>
internal sealed class PendingCommit(Batch batch, CancellationToken ct)
    : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public Batch Batch { get; } = batch;

    public CancellationToken Cancellation { get; } = ct;

    /// <summary>Whether the guards held; told to the caller once the group is committed.</summary>
    public bool Outcome { get; set; }
}
