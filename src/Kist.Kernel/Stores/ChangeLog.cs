using System.Runtime.CompilerServices;

namespace Kist.Kernel.Stores;

/// <summary>
/// The last changes of a store that one process writes, for <see cref="IStore.WatchAsync"/>. Bounded: publishing never
/// waits for a watcher, and a watcher that is overtaken gets a <see cref="StoreException"/> and starts over.
/// </summary>
public sealed class ChangeLog
{
    /// <summary>
    /// How many changes are kept. Larger than any one publication, so that a prompt watcher sees all.
    /// </summary>
    public const int Capacity = 8_192;

    private const int Page = 256;
    private readonly Lock _lock = new();
    private Change[] _ring = new Change[64];
    private long _first;                 // place of the oldest change still kept
    private long _next;                  // place of the next change; places count up from 0
    private long _floor;                 // every change above this revision is still kept
    private long _newest;                // the revision of the last change that was told
    private StoreException? _closed;
    private TaskCompletionSource _more = NewSignal();

    /// <summary>Begins after <paramref name="revision"/>: what came before was never in this log.</summary>
    public ChangeLog(long revision) => _floor = _newest = revision;

    /// <summary>The revision of the newest change that was published; see <see cref="IStore.RevisionAsync"/>.</summary>
    public long Revision => Volatile.Read(ref _newest);

    /// <summary>Appends changes in revision order; wakes the watchers. Call it after the commit is durable.</summary>
    public void Publish(IReadOnlyList<Change> changes)
    {
        if (changes.Count == 0)
            return;
        TaskCompletionSource more;
        lock (_lock)
        {
            for (var i = 0; i < changes.Count; i++)
                Append(changes[i]);
            Volatile.Write(ref _newest, changes[changes.Count - 1].Revision);
            (more, _more) = (_more, NewSignal());
        }
        more.TrySetResult();
    }

    /// <summary>Changes up to <paramref name="revision"/> may be missing: every watcher has to start over.</summary>
    public void Break(long revision)
    {
        TaskCompletionSource more;
        lock (_lock)
        {
            Array.Clear(_ring);
            _next++;                     // nobody's place is valid any more, not even that of one who had read all
            _first = _next;
            _floor = Math.Max(_floor, revision);
            Volatile.Write(ref _newest, Math.Max(_newest, revision));
            (more, _more) = (_more, NewSignal());
        }
        more.TrySetResult();
    }

    /// <summary>The store is closed: all watchers end.</summary>
    public void Close()
    {
        TaskCompletionSource more;
        lock (_lock)
        {
            _closed = new StoreException(StoreFailure.Unavailable, "the store is closed");
            more = _more;
        }
        more.TrySetResult();
    }

    /// <summary>See <see cref="IStore.WatchAsync"/>.</summary>
    public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct)
    {
        lock (_lock)
            return Follow(prefix, afterRevision == 0 ? _next : PlaceAfter(afterRevision), ct);
    }

    private async IAsyncEnumerable<Change> Follow(
        string prefix, long place, [EnumeratorCancellation] CancellationToken ct)
    {
        var page = new List<Change>();
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            page.Clear();
            var more = Read(prefix, ref place, page);
            foreach (var change in page)
                yield return change;
            await more.WaitAsync(ct);
        }
    }

    // The returned task ends when there is something to read after this page.
    private Task Read(string prefix, ref long place, List<Change> page)
    {
        lock (_lock)
        {
            if (_closed is not null)
                throw new StoreException(_closed.Kind, _closed.Message);
            if (place < _first)
                throw new StoreException(StoreFailure.Unavailable, "the watch fell behind the writers; start over");
            for (; place < _next && page.Count < Page; place++)
            {
                var change = _ring[place % _ring.Length];
                if (change.Key.StartsWith(prefix, StringComparison.Ordinal))
                    page.Add(change);
            }
            return place < _next ? Task.CompletedTask : _more.Task;
        }
    }

    private void Append(Change change)
    {
        if (_next - _first == _ring.Length && _ring.Length < Capacity)
            Grow();
        if (_next - _first == _ring.Length)
            _floor = _ring[_first++ % _ring.Length].Revision;
        _ring[_next++ % _ring.Length] = change;
    }

    private void Grow()
    {
        var larger = new Change[_ring.Length * 2];
        for (var place = _first; place < _next; place++)
            larger[place % larger.Length] = _ring[place % _ring.Length];
        _ring = larger;
    }

    // -1, which lies before everything, when changes after the revision are gone.
    private long PlaceAfter(long revision)
    {
        if (revision < _floor)
            return -1;
        var (low, high) = (_first, _next);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (_ring[middle % _ring.Length].Revision <= revision)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
