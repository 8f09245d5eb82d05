using System.Diagnostics;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// The one thread that writes. Callers put batches into a queue; whenever the thread is free it takes all that wait and
/// commits them as one group. The more callers, the larger the groups, and the fewer fsyncs for each.
/// </summary>
internal sealed class CommitQueue : IDisposable
{
    /// <summary>More batches than this may not wait; the next caller is told at once.</summary>
    public const int MaxWaiting = 16_384;

    /// <summary>How long a commit may take. A disk that does not answer must not keep requests waiting.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Keeps a group's changes far below what the change log holds, and its pages within reach of the cache.
    private const int MaxGroupOperations = 2_048;

    private readonly Func<GroupWriter> _open;
    private readonly ReadPool _readers;
    private readonly KnownEntries _known;
    private readonly ChangeLog _log;
    private readonly Action<string> _warn;
    private readonly object _gate = new();
    private readonly Queue<PendingCommit> _waiting = new();
    private readonly List<Change> _changes = [];
    private readonly List<PendingCommit> _group = [];   // under way; changed under the gate only
    private readonly Timer _watchdog;
    private readonly Thread _thread;
    private GroupWriter? _writer;
    private long _issued;               // the last revision that was tried; never goes back, even after a failure
    private long _published;            // the last revision that is known to be on disk and was told to watchers
    private long _busySince;            // under the gate; 0: the thread waits for work
    private bool _stuck;                // under the gate
    private bool _stopping;
    private volatile Replacement? _replacement;
    private long _queued;               // under the gate; batches that came
    private long _taken;                // under the gate; batches that wait no more

    public CommitQueue(
        GroupWriter first, Func<GroupWriter> open, ReadPool readers, KnownEntries known, ChangeLog log,
        Action<string> warn)
    {
        (_writer, _open, _readers, _known, _log, _warn) = (first, open, readers, known, log, warn);
        _issued = _published = first.Revision;
        _watchdog = new Timer(static queue => ((CommitQueue)queue!).LookAfter(), this,
            TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        _thread = new Thread(Run, maxStackSize: 1 << 20) { IsBackground = true, Name = "store writer" };
        _thread.Start();
    }

    /// <summary>Queues a batch; the task ends when it is on disk, or its guards have failed.</summary>
    public Task<bool> CommitAsync(Batch batch, CancellationToken ct)
    {
        var pending = new PendingCommit(batch, ct);
        lock (_gate)
        {
            if (_stopping)
                throw new StoreException(StoreFailure.Unavailable, "the store is closed");
            if (_stuck)
                throw NoAnswer();
            if (_waiting.Count >= MaxWaiting)
                throw new StoreException(StoreFailure.Unavailable, "too many writes are waiting for the disk");
            _waiting.Enqueue(pending);
            _queued++;
            if (_waiting.Count == 1)
                Monitor.Pulse(_gate);
        }
        return pending.Task;
    }

    /// <summary>Commits what waits, then ends the thread and closes its connection.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }
        _thread.Join();
        _watchdog.Dispose();
        _writer?.Dispose();
    }

    /// <summary>The last revision that was tried.</summary>
    public long Issued => Volatile.Read(ref _issued);

    /// <summary>
    /// Puts another database file into the place of this one, after what waits is committed; see
    /// <see cref="IStore.ReplaceAsync"/>.
    /// </summary>
    public Task<bool> ReplaceAsync(IncomingFile incoming, bool overwrites)
    {
        Replacement replacement;
        lock (_gate)
        {
            replacement = new Replacement(incoming, overwrites, _queued);
            if (_stopping)
                throw new StoreException(StoreFailure.Unavailable, "the store is closed");
            if (_replacement is not null)
                throw new StoreException(StoreFailure.InUse, "the store is being replaced already");
            _replacement = replacement;
            Monitor.Pulse(_gate);
        }
        return replacement.Task;
    }

    private void Run()
    {
        while (Take())
        {
            if (_group.Count > 0)
                CommitOrFail(_group);
            // What was queued before it comes before it.
            if (_replacement is { } replacement && _taken >= replacement.After)
                Replace(replacement);
            Checkpoint();
        }
    }

    private bool Take()
    {
        lock (_gate)
        {
            _group.Clear();
            (_busySince, _stuck) = (0, false);
            while (_waiting.Count == 0 && _replacement is null && !_stopping)
                Monitor.Wait(_gate);
            if (_waiting.Count == 0 && _replacement is null)
                return false;
            var room = MaxGroupOperations;
            while (room >= Batch.MaxOperations && _waiting.TryDequeue(out var pending))
            {
                _taken++;
                if (pending.Cancellation.IsCancellationRequested)
                {
                    pending.TrySetCanceled(pending.Cancellation);
                    continue;
                }
                _group.Add(pending);
                room -= pending.Batch.Guards.Count + pending.Batch.Writes.Count;
            }
            _busySince = Stopwatch.GetTimestamp();
        }
        return true;
    }

