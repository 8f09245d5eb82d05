using System.Collections.Concurrent;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Audit;

/// <summary>
/// One sink at work. Requests append their lines and wait; the thread pool writes everything that waits, in one write.
/// While a write is under way the next batch gathers, so many requests cost one write together. No request's own thread
/// writes: it has better things to do than to wait for the medium, and nobody waits longer than
/// <see cref="AuditBounds.Patience"/>.
/// </summary>
internal sealed class AuditLane : IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private readonly LaneWriter _writer;
    private readonly AuditBounds _bounds;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly ITimer _timer;
    private readonly ConcurrentQueue<AuditWaiter> _spare = new();
    private readonly AuditRelease _release = new();

    // Under the gate: what gathers for the next write, and what the write under way is for.
    private LineBuffer _queued = new(65_536);
    private List<AuditWaiter> _waiting = [];
    private LineBuffer _batch = new(65_536);
    private List<AuditWaiter> _served = [];
    private List<LaneOrder> _orders = [];
    private bool _writing;
    private bool _ticking;
    private bool _closed;
    private long _writeStarted;

    private AuditSinkState _state;
    private DateTimeOffset? _since;
    private string? _reason;
    private long _failedWrites;

    public AuditLane(AuditSinkEntry entry, AuditFormat format, LaneWriter writer, AuditBounds bounds, TimeProvider time,
        Action<string> log)
    {
        Entry = entry;
        Format = format;
        _writer = writer;
        _bounds = bounds;
        _time = time;
        _log = log;
        _timer = time.CreateTimer(static lane => ((AuditLane)lane!).Tick(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    public AuditSinkEntry Entry { get; }

    public AuditFormat Format { get; }

    /// <summary>The last line on the medium that a signature covers; null before the first.</summary>
    public ChainHead? Signed => _writer.Signed?.Head;

    /// <summary>
    /// Appends whole lines; null when they are on the medium, <paramref name="refusal"/> when they may not be.
    /// </summary>
    public ValueTask<Fault?> AppendAsync(ReadOnlySpan<byte> lines, int count, Fault refusal)
    {
        var waiter = _spare.TryDequeue(out var spare) ? spare : new AuditWaiter(this);
        waiter.Refusal = refusal;
        lock (_gate)
        {
            if (_closed) return Refuse(waiter);
            if (_queued.Length > 0 && (long)_queued.Length + lines.Length > _bounds.MaxQueueBytes)
            {
                _writer.Lose(count);
                return Refuse(waiter);
            }
            _queued.Raw(lines);
            if (_state is AuditSinkState.Blocked) return Refuse(waiter); // written when it works again
            _waiting.Add(waiter);
            if (_writing) return waiter.Task;
            BeginWriting();
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return waiter.Task;
    }

    private ValueTask<Fault?> Refuse(AuditWaiter unused)
    {
        var refusal = unused.Refusal;
        Return(unused);
        return new ValueTask<Fault?>(refusal);
    }

    /// <summary>Does something between two writes; the exception when that failed, or null.</summary>
    public async ValueTask<Exception?> OrderAsync(LaneOrderKind kind)
    {
        var order = new LaneOrder(kind);
        lock (_gate)
        {
            if (_closed) return null;
            _orders.Add(order);
            if (!_writing)
            {
                BeginWriting();
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }
        return await order.Done.Task;
    }

    /// <summary>How the sink is doing.</summary>
    public AuditSinkHealth Health()
    {
        lock (_gate)
            return new AuditSinkHealth(Entry.Path, Entry.Type, _state, _since, _reason, _failedWrites,
                _writer.LostLines, _queued.Length);
    }

    /// <summary>Takes a waiter back whose result was read.</summary>
    public void Return(AuditWaiter waiter) => _spare.Enqueue(waiter);

    void IThreadPoolWorkItem.Execute() => _ = WriteOnceAsync();

    // Under the gate.
    private void BeginWriting()
    {
        _writing = true;
        _writeStarted = _time.GetTimestamp();
        if (_ticking) return;
        _ticking = true;
        var period = TimeSpan.FromTicks(Math.Max(_bounds.Patience.Ticks / 4, TimeSpan.TicksPerMillisecond * 10));
        _timer.Change(period, period);
    }

    /// <summary>
    /// Writes what waits, in one write. If more has gathered meanwhile, that is written after what else the thread pool
    /// has to do, which is to gather still more.
    /// </summary>
    private async Task WriteOnceAsync()
    {
        List<LaneOrder>? orders = null;
        lock (_gate)
        {
            (_queued, _batch) = (_batch, _queued);
            (_waiting, _served) = (_served, _waiting);
            if (_orders.Count > 0) (orders, _orders) = (_orders, []);
        }
        var failure = await _writer.WriteAsync(_batch);
        if (orders is not null)
            foreach (var order in orders) order.Done.SetResult(await _writer.ObeyAsync(order.Kind));
        lock (_gate)
        {
            if (_batch.Length > 0) Note(failure);
            _batch.Reset(maxKept: 1_048_576, Format.Raw);
            _release.Add(_served, failure is null);
            _served.Clear();
            if (_queued.Length == 0 && _orders.Count == 0)
            {
                _writing = false;
                return;
            }
            _writeStarted = _time.GetTimestamp();
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    // Under the gate.
    private void Note(Exception? failure)
    {
        if (failure is null)
        {
            if (_state is AuditSinkState.Working) return;
            _state = AuditSinkState.Working;
            (_since, _reason) = (null, null);
            _log($"audit sink {Entry.Path} works again");
            return;
        }
        _failedWrites++;
        Degrade(AuditSinkState.Failing, failure.Message);
    }

    // Under the gate.
    private void Degrade(AuditSinkState state, string reason)
    {
        if (_state == state && _reason == reason) return;
        _state = state;
        _since ??= _time.GetUtcNow();
        _reason = reason;
        _log($"audit sink {Entry.Path} does not take entries: {reason}");
    }

    /// <summary>Runs while there is something to watch: a write that takes too long, lines that no checkpoint
    /// covers.</summary>
    private void Tick()
    {
        lock (_gate)
        {
            if (_writing)
            {
                if (_time.GetElapsedTime(_writeStarted) >= _bounds.Patience) GiveUpWaiting();
                return;
            }
            if (_closed || !_writer.HasUnsignedLines)
            {
                _ticking = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return;
            }
            if (!_writer.IsCheckpointDue) return;
            _orders.Add(new LaneOrder(LaneOrderKind.Checkpoint));
            BeginWriting();
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    // Under the gate. The lines stay queued: if the medium comes back, they are written although their requests failed.
    private void GiveUpWaiting()
    {
        if (_state is not AuditSinkState.Blocked) _failedWrites++;
        Degrade(AuditSinkState.Blocked, $"a write has not come back within {_bounds.Patience.TotalSeconds:0.#} s");
        ReleaseWaiters();
    }

    /// <summary>Finds the end of the chain on the medium and signs the first checkpoint; the exception, or
    /// null.</summary>
    public async ValueTask<Exception?> OpenAsync(ChainHead? known, CancellationToken ct)
    {
        try
        {
            await Task.Run(() => _writer.OpenAsync(known, ct).AsTask(), ct).WaitAsync(_bounds.Patience, _time, ct);
            return null;
        }
        catch (TimeoutException)
        {
            return new TimeoutException($"the medium has not answered within {_bounds.Patience.TotalSeconds:0.#} s");
        }
        catch (Exception e)
        {
            return e;
        }
    }

    /// <summary>
    /// Writes the last checkpoint and closes the sink, waiting for a stuck write no longer than any request does.
    /// Where the chain stands then.
    /// </summary>
    public async ValueTask<ChainHead?> CloseAsync()
    {
        var closing = OrderAsync(LaneOrderKind.Close).AsTask();
        try
        {
            if (await closing.WaitAsync(_bounds.Patience, _time) is { } failure)
                _log($"audit sink {Entry.Path} was closed without a last checkpoint: {failure.Message}");
        }
        catch (TimeoutException)
        {
            _log($"audit sink {Entry.Path} was given up while a write was stuck");
        }
        lock (_gate)
        {
            _closed = true;
            ReleaseWaiters();
        }
        _writer.Stop();
        await _timer.DisposeAsync();
        return Signed;
    }

    // Under the gate.
    private void ReleaseWaiters()
    {
        _release.Add(_served, written: false);
        _release.Add(_waiting, written: false);
        _served.Clear();
        _waiting.Clear();
    }
}

/// <summary>What a lane does between two writes.</summary>
internal enum LaneOrderKind
{
    /// <summary>Signs a checkpoint.</summary>
    Checkpoint,
    /// <summary>Signs a checkpoint, opens the medium again, signs another.</summary>
    Reopen,
    /// <summary>Signs a checkpoint and closes the medium.</summary>
    Close,
}

/// <summary>Something to do between two writes, and its outcome.</summary>
internal sealed class LaneOrder(LaneOrderKind kind)
{
    public LaneOrderKind Kind { get; } = kind;

    public TaskCompletionSource<Exception?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
