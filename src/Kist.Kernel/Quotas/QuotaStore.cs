using System.Globalization;
using System.Text.Json;
using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Quotas;

/// <summary>
/// Rate limits by path (<c>sys/quotas/rate-limit</c>), checked before anything is looked up. Without a limit the check
/// is one field read. Counts live in this process: each node gives a client its own budget, as Vault's nodes do.
/// </summary>
public sealed class QuotaStore
{
    private const string RulePrefix = "rate-limit/";
    private const string ConfigKey = "config";

    private readonly Storage _storage;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private RateLimitTable? _table;
    private RateLimitTable _all;
    private long _refused;

    private QuotaStore(Storage storage, TimeProvider clock)
    {
        (_storage, _clock) = (storage, clock);
        _all = new RateLimitTable([], new QuotaConfig());
    }

    /// <summary>Where the rules lie, for those who wait for changes.</summary>
    internal string StorePrefix => _storage.Prefix;

    /// <summary>What holds for all quotas.</summary>
    public QuotaConfig Config => Volatile.Read(ref _all).Config;

    /// <summary>Every limit, by name.</summary>
    public IReadOnlyList<RateLimit> All =>
        [.. Volatile.Read(ref _all).Limiters.Select(l => l.Limit).OrderBy(l => l.Name, StringComparer.Ordinal)];

    /// <summary>How many requests were refused since the start.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Reads the rules.</summary>
    internal static ValueTask<QuotaStore> LoadAsync(Node.Unsealed kernel, Storage storage, CancellationToken ct) =>
        LoadAsync(storage, kernel.Clock, ct);

    /// <summary>Reads the rules; the clock says when budgets are renewed.</summary>
    internal static async ValueTask<QuotaStore> LoadAsync(Storage storage, TimeProvider clock, CancellationToken ct)
    {
        var store = new QuotaStore(storage, clock);
        await store.ReloadAsync(ct);
        return store;
    }

    /// <summary>
    /// Reads the rules again: another node may have changed them. Limits that are the same go on counting.
    /// </summary>
    internal async ValueTask ReloadAsync(CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            var config = new QuotaConfig();
            using (var stored = await _storage.GetAsync(ConfigKey, ct))
                if (stored is not null)
                    config = JsonSerializer.Deserialize(stored.Span, KernelJson.Default.QuotaConfig)!;
            var limiters = new List<RateLimiter>();
            foreach (var key in await _storage.ScanAsync(RulePrefix, "", 0, ct))
            {
                using var stored = await _storage.GetAsync(key, ct);
                if (stored is null) continue;
                var limit = JsonSerializer.Deserialize(stored.Span, KernelJson.Default.RateLimit)!;
                limiters.Add(_all.Limiters.FirstOrDefault(l => l.Limit == limit) ?? new RateLimiter(limit, _clock));
            }
            Publish(new RateLimitTable(limiters, config));
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Takes one request from the quota that covers it. Null when it may go on; the answer headers go into
    /// <paramref name="headers"/> when the configuration asks for them.
    /// </summary>
    public Fault? Take(Request request, Mount? mount, ref List<KeyValuePair<string, string>>? headers)
    {
        if (Volatile.Read(ref _table) is not { } table) return null;
        if (table.Find(request.Path.Value, mount) is not { } limiter) return null;
        var taken = limiter.Take(request.Remote);
        if (table.Config.EnableRateLimitResponseHeaders) headers = HeadersOf(limiter, taken);
        if (taken.Allowed) return null;
        Interlocked.Increment(ref _refused);
        return new Fault(FaultKind.QuotaExceeded, $"request path \"{request.Path.Value}\": rate limit quota exceeded");
    }

    /// <summary>The limit called <paramref name="name"/>, or null.</summary>
    public RateLimit? Find(string name) => All.FirstOrDefault(l => l.Name == name);

    /// <summary>Makes or replaces a limit; its counts start anew. A fault when another limit covers the same.</summary>
    public async ValueTask<Fault?> PutAsync(RateLimit limit, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            var twin = _all.Limiters.FirstOrDefault(l =>
                l.Limit.Path == limit.Path && l.Limit.Role == limit.Role && l.Limit.Name != limit.Name);
            if (twin is not null)
                return Fault.Invalid($"quota rule with similar properties exists under the name \"{twin.Limit.Name}\"");
            await _storage.PutAsync(RulePrefix + limit.Name,
                JsonSerializer.SerializeToUtf8Bytes(limit, KernelJson.Default.RateLimit), ct);
            Publish(new RateLimitTable([.. Without(limit.Name), new RateLimiter(limit, _clock)], _all.Config));
            return null;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Removes a limit; nothing happens when there is none.</summary>
    public async ValueTask DeleteAsync(string name, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            await _storage.DeleteAsync(RulePrefix + name, ct);
            Publish(new RateLimitTable(Without(name), _all.Config));
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Changes what holds for all quotas; counts go on.</summary>
    public async ValueTask ConfigureAsync(QuotaConfig config, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            await _storage.PutAsync(ConfigKey,
                JsonSerializer.SerializeToUtf8Bytes(config, KernelJson.Default.QuotaConfig), ct);
            Publish(new RateLimitTable(_all.Limiters, config));
        }
        finally
        {
            _changing.Release();
        }
    }

    private IEnumerable<RateLimiter> Without(string name) => _all.Limiters.Where(l => l.Limit.Name != name);

    private void Publish(RateLimitTable table)
    {
        Volatile.Write(ref _all, table);
        Volatile.Write(ref _table, table.Limiters.Count == 0 ? null : table);
    }

    private static List<KeyValuePair<string, string>> HeadersOf(RateLimiter limiter, Taken taken)
    {
        var reset = ((long)Math.Ceiling(taken.Reset.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var headers = new List<KeyValuePair<string, string>>
        {
            new("X-Ratelimit-Limit", limiter.Budget.ToString(CultureInfo.InvariantCulture)),
            new("X-Ratelimit-Remaining", taken.Left.ToString(CultureInfo.InvariantCulture)),
            new("X-Ratelimit-Reset", reset),
        };
        if (!taken.Allowed) headers.Add(new("Retry-After", reset));
        return headers;
    }
}
