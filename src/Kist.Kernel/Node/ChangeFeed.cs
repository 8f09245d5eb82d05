using Kist.Kernel.Barrier;
using Kist.Kernel.Stores;

namespace Kist.Kernel.Node;

/// <summary>
/// Keeps what this node remembers in step with what other nodes write. It watches the store, tells each
/// <see cref="CacheFollower"/> what changed, and knows up to which revision everything remembered is right. Several
/// times a second it asks the store for its newest revision; when that has not succeeded for
/// <see cref="TrustFor"/>, nothing remembered is trusted until <see cref="ConfirmAsync"/> has asked again, so that a
/// node which is cut off fails instead of answering from the past. Where no other process writes to the store all of
/// this is one field that says yes.
/// </summary>
public sealed class ChangeFeed : IAsyncDisposable
{
    /// <summary>How long a confirmation is good for.</summary>
    public static readonly TimeSpan TrustFor = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ConfirmEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    private readonly IStore _store;
    private readonly NewestRevision _newest;
    private readonly TimeProvider _clock;
    private readonly NodeLog _log;
    private readonly bool _isAlone;
    private readonly Lock _arriving = new();
    private readonly SemaphoreSlim _reloading = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private IReadOnlyList<CacheFollower> _followers = [];
    private IAsyncEnumerable<Change>? _first;
    private Task _running = Task.CompletedTask;
    private TaskCompletionSource _moved = NewSignal();
    private long _revision;              // everything remembered is at least as new as this
    private long _confirmedAt;           // the clock's timestamp before the store was last asked with success
    private bool _isLost;

    private ChangeFeed(IStore store, TimeProvider clock, NodeLog log)
    {
        (_store, _clock, _log) = (store, clock, log);
        _isAlone = !store.IsShared;
        _newest = new NewestRevision(store);
    }

    /// <summary>Everything remembered is at least as new as this revision of the store.</summary>
    public long Revision => Volatile.Read(ref _revision);

    /// <summary>
    /// Whether what is remembered may be used as it is. If not, <see cref="ConfirmAsync"/> comes first.
    /// </summary>
    public bool IsConfirmed =>
        _isAlone || _clock.GetElapsedTime(Volatile.Read(ref _confirmedAt)) < TrustFor;

    /// <summary>Begins to watch; call it before anything is read that will be remembered.</summary>
    internal static async ValueTask<ChangeFeed> OpenAsync(
        IStore store, TimeProvider clock, NodeLog log, CancellationToken ct)
    {
        var feed = new ChangeFeed(store, clock, log);
        if (feed._isAlone) return feed;
        feed._confirmedAt = clock.GetTimestamp();
        feed._revision = await store.RevisionAsync(ct);
        feed._first = store.WatchAsync("", feed._revision, feed._stopping.Token);
        return feed;
    }

    /// <summary>From now on <paramref name="followers"/> are told.</summary>
    internal void Start(IReadOnlyList<CacheFollower> followers)
    {
        _followers = followers;
        if (_isAlone) return;
        _running = Task.WhenAll(
            Task.Run(() => FollowAsync(_stopping.Token)), Task.Run(() => KeepConfirmedAsync(_stopping.Token)));
    }

    /// <summary>
    /// Makes everything remembered as new as the store is at this call. Throws <see cref="StoreException"/> when the
    /// store cannot be asked: then nothing remembered may be used.
    /// </summary>
    public ValueTask ConfirmAsync(CancellationToken ct) =>
        _isAlone ? default : ConfirmWithinAsync(TimeSpan.Zero, ct);

    /// <summary>
    /// Waits a moment until everything remembered is as new as <paramref name="revision"/>; false when the store
    /// itself has not come that far.
    /// </summary>
    public async ValueTask<bool> ReachAsync(long revision, CancellationToken ct)
    {
        if (_isAlone) return revision <= await _newest.AskAsync(ct);
        if (await ArrivesAsync(revision, Patience, ct)) return true;
        await ConfirmAsync(ct);
        return Revision >= revision;
    }

    /// <summary>A revision that is not less than that of any commit acknowledged before this call.</summary>
    public ValueTask<long> NewestAsync(CancellationToken ct) => _newest.AskAsync(ct);

    /// <summary>Stops watching.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async ValueTask ConfirmWithinAsync(TimeSpan patience, CancellationToken ct)
    {
        var started = _clock.GetTimestamp();
        var newest = await _newest.AskAsync(ct);
        if (!await ArrivesAsync(newest, patience, ct)) await CatchUpAsync(newest, ct);
        lock (_arriving) Volatile.Write(ref _confirmedAt, Math.Max(_confirmedAt, started));
    }

