using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// A few readers, opened when they are first needed. A reader that has failed is thrown away, so that the next one
/// opens the file afresh and finds out by itself when the cause is gone.
/// </summary>
internal sealed class ReadPool(string path, int size, int cacheKiBEach, KnownEntries known) : IDisposable
{
    private readonly Reader?[] _idle = new Reader?[size];
    private readonly Seats _free = new(size);
    private long _current = 1;           // the number of the last snapshot that was committed
    private readonly Lock _snapshots = new();
    private int _openSnapshots;
    private volatile bool _closed;

    public delegate T Work<TArgument, T>(Reader reader, TArgument argument) where TArgument : allows ref struct;

    /// <summary>Runs <paramref name="work"/> with a reader of its own; waits while all of them are in use.</summary>
    public T Read<TArgument, T>(TArgument argument, Work<TArgument, T> work) where TArgument : allows ref struct
    {
        _free.Take();
        Reader? reader = null;
        try
        {
            reader = Take();
            reader.Current = Volatile.Read(ref _current);
            var result = work(reader, argument);
            if (reader.MetDamage)
                reader.Dispose();
            else
                GiveBack(reader);
            return result;
        }
        catch
        {
            reader?.Dispose();
            throw;
        }
        finally
        {
            _free.GiveBack();
        }
    }

    /// <summary>
    /// From now on no read sees an older state. Called after each commit, before its callers are told.
    /// </summary>
    public void Advance() => Interlocked.Increment(ref _current);

    /// <summary>
    /// Has all readers end their transactions: the idle ones now, those in use when they come back. Without this an
    /// idle reader would hold up checkpoints, and the WAL would grow.
    /// </summary>
    public void LetGo()
    {
        Advance();
        for (var i = 0; i < _idle.Length && _free.TryTake(); i++)
        {
            if (Interlocked.Exchange(ref _idle[i], null) is { } reader)
                GiveBack(reader);
            _free.GiveBack();
        }
    }

    /// <summary>
    /// Runs <paramref name="work"/> while no connection of readers is open and none can be opened. False, without
    /// running it, when a snapshot is being read, which may take long.
    /// </summary>
    public bool TryAlone(Action work)
    {
        for (var i = 0; i < size; i++) _free.Take();
        try
        {
            lock (_snapshots)
            {
                if (HasSnapshot)
                    return false;
                for (var i = 0; i < _idle.Length; i++)
                    Interlocked.Exchange(ref _idle[i], null)?.Dispose();
                work();
            }
            return true;
        }
        finally
        {
            Advance();
            for (var i = 0; i < size; i++) _free.GiveBack();
        }
    }

    /// <summary>Whether a snapshot is being read: checkpoints do not get past it, and must not wait for it.</summary>
    public bool HasSnapshot => Volatile.Read(ref _openSnapshots) > 0;

    /// <summary>A snapshot's connection, opened by <paramref name="open"/>, is counted until <see cref="EndSnapshot"/>.
    /// </summary>
    public Connection BeginSnapshot(Func<Connection> open)
    {
        lock (_snapshots)
        {
            if (_closed)
                throw new StoreException(StoreFailure.Unavailable, "the store is closed");
            var connection = open();
            _openSnapshots++;
            return connection;
        }
    }

    /// <summary>The snapshot's connection is closed.</summary>
    public void EndSnapshot()
    {
        lock (_snapshots)
            _openSnapshots--;
    }

    /// <summary>Closes the idle readers; those in use close when they come back.</summary>
    public void Dispose()
    {
        _closed = true;
        for (var i = 0; i < _idle.Length; i++)
            Interlocked.Exchange(ref _idle[i], null)?.Dispose();
    }

    private Reader Take()
    {
        if (_closed)
            throw new StoreException(StoreFailure.Unavailable, "the store is closed");
        for (var i = 0; i < _idle.Length; i++)
        {
            if (_idle[i] is not null && Interlocked.Exchange(ref _idle[i], null) is { } reader)
                return reader;
        }
        return new Reader(path, cacheKiBEach, known);
    }

    private void GiveBack(Reader reader)
    {
        if (reader.Snapshot != Volatile.Read(ref _current))
            reader.LetGo();
        var surplus = reader;
        for (var i = 0; i < _idle.Length && surplus is not null; i++)
        {
            if (_idle[i] is null)
                surplus = Interlocked.CompareExchange(ref _idle[i], reader, null) is null ? null : reader;
        }
        surplus?.Dispose();
        if (_closed)
            Dispose();
    }

    /// <summary>
    /// How many readers may be in use. A semaphore takes a lock each time; here only whoever must wait does.
    /// </summary>
    private sealed class Seats(int count)
    {
        private readonly SemaphoreSlim _waiting = new(0);
        private int _left = count;      // below zero: so many wait

        public void Take()
        {
            if (Interlocked.Decrement(ref _left) < 0) _waiting.Wait();
        }

        public bool TryTake()
        {
            for (var left = Volatile.Read(ref _left); left > 0;)
            {
                var seen = Interlocked.CompareExchange(ref _left, left - 1, left);
                if (seen == left) return true;
                left = seen;
            }
            return false;
        }

        public void GiveBack()
        {
            if (Interlocked.Increment(ref _left) <= 0) _waiting.Release();
        }
    }
}
