using System.Collections.Concurrent;
using System.Net;

namespace Kist.Kernel.Quotas;

/// <summary>
/// Counts the requests of each client address against one limit. An address has so many requests from its first one on,
/// and all of them again after each interval. Memory is bounded by two generations of addresses: when the young one is
/// full it becomes the old one, so an address that keeps coming is never forgotten.
/// </summary>
internal sealed class RateLimiter(RateLimit limit, TimeProvider clock)
{
    internal const int GenerationSize = 32_768;

    private static readonly IPAddress Unknown = IPAddress.None;

    private readonly Lock _swapping = new();
    private volatile ConcurrentDictionary<IPAddress, Client> _young = new();
    private volatile ConcurrentDictionary<IPAddress, Client> _old = new();

    public RateLimit Limit { get; } = limit;

    /// <summary>How many requests an address has per interval: at least one, or the limit would be a deny
    /// rule.</summary>
    public uint Budget { get; } = (uint)Math.Clamp(Math.Round(limit.Rate), 1, uint.MaxValue);

    /// <summary>How many addresses are known; for the bound's test.</summary>
    public int Count => _young.Count + _old.Count;

    /// <summary>Takes one request of <paramref name="address"/>.</summary>
    public Taken Take(IPAddress? address)
    {
        var now = clock.GetTimestamp();
        var client = ClientOf(address ?? Unknown, now);
        var until = client.BlockedUntil;
        if (until > now) return new Taken(false, 0, clock.GetElapsedTime(now, until));
        var since = clock.GetElapsedTime(client.Start, now);
        var tick = (uint)(since.Ticks / Limit.Interval.Ticks);
        var reset = Limit.Interval - TimeSpan.FromTicks(since.Ticks % Limit.Interval.Ticks);
        if (client.TryTake(tick, Budget, out var left)) return new Taken(true, left, reset);
        if (Limit.BlockInterval <= TimeSpan.Zero) return new Taken(false, 0, reset);
        client.BlockedUntil = now + (long)(Limit.BlockInterval.TotalSeconds * clock.TimestampFrequency);
        return new Taken(false, 0, Limit.BlockInterval);
    }

    private Client ClientOf(IPAddress address, long now)
    {
        if (_young.TryGetValue(address, out var client)) return client;
        if (!_old.TryGetValue(address, out client)) client = new Client(now);
        lock (_swapping)
        {
            if (_young.Count >= GenerationSize) (_old, _young) = (_young, new());
            return _young.GetOrAdd(address, client);
        }
    }

    /// <summary>One address: the interval it is in and what it used there, in one word, changed by compare and
    /// swap.</summary>
    private sealed class Client(long start)
    {
        private ulong _state;
        private long _blockedUntil;

        public long Start { get; } = start;

        public long BlockedUntil
        {
            get => Volatile.Read(ref _blockedUntil);
            set => Volatile.Write(ref _blockedUntil, value);
        }

        public bool TryTake(uint tick, uint budget, out uint left)
        {
            while (true)
            {
                var state = Volatile.Read(ref _state);
                // Another thread may be an interval ahead of this one already.
                var current = Math.Max((uint)(state >> 32), tick);
                var used = (uint)(state >> 32) == current ? (uint)state : 0;
                left = budget - Math.Min(used, budget);
                if (left == 0) return false;
                var next = (ulong)current << 32 | (used + 1);
                if (Interlocked.CompareExchange(ref _state, next, state) != state) continue;
                left--;
                return true;
            }
        }
    }
}

/// <summary>The outcome of one request against one limit.</summary>
/// <param name="Allowed">Whether it may go on.</param>
/// <param name="Left">How many more the address has now.</param>
/// <param name="Reset">When it has all of them again.</param>
internal readonly record struct Taken(bool Allowed, uint Left, TimeSpan Reset);
