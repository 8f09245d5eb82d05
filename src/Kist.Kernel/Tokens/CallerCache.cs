using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Kist.Kernel.Stores;

namespace Kist.Kernel.Tokens;

/// <summary>
/// Callers by token hash, so that a known token costs one keyed hash and one look-up. An entry is good only for the
/// policy and identity generations it was made under, and is never added if any token was forgotten since its record
/// was read: a revoked token cannot slip back in.
/// </summary>
internal sealed class CallerCache
{
    private const int MostOfOneGeneration = 4096;

    private readonly Generations<TokenHash, Cached> _callers = new(MostOfOneGeneration, static (_, _) => 1);
    private long _epoch;

    /// <summary>Grows whenever a token is forgotten; read it before reading the token's record.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    public int Count => _callers.Count;

    public bool TryGet(TokenHash hash, long policies, long identity, [NotNullWhen(true)] out Caller? caller)
    {
        caller = null;
        if (!_callers.TryGet(hash, out var cached)) return false;
        if (cached.Policies != policies || cached.Identity != identity) return false;
        caller = cached.Caller;
        return true;
    }

    public void Add(TokenHash hash, Caller caller, long policies, long identity, long epoch)
    {
        lock (_callers.Gate)
        {
            if (epoch == _epoch) _callers.Put(hash, new Cached(caller, policies, identity));
        }
    }

    public void Remove(string hash)
    {
        if (hash.Length != 64 || hash.AsSpan().IndexOfAnyExcept("0123456789abcdef") >= 0) return;
        var key = new TokenHash(Part(hash, 0), Part(hash, 16), Part(hash, 32), Part(hash, 48));
        lock (_callers.Gate)
        {
            _callers.Remove(key);
            Forgot();
        }
    }

    /// <summary>Forgets everyone.</summary>
    public void Clear()
    {
        lock (_callers.Gate)
        {
            _callers.Clear();
            Forgot();
        }
    }

    // After it is gone: whoever sees the new number does not find it any more.
    private void Forgot() => Interlocked.Increment(ref _epoch);

    private static ulong Part(string hash, int at) =>
        ulong.Parse(hash.AsSpan(at, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private sealed record Cached(Caller Caller, long Policies, long Identity);
}
