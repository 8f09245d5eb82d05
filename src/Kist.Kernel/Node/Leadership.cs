using System.Buffers.Binary;
using System.Security.Cryptography;
using Kist.Kernel.Barrier;
using Kist.Kernel.Stores;

namespace Kist.Kernel.Node;

/// <summary>
/// Which of the nodes does the work that must run once. A term is one revision of the key <c>term</c>: every batch of
/// that work is guarded by it, so a node that lost its term without noticing (paused, cut off) cannot write any more.
/// The term is kept alive by writing <c>lease</c> again and again; a node that has seen the same lease for
/// <see cref="TimeToLive"/> by its own clock takes over, so clocks need not agree; the lease says how long its holder
/// thinks that is, so settings need not agree either. Where no other process writes to the store the term is always
/// held and has no guard.
/// </summary>
internal sealed class Leadership
{
    private const string TermKey = "term";
    private const string LeaseKey = "lease";

    private readonly Storage _storage;
    private readonly TimeProvider _clock;
    private readonly NodeLog _log;
    private readonly bool _isAlone;
    private volatile Term? _term;
    private long _seenLease = -1;        // the revision of the lease that was seen last
    private long _seenAt;                // the clock's timestamp when it was seen first

    public Leadership(Storage storage, bool isAlone, TimeSpan timeToLive, TimeProvider clock, NodeLog log)
    {
        (_storage, _isAlone, TimeToLive, _clock, _log) = (storage, isAlone, timeToLive, clock, log);
        if (isAlone) _term = new Term(null, 0);
    }

    /// <summary>After this long without a sign of life the term is another's to take.</summary>
    public TimeSpan TimeToLive { get; }

    /// <summary>The term that this node holds, or null.</summary>
    public Term? Held =>
        _term is { } term && (_isAlone || _clock.GetElapsedTime(term.RenewedAt) < TimeToLive) ? term : null;

    /// <summary>Renews the term, or takes it when it is free. Meant to be called ten times in its life.</summary>
    public ValueTask TickAsync(CancellationToken ct)
    {
        if (_isAlone) return default;
        return _term is { } term ? RenewAsync(term, ct) : TakeIfFreeAsync(ct);
    }

    /// <summary>A batch of this term was refused.</summary>
    public void Lose(Term term)
    {
        if (Interlocked.CompareExchange(ref _term, null, term) == term)
            _log.Note(LogLevel.Warn, "another node has taken over the work that runs once");
    }

    /// <summary>Gives the term up, so that another node need not wait until it has run out.</summary>
    public async ValueTask ReleaseAsync(CancellationToken ct)
    {
        if (_isAlone || Interlocked.Exchange(ref _term, null) is not { Guard: { } guard }) return;
        try
        {
            await _storage.TransactAsync(tx =>
            {
                tx.ExpectRaw(guard.Key, guard.Revision);
                tx.Delete(LeaseKey);
                return ValueTask.CompletedTask;
            }, ct);
        }
        catch (ConflictException)
        {
            // It was not held any more.
        }
    }

    private async ValueTask RenewAsync(Term term, CancellationToken ct)
    {
        var now = _clock.GetTimestamp();
        if (_clock.GetElapsedTime(term.RenewedAt) < TimeToLive * 0.3) return;
        var guard = term.Guard!.Value;
        try
        {
            await _storage.TransactAsync(tx =>
            {
                tx.ExpectRaw(guard.Key, guard.Revision);
                tx.Put(LeaseKey, NewLease());
                return ValueTask.CompletedTask;
            }, ct);
            Interlocked.CompareExchange(ref _term, new Term(guard, now), term);
        }
        catch (ConflictException)
        {
            Lose(term);
        }
    }

    private async ValueTask TakeIfFreeAsync(CancellationToken ct)
    {
        var now = _clock.GetTimestamp();
        var (lease, patience) = (0L, TimeToLive);
        using (var known = await _storage.GetAsync(LeaseKey, ct))
            if (known is not null) (lease, patience) = (known.Revision, PatienceWith(known.Span));
        if (lease != _seenLease) (_seenLease, _seenAt) = (lease, now);
        if (lease != 0 && _clock.GetElapsedTime(_seenAt) < patience) return;
        var mark = RandomNumberGenerator.GetBytes(16);
        var isTaken = await _storage.TransactAsync(async tx =>
        {
            if (((await tx.GetAsync(LeaseKey))?.Revision ?? 0) != lease) return false;
            tx.Put(TermKey, mark);
            tx.Put(LeaseKey, NewLease());
            return true;
        }, ct);
        if (!isTaken) return;
        using var term = await _storage.GetAsync(TermKey, ct);
        if (term is null || !term.Span.SequenceEqual(mark)) return;
        _term = new Term(new Guard(_storage.Prefix + TermKey, term.Revision), now);
        _log.TermTaken(term.Revision);
    }

    /// <summary>Never the same twice, and how long its holder has.</summary>
    private byte[] NewLease()
    {
        var lease = RandomNumberGenerator.GetBytes(2 * sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(lease.AsSpan(sizeof(long)), (long)TimeToLive.TotalMilliseconds);
        return lease;
    }

    private TimeSpan PatienceWith(ReadOnlySpan<byte> lease)
    {
        if (lease.Length != 2 * sizeof(long)) return TimeToLive;
        var holder = TimeSpan.FromMilliseconds(BinaryPrimitives.ReadInt64BigEndian(lease[sizeof(long)..]));
        return holder > TimeToLive ? holder : TimeToLive;
    }
}

/// <summary>A time in which one node does the work that runs once.</summary>
/// <param name="Guard">What each of its batches must find; null where there is no other node.</param>
/// <param name="RenewedAt">The clock's timestamp before it was renewed last.</param>
internal sealed record Term(Guard? Guard, long RenewedAt);
