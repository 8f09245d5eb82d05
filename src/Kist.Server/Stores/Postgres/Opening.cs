using System.Diagnostics;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// Opens a database once, for all who need it: admits its tables, then starts the feed and the writer. While that fails
/// each caller is told why; another attempt is made for whoever comes after a pause, so that many callers are no storm.
/// </summary>
internal sealed class Opening(Database database, PostgresStoreOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private const int ReadyConnections = 4; // the feed, the writer, a chore and a request
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task<Opened>? _attempt;      // under way, or how the last one ended
    private long _failedAt;
    private volatile Opened? _done;

    /// <summary>What is open; null: nothing yet.</summary>
    public Opened? Done => _done;

    /// <summary>Opens it, or waits for whoever does. A <see cref="StoreException"/> says why it cannot be.</summary>
    public async Task<Opened> GetAsync(CancellationToken ct)
    {
        Task<Opened> attempt;
        lock (_lock)
        {
            if (_attempt is null || (_attempt.IsFaulted && Stopwatch.GetElapsedTime(_failedAt) > Pause))
                _attempt = AttemptAsync();
            attempt = _attempt;
        }
        try
        {
            return await attempt.WaitAsync(ct);
        }
        catch (StoreException fault)
        {
            // As StoreException.ForOneOf, with the driver's exception at hand for PostgresFault.MayPass.
            throw new StoreException(fault.Kind, fault.Message, fault.InnerException);
        }
    }

    /// <summary>Ends an attempt, or closes what is open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task? attempt;
        lock (_lock)
            attempt = _attempt;
        if (attempt is not null)
            await attempt.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_done is { } open)
        {
            await open.Writer.DisposeAsync();
            await open.Feed.DisposeAsync();
        }
        _stop.Dispose();
    }

    private async Task<Opened> AttemptAsync()
    {
        try
        {
            _stop.Token.ThrowIfCancellationRequested();
            var head = await database.RunAsync(
                connection => Schema.AdmitAsync(connection, database.Tables), _stop.Token);
            await database.ReadyAsync(Math.Min(ReadyConnections, options.MaxParallel), _stop.Token);
            var feed = new ChangeFeed(database, head, options.Warn);
            return _done = new Opened(feed, new CommitQueue(new GroupWriter(database, options), feed));
        }
        catch (OperationCanceledException fault)
        {
            throw new StoreException(StoreFailure.Unavailable, "the store is closed", fault);
        }
        finally
        {
            Volatile.Write(ref _failedAt, Stopwatch.GetTimestamp());
        }
    }
}

/// <summary>What works on a database whose tables were admitted.</summary>
internal sealed record Opened(ChangeFeed Feed, CommitQueue Writer);
