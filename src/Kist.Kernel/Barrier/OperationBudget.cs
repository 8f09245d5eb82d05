namespace Kist.Kernel.Barrier;

/// <summary>
/// How many encryptions the active term may still do before the store must hear of more. They are reserved in chunks
/// ahead of use, so what the store says is never less than what was done, whenever the process dies.
/// </summary>
internal sealed class OperationBudget
{
    /// <summary>Encryptions reserved by one write: small enough that a restart does not shorten a key's life
    /// noticeably, large enough that the extra write does not count.</summary>
    public const int Chunk = 4096;

    private long _remaining;
    private long _reserved;

    /// <summary>The budget of a new term: the batch that installs it reserves <paramref name="chunk"/>, and its own
    /// record is the first encryption.</summary>
    public static OperationBudget Fresh(int chunk) => new() { _remaining = chunk - 1, _reserved = chunk };

    /// <summary>The budget of a term that was opened: what was reserved before counts as used.</summary>
    public static OperationBudget Exhausted() => new();

    /// <summary>Encryptions done with the term, by all that is known here.</summary>
    public long Used => Volatile.Read(ref _reserved) - Math.Max(0, Volatile.Read(ref _remaining));

    /// <summary>Takes <paramref name="count"/> encryptions, or nothing.</summary>
    public bool TryTake(int count)
    {
        if (Interlocked.Add(ref _remaining, -count) >= 0) return true;
        Interlocked.Add(ref _remaining, count);
        return false;
    }

    /// <summary>Gives up what is left of the chunk, so that a new limit holds from the next encryption.</summary>
    public void Drain() => Interlocked.Exchange(ref _remaining, 0);

    /// <summary>What the store has granted so far.</summary>
    public long Reserved => Volatile.Read(ref _reserved);

    /// <summary>Sets what the store says was used before this process opened the term.</summary>
    public void Learn(long reserved) => Volatile.Write(ref _reserved, reserved);

    /// <summary>Adds a chunk after the store has accepted <paramref name="reserved"/> as the new sum; the record that
    /// says so was the first of its encryptions.</summary>
    public void Extend(int chunk, long reserved)
    {
        Interlocked.Add(ref _remaining, chunk - 1);
        Volatile.Write(ref _reserved, reserved);
    }
}
