using System.Threading.Channels;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// The one task that writes. Callers put batches into a queue; whenever the task is free it takes all that wait and
/// commits them as one group. The more callers, the larger the groups, and the fewer round trips and syncs for each.
/// </summary>
internal sealed class CommitQueue : IAsyncDisposable
{
    /// <summary>More batches than this may not wait; the next caller is told at once.</summary>
    public const int MaxWaiting = 16_384;

    // Keeps a group's changes far below what a change log holds, and its statements of a size that servers like.
    private const int MaxGroupOperations = 2_048;
    private const long MaxGroupBytes = 16 << 20;

    private readonly GroupWriter _writer;
    private readonly ChangeFeed _feed;
    private readonly Channel<PendingCommit> _waiting = Channel.CreateBounded<PendingCommit>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly Task _running;
    private volatile bool _isClosing;
    private PendingCommit? _next;               // taken from the queue, and too large for the group before it

    public CommitQueue(GroupWriter writer, ChangeFeed feed)
    {
        (_writer, _feed) = (writer, feed);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Queues a batch; the task ends when it is committed, or its guards have failed.</summary>
    public Task<bool> CommitAsync(Batch batch, CancellationToken ct)
    {
        var pending = new PendingCommit(batch, ct);
        if (_waiting.Writer.TryWrite(pending))
            return pending.Task;
        throw new StoreException(StoreFailure.Unavailable,
            _isClosing ? "the store is closed" : "too many writes are waiting for the database");
    }

    /// <summary>Commits what waits, then closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        _waiting.Writer.TryComplete();
        await _running;
        await _writer.DisposeAsync();
    }

    private async Task RunAsync()
    {
        var group = new List<PendingCommit>();
        while (_next is not null || await _waiting.Reader.WaitToReadAsync())
        {
            Take(group);
            if (group.Count > 0)
                await CommitOrFailAsync(group);
        }
    }

    private void Take(List<PendingCommit> group)
    {
        group.Clear();
        var (operations, bytes) = (0, 0L);
        while (true)
        {
            var pending = _next;
            _next = null;
            if (pending is null && !_waiting.Reader.TryRead(out pending))
                return;
            if (pending.Cancellation.IsCancellationRequested)
            {
                pending.TrySetCanceled(pending.Cancellation);
                continue;
            }
            operations += pending.Batch.Guards.Count + pending.Batch.Writes.Count;
            bytes += pending.Batch.Writes.Sum(write => (long)(write.Value?.Length ?? 0));
            if (group.Count > 0 && (operations > MaxGroupOperations || bytes > MaxGroupBytes))
            {
                _next = pending;
                return;
            }
            group.Add(pending);
        }
    }

    // Whatever happens in here, every caller of the group gets an answer and the task lives on.
    private async Task CommitOrFailAsync(List<PendingCommit> group)
    {
        try
        {
            var (done, made) = await _writer.ApplyAsync(group);
            if (done.Writes)
                _feed.Committed(done, made);
            foreach (var pending in group)
                pending.TrySetResult(pending.Outcome);
        }
        catch (Exception fault)
        {
            foreach (var pending in group)
                pending.TrySetException(StoreException.ForOneOf(fault, "writer"));
        }
    }
}