    /// <summary>
    /// Answers for a writer that does not come back. What is under way may still reach the disk: it was not
    /// acknowledged, and what waits is not tried.
    /// </summary>
    private void LookAfter()
    {
        lock (_gate)
        {
            if (_busySince == 0 || Stopwatch.GetElapsedTime(_busySince) < Patience)
                return;
            if (!_stuck)
                _warn($"the disk has not answered for {Patience.TotalSeconds:0} s; writes fail until it does");
            _stuck = true;
            foreach (var pending in _group)
                pending.TrySetException(NoAnswer());
            while (_waiting.TryDequeue(out var pending))
            {
                _taken++;
                pending.TrySetException(NoAnswer());
            }
        }
    }

    private static StoreException NoAnswer() =>
        new(StoreFailure.Unavailable, "the disk does not answer; what was being written may or may not be there");

    // Whatever happens in here, every caller of the group gets an answer and the thread lives on.
    private void CommitOrFail(List<PendingCommit> group)
    {
        try
        {
            Commit(group);
        }
        catch (Exception fault)
        {
            Abandon();
            // One batch on a damaged page must not take down those that are in its group by chance.
            if (group.Count > 1 && fault is StoreException { Kind: StoreFailure.Corrupt })
            {
                foreach (var pending in group)
                    CommitOrFail([pending]);
                return;
            }
            foreach (var pending in group)
                pending.TrySetException(StoreException.ForOneOf(fault, "writer"));
        }
    }

    private void Commit(List<PendingCommit> group)
    {
        _changes.Clear();
        var writer = _writer ??= Reopen();
        var before = _issued;
        _known.Hold();
        try
        {
            writer.Apply(group, ref _issued, _changes);
        }
        catch
        {
            _known.ReleaseUnknown();
            throw;
        }
        if (_issued != before)
        {
            _published = _issued;
            _readers.Advance();
        }
        _known.Release(_changes);
        if (_issued != before)
        {
            _log.Publish(_changes);
        }
        foreach (var pending in group)
            pending.TrySetResult(pending.Outcome);
    }

    // In the end the store is open, be it on the old file or on the new one.
    private void Replace(Replacement replacement)
    {
        _replacement = null;
        try
        {
            var writer = _writer ??= Reopen();
            if (!replacement.Overwrites && !writer.IsEmpty)
            {
                replacement.TrySetResult(false);
                return;
            }
            if (_issued >= replacement.Incoming.Revision)
                throw new StoreException(StoreFailure.Unavailable, "too much was written meanwhile; try again");
            var done = _readers.TryAlone(() =>
            {
                // A WAL that outlived its database would be taken for the new one's.
                if (!writer.CheckpointAll())
                    throw new StoreException(
                        StoreFailure.Unavailable, "the write-ahead log cannot be emptied; try again");
                Abandon();
                _known.Hold();
                try
                {
                    replacement.Incoming.Install();
                }
                finally
                {
                    _known.ReleaseUnknown();
                }
                // While nobody reads: only then can the new file be given its WAL.
                _writer = Reopen();
            });
            if (!done)
                throw new StoreException(StoreFailure.InUse, "a backup is being taken; try again when it has ended");
            replacement.TrySetResult(true);
        }
        catch (Exception fault)
        {
            Abandon();
            replacement.TrySetException(StoreException.ForOneOf(fault, "writer"));
        }
    }

    private GroupWriter Reopen()
    {
        var writer = _open();
        _known.Fit(writer.FileBytes);
        // A commit whose fsync failed was answered with an error and may still have reached the disk.
        if (writer.Revision > _published)
        {
            _published = writer.Revision;
            _issued = Math.Max(_issued, writer.Revision);
            _readers.Advance();
            _known.Clear();
            _log.Break(writer.Revision);
        }
        return writer;
    }

    // The connection may be beyond use after an error; a new one is cheap and is opened by the next group.
    private void Abandon()
    {
        _writer?.Dispose();
        _writer = null;
    }

    private void Checkpoint()
    {
        try
        {
            if (_writer is not { IsCheckpointDue: true })
                return;
            _readers.LetGo();
            _writer.Checkpoint(canWait: !_readers.HasSnapshot);
            // A reader that began before the checkpoint's end still reads the WAL, and the WAL cannot begin anew.
            _readers.LetGo();
            _known.Fit(_writer.FileBytes);
        }
        catch (StoreException fault)
        {
            _warn($"the checkpoint failed and will be tried again; committed data is safe: {fault.Message}");
            Abandon();
        }
    }

    private sealed class Replacement(IncomingFile incoming, bool overwrites, long after)
        : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public IncomingFile Incoming => incoming;

        public bool Overwrites => overwrites;

        public long After => after;
    }
}