    private async Task KeepConfirmedAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(ConfirmEvery, _clock);
        do
        {
            try
            {
                await ConfirmWithinAsync(Patience, ct);
                if (_isLost) _log.Note(LogLevel.Info, "changes of other nodes are followed again");
                _isLost = false;
            }
            catch (Exception e) when (e is OperationCanceledException or SealedException && ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (!_isLost) _log.Write(LogLevel.Warn, "changes of other nodes cannot be confirmed", e);
                _isLost = true;
            }
        }
        while (await NextAsync(timer, ct));
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        var changes = _first;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await TellAsync(changes ?? await StartOverAsync(ct), ct);
            }
            catch (Exception) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Until it is back the confirmations find that changes are missing, and read everything again.
                _log.Write(LogLevel.Warn, "the watch on the store ended; it starts over", e);
            }
            changes = null;
            await Task.Delay(ConfirmEvery, _clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What lay between the old watch and the new one may be missing: everything is read again.</summary>
    private async ValueTask<IAsyncEnumerable<Change>> StartOverAsync(CancellationToken ct)
    {
        var from = await _store.RevisionAsync(ct);
        var changes = _store.WatchAsync("", from, ct);
        await ReloadAsync(_followers, ct);
        // It may have gone back: a database that lost commits in a failover uses their revisions again. What was once
        // reached says nothing then.
        lock (_arriving) Volatile.Write(ref _revision, from);
        Arrive(from);
        return changes;
    }

    private async ValueTask TellAsync(IAsyncEnumerable<Change> changes, CancellationToken ct)
    {
        await using var watch = changes.GetAsyncEnumerator(ct);
        var stale = new HashSet<CacheFollower>();
        var told = 0L;
        while (true)
        {
            var step = watch.MoveNextAsync();
            if (!step.IsCompleted) await SettleAsync(stale, told, ct);
            if (!await step) throw new StoreException(StoreFailure.Unavailable, "the watch ended");
            var change = watch.Current;
            if (change.Revision != told) await SettleAsync(stale, told, ct);
            told = change.Revision;
            foreach (var follower in _followers)
            {
                if (!change.Key.StartsWith(follower.Prefix, StringComparison.Ordinal)) continue;
                if (follower.Forget is { } forget) forget(change.Key[follower.Prefix.Length..]);
                else stale.Add(follower);
            }
        }
    }

    /// <summary>A commit has been told whole: what it made stale is read again, and then it counts.</summary>
    private async ValueTask SettleAsync(HashSet<CacheFollower> stale, long told, CancellationToken ct)
    {
        if (stale.Count > 0) await ReloadAsync(stale, ct);
        stale.Clear();
        Arrive(told);
    }

    private async ValueTask CatchUpAsync(long revision, CancellationToken ct)
    {
        if (revision <= Revision) return;
        var newest = await _newest.AskAsync(ct);
        await ReloadAsync(_followers, ct);
        Arrive(newest);
    }

    private async ValueTask ReloadAsync(IEnumerable<CacheFollower> followers, CancellationToken ct)
    {
        await _reloading.WaitAsync(ct);
        try
        {
            foreach (var follower in followers) await follower.Reload(ct);
        }
        catch (Exception e) when (e is not (StoreException or SealedException or BarrierException
            or OperationCanceledException or OutOfMemoryException))
        {
            // The reason of a sink is made for people; other texts may quote what they choked on.
            var reason = e is Audit.AuditOpenException ? $": {e.Message}" : "";
            throw new StoreException(
                StoreFailure.Unavailable, $"what another node has changed cannot be taken over here{reason}", e);
        }
        finally
        {
            _reloading.Release();
        }
    }

    private void Arrive(long revision)
    {
        TaskCompletionSource moved;
        lock (_arriving)
        {
            if (revision <= _revision) return;
            Volatile.Write(ref _revision, revision);
            (moved, _moved) = (_moved, NewSignal());
        }
        moved.TrySetResult();
    }

    private async ValueTask<bool> ArrivesAsync(long revision, TimeSpan patience, CancellationToken ct)
    {
        var started = _clock.GetTimestamp();
        while (true)
        {
            Task moved;
            lock (_arriving)
            {
                if (_revision >= revision) return true;
                moved = _moved.Task;
            }
            var left = patience - _clock.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return false;
            try
            {
                await moved.WaitAsync(left, _clock, ct);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }

    private static async ValueTask<bool> NextAsync(PeriodicTimer timer, CancellationToken ct)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Something remembered that other nodes can change.</summary>
/// <param name="Prefix">The keys of the store that it comes from.</param>
/// <param name="Reload">Reads it again, or forgets it all. Must leave it right or throw.</param>
internal sealed record CacheFollower(string Prefix, Func<CancellationToken, ValueTask> Reload)
{
    /// <summary>
    /// Forgets what comes from one key (what is behind the prefix); null: any change makes all of it stale.
    /// </summary>
    public Action<string>? Forget { get; init; }
}
