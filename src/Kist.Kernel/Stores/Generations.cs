using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Kist.Kernel.Stores;

/// <summary>
/// Values by key in two generations: when the young one is full it becomes the old one, and what was in the old one and
/// is not asked for is gone. Reading takes no lock. What may be kept is the owner's to say, under <see cref="Gate"/>.
/// </summary>
/// <param name="most">What one generation holds, in units of <paramref name="weight"/>.</param>
/// <param name="weight">What a value and its key weigh.</param>
internal sealed class Generations<TKey, TValue>(long most, Func<TKey, TValue, long> weight)
    where TKey : notnull
{
    private volatile ConcurrentDictionary<TKey, TValue> _young = new();
    private volatile ConcurrentDictionary<TKey, TValue> _old = new();
    private long _weight;

    /// <summary>Held by whoever changes something.</summary>
    public Lock Gate { get; } = new();

    public int Count => _young.Count + _old.Count;

    /// <summary>The value, which lives on for being asked for.</summary>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_young.TryGetValue(key, out value)) return true;
        if (!_old.TryGetValue(key, out value)) return false;
        // Another thread may have moved it since, or removed it for good: what was found counts all the same, and
        // nothing comes back.
        lock (Gate)
            if (_old.TryRemove(key, out var moved)) Put(key, moved);
        return true;
    }

    /// <summary>Keeps a value; under the gate.</summary>
    public void Put(TKey key, TValue value)
    {
        _young[key] = value;
        _weight += weight(key, value);
        if (_weight < most) return;
        (_old, _young, _weight) = (_young, new(), 0);
    }

    /// <summary>Forgets a value; under the gate.</summary>
    public void Remove(TKey key)
    {
        _young.TryRemove(key, out _);
        _old.TryRemove(key, out _);
    }

    /// <summary>Forgets all; under the gate.</summary>
    public void Clear() => (_young, _old, _weight) = (new(), new(), 0);
}
