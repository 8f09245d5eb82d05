using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Kist.Scan.Sources;

/// <summary>Hands work to all cores, a bounded number of items ahead.</summary>
internal static class WorkPool
{
    /// <summary>
    /// Runs each item on one of the workers, which <paramref name="worker"/> makes, each for one thread. The caller's
    /// thread makes the items. With a single item no thread is started.
    /// </summary>
    public static void Run<T>(IEnumerable<T> items, int threads, int ahead, Func<Action<T>> worker)
    {
        using var source = items.GetEnumerator();
        if (!source.MoveNext()) return;
        var first = source.Current;
        if (!source.MoveNext())
        {
            worker()(first);
            return;
        }
        using var queue = new BlockingCollection<T>(ahead);
        using var stop = new CancellationTokenSource();
        Exception? failure = null;
        var running = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            running[i] = new Thread(() =>
            {
                try
                {
                    var work = worker();
                    foreach (var item in queue.GetConsumingEnumerable(stop.Token)) work(item);
                }
                catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
                {
                    failure = e;
                    stop.Cancel();
                }
                catch (OperationCanceledException)
                {
                    // Another worker failed; its failure is the one to show.
                }
            }, 1 << 20) { IsBackground = true };
            running[i].Start();
        }
        try
        {
            queue.Add(first, stop.Token);
            do queue.Add(source.Current, stop.Token);
            while (source.MoveNext());
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // A worker failed: what it threw follows below.
        }
        finally
        {
            queue.CompleteAdding();
            foreach (var thread in running) thread.Join();
        }
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }
}
