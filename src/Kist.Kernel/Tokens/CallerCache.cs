using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Kist.Kernel.Tokens;

/// <summary>
/// Callers by token hash, so that a known token costs one keyed hash and one look-up. Bounded by two generations: when
/// the young one is full it becomes the old one. An entry is good only for the policy and identity generations it was
/// made under, and is never added if any token was forgotten since its record was read: a revoked token cannot slip
/// back in.
/// </summary>
/// <param name="generationSize">How many callers one generation holds.</param>
internal sealed class CallerCache(int generationSize = 4096)
{
    private readonly Lock _adding = new();
    private volatile ConcurrentDictionary<TokenHash, Cached> _young = new();
    private volatile ConcurrentDictionary<TokenHash, Cached> _old = new();
    private long _epoch;

    /// <summary>Grows whenever a token is forgotten; read it before reading the token's record.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    public int Count => _young.Count + _old.Count;

    public bool TryGet(TokenHash hash, long policies, long identity, [NotNullWhen(true)] out Caller? caller)
    {
        caller = null;
        // Read before the look-up: a token that is revoked in between must not be added again.
        var epoch = Epoch;
        if (!_young.TryGetValue(hash, out var cached))
        {
            if (!_old.TryGetValue(hash, out cached)) return false;
            Add(hash, cached.Caller, cached.Policies, cached.Identity, epoch);
        }
        if (cached.Policies != policies || cached.Identity != identity) return false;
        caller = cached.Caller;
        return true;
    }

    public void Add(TokenHash hash, Caller caller, long policies, long identity, long epoch)
    {
        lock (_adding)
        {
            if (epoch != _epoch) return;
            if (_young.Count >= generationSize) (_old, _young) = (_young, new());
            _young[hash] = new Cached(caller, policies, identity);
        }
    }

    public void Remove(string hash)
    {
        if (hash.Length != 64 || hash.AsSpan().IndexOfAnyExcept("0123456789abcdef") >= 0) return;
        var key = new TokenHash(Part(hash, 0), Part(hash, 16), Part(hash, 32), Part(hash, 48));
        lock (_adding)
        {
            _young.TryRemove(key, out _);
            _old.TryRemove(key, out _);
            Forgot();
        }
    }

    /// <summary>Forgets everyone.</summary>
    public void Clear()
    {
        lock (_adding)
        {
            (_young, _old) = (new(), new());
            Forgot();
        }
    }

    // After it is gone: whoever sees the new number does not find it any more.
    private void Forgot() => Interlocked.Increment(ref _epoch);

    private static ulong Part(string hash, int at) =>
        ulong.Parse(hash.AsSpan(at, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private sealed record Cached(Caller Caller, long Policies, long Identity);
}
