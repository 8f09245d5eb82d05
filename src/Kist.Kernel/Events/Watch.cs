using Kist.Kernel.Node;
using Kist.Kernel.Stores;

namespace Kist.Kernel.Events;

/// <summary>What a step of a watch brought.</summary>
internal enum WatchStep
{
    /// <summary>A change.</summary>
    Change,
    /// <summary>Nothing for a while.</summary>
    Quiet,
    /// <summary>Changes may be missing; the watch is over.</summary>
    Lost,
}

/// <summary>A watch on all mounts from a place on, which does not wait for ever.</summary>
internal sealed class Watch : IAsyncDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly IAsyncEnumerator<Change> _changes;
    private readonly TimeProvider _clock;
    private readonly EventPlace _from;
    private Task<bool>? _step;
    private long _quietSince;

    public Watch(Unsealed kernel, EventPlace from)
    {
        (_clock, _from, Place) = (kernel.Clock, from, new EventPlace(from.Revision, -1));
        // One revision earlier, because a part of the commit may not have been told. 0 would mean: from now on.
        var after = from.Index == EventPlace.All ? from.Revision : Math.Max(1, from.Revision - 1);
        Place = new EventPlace(after, -1);
        _changes = kernel.Node.Store.WatchAsync(kernel.Data.Prefix, after, _over.Token).GetAsyncEnumerator(_over.Token);
        _quietSince = _clock.GetTimestamp();
    }

    /// <summary>The last change that <see cref="NextAsync"/> gave.</summary>
    public EventPlace Place { get; private set; }

    /// <summary>The next change, or word that there was none for <paramref name="patience"/>.</summary>
    public async ValueTask<(WatchStep Step, Change Change)> NextAsync(TimeSpan patience, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                _step ??= _changes.MoveNextAsync().AsTask();
                if (!await _step.WaitAsync(patience, _clock, ct)) return (WatchStep.Lost, default);
            }
            catch (TimeoutException)
            {
                return (WatchStep.Quiet, default);
            }
            catch (StoreException)
            {
                return (WatchStep.Lost, default);
            }
            _step = null;
            var change = _changes.Current;
            Place = change.Revision == Place.Revision
                ? Place with { Index = Place.Index + 1 } : new EventPlace(change.Revision, 0);
            if (Place.Revision == _from.Revision && Place.Index <= _from.Index) continue;
            _quietSince = _clock.GetTimestamp();
            return (WatchStep.Change, change);
        }
    }

    /// <summary>Whether nothing has come for so long; asks for the same time again when it has.</summary>
    public bool IsQuietFor(TimeSpan span)
    {
        if (_clock.GetElapsedTime(_quietSince) < span) return false;
        _quietSince = _clock.GetTimestamp();
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        if (_step is not null) await ((Task)_step).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _changes.DisposeAsync();
        _over.Dispose();
    }
}
