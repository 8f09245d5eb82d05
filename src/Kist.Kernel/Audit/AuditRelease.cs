using System.Collections.Concurrent;

namespace Kist.Kernel.Audit;

/// <summary>
/// Lets requests go on whose lines were written. A batch has many, and queueing each by itself on the thread pool costs
/// more than some of them: whoever takes one from here goes on with the next, and asks for one more thread as long as
/// there are others, so that a request which takes its time holds up nobody.
/// </summary>
internal sealed class AuditRelease : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<(AuditWaiter Waiter, bool Written)> _ready = new();
    private int _isAsked;

    /// <summary>Whoever waits is told, soon and by another thread.</summary>
    public void Add(List<AuditWaiter> waiters, bool written)
    {
        foreach (var waiter in waiters) _ready.Enqueue((waiter, written));
        if (waiters.Count > 0) Ask();
    }

    void IThreadPoolWorkItem.Execute()
    {
        // Before the first is taken: who adds one after the last was taken must find that nobody was asked.
        Interlocked.Exchange(ref _isAsked, 0);
        while (_ready.TryDequeue(out var next))
        {
            if (!_ready.IsEmpty) Ask();
            next.Waiter.Complete(next.Written);
        }
    }

    private void Ask()
    {
        if (Interlocked.Exchange(ref _isAsked, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}
