using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Kist.Kernel.Stores;
using Npgsql;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// Follows the change log in the database and publishes what every node commits, in order and without a gap, to the
/// watchers of this process. NOTIFY wakes it; it also looks by itself, because a notification can be lost with its
/// connection. This process's own commits are published before their callers hear of them.
/// </summary>
internal sealed class ChangeFeed : IAsyncDisposable
{
    /// <summary>How often it looks when nobody wakes it.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private const int Page = 512;
    private const int SecondsToAnswer = 2;
    private readonly Database _database;
    private readonly Action<string> _warn;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Task _running;
    private ChangeLog _log;              // what was published; another one after each start over
    private bool _isReplacing;
    private Mark _place;                 // the last commit that was published
    private long _known;                 // the last revision that this process knows to be committed
    private long _confirmed;             // when the log was last known to be complete, as a Stopwatch's timestamp
    private volatile bool _isWoken;

    public ChangeFeed(Database database, Head head, Action<string> warn)
    {
        (_database, _place, _known, _warn) = (database, head.Place, head.Place.Revision, warn);
        _log = new ChangeLog(head.Changed);
        _confirmed = Stopwatch.GetTimestamp();
        _running = Task.Run(RunAsync);
    }

    /// <summary>
    /// How long ago it was last certain that watchers had been given every commit up to that moment. What is cached on
    /// the strength of a watch may be this much out of date.
    /// </summary>
    public TimeSpan SinceConfirmed => Stopwatch.GetElapsedTime(Interlocked.Read(ref _confirmed));

    /// <summary>See <see cref="IStore.WatchAsync"/>.</summary>
    public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct)
    {
        lock (_lock)
        {
            // The log may be behind what this process has committed itself: that is no news to the caller.
            var after = afterRevision == 0 ? _known : afterRevision;
            return Above(_log.WatchAsync(prefix, afterRevision, ct), after, ct);
        }
    }

    /// <summary>This process has committed a group; called before its callers are told.</summary>
    public void Committed(Group group, Mark made)
    {
        lock (_lock)
        {
            _known = Math.Max(_known, made.Revision);
            // Otherwise other nodes' commits lie between, and are read from the database together with this one.
            if (_place.Revision != group.Before)
                return;
            _place = made;
            _log.Publish(group.Changes);
        }
    }

    /// <summary>Ends the watches and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        lock (_lock)
            _log.Close();
        _stop.Dispose();
    }

    private static async IAsyncEnumerable<Change> Above(
        IAsyncEnumerable<Change> changes, long revision, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var change in changes.WithCancellation(ct))
        {
            if (change.Revision > revision)
                yield return change;
        }
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _database.OpenAsync(_stop.Token);
                await FollowAsync(connection);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (PostgresFault.Is(fault))
            {
                var problem = PostgresFault.Of(fault, _database.Place).Message;
                if (!_stop.IsCancellationRequested && SinceConfirmed > 4 * Interval)
                    _warn($"changes made by other nodes are not seen: {problem}");
            }
            await Task.Delay(Interval, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private async Task FollowAsync(NpgsqlConnection connection)
    {
        connection.Notification += Wake;
        try
        {
            var canListen = await ListenAsync(connection);
            while (true)
            {
                var began = Stopwatch.GetTimestamp();
                _isWoken = false;
                await CatchUpAsync(connection);
                Interlocked.Exchange(ref _confirmed, began);
                // Wakes that tell of what this process has done itself need no look.
                while (!_isWoken && Interval - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } rest)
                {
                    // In whole milliseconds, and never in none: the driver waits for ever then.
                    if (canListen)
                        await connection.WaitAsync((int)Math.Ceiling(rest.TotalMilliseconds), _stop.Token);
                    else
                        await Task.Delay(rest, _stop.Token);
                }
            }
        }
        finally
        {
            connection.Notification -= Wake;
        }
    }

    private void Wake(object sender, NpgsqlNotificationEventArgs notice)
    {
        if (!long.TryParse(notice.Payload, NumberStyles.None, CultureInfo.InvariantCulture, out var revision)
            || revision > Place.Revision)
            _isWoken = true;
    }

    // Wire-compatible databases may know no LISTEN; then the interval is all there is.
    private async Task<bool> ListenAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var command = new NpgsqlCommand($"LISTEN \"{_database.Tables.Channel}\"", connection);
            await command.ExecuteNonQueryAsync(_stop.Token);
            return true;
        }
        catch (PostgresException fault) when (fault.SqlState is PostgresErrorCodes.FeatureNotSupported
            or PostgresErrorCodes.SyntaxError)
        {
            return false;
        }
    }

    private async Task CatchUpAsync(NpgsqlConnection connection)
    {
        while (true)
        {
            var from = Place;
            var rows = await ReadAsync(connection, from.Revision);
            // The first row is the one that was published last. If it is gone, the log was compacted beyond it; if
            // somebody else has made it, this database has lost commits (a failover) and made others in their place.
            if (rows.Count == 0 || rows[0].Mark != from)
            {
                StartOver(await Schema.HeadAsync(connection, _database.Tables), from);
                return;
            }
            Publish(rows);
            if (rows.Count < Page)
                return;
        }
    }

    private Mark Place
    {
        get { lock (_lock) return _place; }
    }

    private async Task<List<(Mark Mark, byte[] Record)>> ReadAsync(NpgsqlConnection connection, long from)
    {
        await using var command = new NpgsqlCommand(_database.Tables.ChangesFrom, connection)
        {
            CommandTimeout = SecondsToAnswer,
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = from }, new NpgsqlParameter<int> { TypedValue = Page },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(_stop.Token);
        var rows = new List<(Mark, byte[])>();
        while (await reader.ReadAsync(_stop.Token))
            rows.Add((new Mark(reader.GetInt64(0), reader.GetGuid(1)), reader.GetFieldValue<byte[]>(2)));
        return rows;
    }

    private void Publish(List<(Mark Mark, byte[] Record)> rows)
    {
        var changes = new List<Change>();
        lock (_lock)
        {
            foreach (var (mark, record) in rows)
            {
                // This process may have published some of them itself meanwhile.
                if (mark.Revision <= _place.Revision)
                    continue;
                ChangeRecord.Read(record, mark.Revision, changes);
                _place = mark;
            }
            _known = Math.Max(_known, _place.Revision);
            _log.Publish(changes);
        }
    }

    /// <summary>
    /// This process replaces the whole store: that the change log begins anew, once, is no surprise.
    /// </summary>
    public bool IsReplacing
    {
        set => Volatile.Write(ref _isReplacing, value);
    }

    private void StartOver(Head head, Mark from)
    {
        lock (_lock)
        {
            // A commit of this process that came between shows that its place is on the database's history.
            if (_place != from && _place.Revision >= head.Place.Revision)
                return;
            _log.Break(_place.Revision);
            // Another one, because revisions may have gone back.
            (_log, _place, _known) = (new ChangeLog(head.Changed), head.Place, head.Place.Revision);
        }
        if (!Interlocked.Exchange(ref _isReplacing, false))
            _warn("the change log was cut off before it was read; everything that is cached is read again");
    }
}
