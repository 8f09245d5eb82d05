using System.Text;

namespace Kist.Kernel.Stores;

/// <summary>
/// One atomic write: guards that must hold, then puts and deletes. The limits are the same for every store.
/// </summary>
public sealed class Batch
{
    /// <summary>Guards and writes together may not be more than this.</summary>
    public const int MaxOperations = 128;

    /// <summary>The largest value in bytes.</summary>
    public const int MaxValueBytes = 1_572_864;

    /// <summary>The longest key in UTF-8 bytes.</summary>
    public const int MaxKeyBytes = 2_048;

    private readonly List<Guard> _guards = [];
    private readonly List<Write> _writes = [];

    /// <summary>What must hold for the batch to be applied.</summary>
    public IReadOnlyList<Guard> Guards => _guards;

    /// <summary>What the batch changes; one write per key.</summary>
    public IReadOnlyList<Write> Writes => _writes;

    /// <summary>
    /// Requires that <paramref name="key"/> still has <paramref name="revision"/>; 0: that it is absent.
    /// </summary>
    public Batch Expect(string key, long revision)
    {
        Admit(key);
        _guards.Add(new Guard(key, revision));
        return this;
    }

    /// <summary>Writes <paramref name="value"/> under <paramref name="key"/>.</summary>
    public Batch Put(string key, ReadOnlyMemory<byte> value)
    {
        if (value.Length > MaxValueBytes)
            throw new BatchLimitException($"a value may have {MaxValueBytes} bytes, this one has {value.Length}");
        Admit(key);
        _writes.Add(new Write(key, value));
        return this;
    }

    /// <summary>Removes <paramref name="key"/>; nothing happens if it is absent.</summary>
    public Batch Delete(string key)
    {
        Admit(key);
        _writes.Add(new Write(key, null));
        return this;
    }

    private void Admit(string key)
    {
        if (key.Length == 0 || Encoding.UTF8.GetByteCount(key) > MaxKeyBytes)
            throw new BatchLimitException($"a key has 1 to {MaxKeyBytes} bytes");
        if (!KeyOrder.IsWellFormed(key))
            throw new BatchLimitException("a key is well-formed text; this one has half of a surrogate pair");
        if (_guards.Count + _writes.Count >= MaxOperations)
            throw new BatchLimitException($"a batch has at most {MaxOperations} operations");
    }
}

/// <summary>A condition on one key: its revision, or 0 for absence.</summary>
public readonly record struct Guard(string Key, long Revision);

/// <summary>A put, or a delete when <see cref="Value"/> is null.</summary>
public readonly record struct Write(string Key, ReadOnlyMemory<byte>? Value);

/// <summary>A batch went over a limit that holds for every store. The message names the limit, never a value.</summary>
public sealed class BatchLimitException(string message) : Exception(message);
