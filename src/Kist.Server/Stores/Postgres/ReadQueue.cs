using System.Diagnostics;
using System.Text;
using Kist.Kernel.Stores;
using Npgsql;
using NpgsqlTypes;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// Reads of single entries. Whoever comes while queries are under way waits for one of them to end, and is asked for in
/// one query with all who wait: the more callers, the fewer round trips for each. Who comes alone is asked for at once.
/// </summary>
/// <remarks>A query begins after all of its callers have come, so each sees what was committed before it.</remarks>
internal sealed class ReadQueue : IDisposable
{
    // More at once would make smaller groups of the same callers.
    private const int UsualQueries = 2;

    private const int MaxKeys = 32;

    // As many as may wait for a commit.
    private const int MaxWaiting = CommitQueue.MaxWaiting;

    // Queries that take longer than this wait for the database's disk, or for a way to it: another may overtake them.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(2);

    private readonly Database _database;
    private readonly int _maxQueries;
    private readonly Timer _watch;
    private readonly Lock _gate = new();
    private readonly Queue<PendingRead> _waiting = new();
    private int _running;                       // under the gate; queries
    private long _takenAt;                      // under the gate; when the last one took its keys
    private bool _isWatched;                    // under the gate; the timer is set
    private bool _isClosed;                     // under the gate; the timer may not be set any more

    public ReadQueue(Database database, int maxQueries)
    {
        (_database, _maxQueries) = (database, maxQueries);
        _watch = new Timer(static queue => ((ReadQueue)queue!).LookAfter(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>The entry of a key that is well-formed; null: there is none.</summary>
    public Task<Entry?> GetAsync(string key, CancellationToken ct)
    {
        var pending = new PendingRead(Encoding.UTF8.GetBytes(key), ct);
        lock (_gate)
        {
            if (_waiting.Count >= MaxWaiting)
                throw new StoreException(StoreFailure.Unavailable, "too many reads are waiting for the database");
            _waiting.Enqueue(pending);
            if (_running >= Math.Min(UsualQueries, _maxQueries))
            {
                if (!_isWatched && !_isClosed)
                    _isWatched = _watch.Change(s_patience, Timeout.InfiniteTimeSpan);
                return pending.Task;
            }
            _running++;
        }
        _ = RunAsync();
        return pending.Task;
    }

    /// <summary>From now on no query overtakes another. Who waits is still answered.</summary>
    public void Dispose()
    {
        lock (_gate)
            _isClosed = true;
        _watch.Dispose();
    }

    private void LookAfter()
    {
        lock (_gate)
        {
            _isWatched = _waiting.Count > 0 && !_isClosed && _watch.Change(s_patience, Timeout.InfiniteTimeSpan);
            if (!_isWatched || _running >= _maxQueries || Stopwatch.GetElapsedTime(_takenAt) < s_patience)
                return;
            _running++;
        }
        _ = RunAsync();
    }

    private async Task RunAsync()
    {
        var group = new List<PendingRead>();
        while (Take(group))
            await AnswerAsync(group);
    }

    private bool Take(List<PendingRead> group)
    {
        group.Clear();
        lock (_gate)
        {
            _takenAt = Stopwatch.GetTimestamp();
            while (group.Count < MaxKeys && _waiting.TryDequeue(out var pending))
            {
                if (pending.Cancellation.IsCancellationRequested)
                    pending.TrySetCanceled(pending.Cancellation);
                else
                    group.Add(pending);
            }
            if (group.Count == 0)
                _running--;
            return group.Count > 0;
        }
    }

    // Whatever happens in here, every caller of the group gets an answer.
    private async Task AnswerAsync(List<PendingRead> group)
    {
        try
        {
            var found = await _database.RunAsync(connection => ReadAsync(connection, group), CancellationToken.None);
            for (var i = 0; i < found.Length; i++)
                group[i].TrySetResult(found[i]);
        }
        // One row that cannot be read must not take down those that are in its group by chance.
        catch (StoreException fault) when (fault.Kind == StoreFailure.Corrupt && group.Count > 1)
        {
            foreach (var pending in group)
                await AnswerAsync([pending]);
        }
        catch (Exception fault)
        {
            foreach (var pending in group)
                pending.TrySetException(StoreException.ForOneOf(fault, "reader"));
            // Who waits would now wait for another silence.
            if (fault is StoreException { InnerException: { } cause } && PostgresFault.IsSilence(cause))
                FailWaiting(fault);
        }
    }

    private async Task<Entry?[]> ReadAsync(NpgsqlConnection connection, List<PendingRead> group)
    {
        var found = new Entry?[group.Count];
        await using var command = new NpgsqlCommand(
            found.Length == 1 ? _database.Tables.Get : _database.Tables.GetMany, connection);
        command.Parameters.Add(found.Length == 1
            ? new NpgsqlParameter<byte[]> { TypedValue = group[0].Key }
            : new NpgsqlParameter<byte[][]>
            {
                TypedValue = [.. group.Select(pending => pending.Key)],
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
            });
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        while (await reader.ReadAsync(CancellationToken.None))
            found[reader.GetInt64(0) - 1] = new Entry(reader.GetFieldValue<byte[]>(1), reader.GetInt64(2));
        return found;
    }

    private void FailWaiting(Exception fault)
    {
        lock (_gate)
        {
            while (_waiting.TryDequeue(out var pending))
                pending.TrySetException(StoreException.ForOneOf(fault, "reader"));
        }
    }

    private sealed class PendingRead(byte[] key, CancellationToken ct)
        : TaskCompletionSource<Entry?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public byte[] Key => key;

        public CancellationToken Cancellation => ct;
    }
}
