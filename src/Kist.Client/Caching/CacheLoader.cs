using Kist.Client.Http;
using Kist.Client.Logging;
using Microsoft.Extensions.Logging;

namespace Kist.Client.Caching;

/// <summary>How long to believe what was read: while changes are told, and while they are not.</summary>
internal readonly record struct Freshness(TimeSpan Told, TimeSpan Alone);

/// <summary>Reads secrets for the cache, a bounded number at once, and says how long to believe them.</summary>
internal sealed class CacheLoader(KistClient client, KistClientOptions options, MountMap mounts, ChangeFeed? feed)
{
    private const int MostAtOnce = 32;
    private static readonly TimeSpan s_longestSettling = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _places = new(MostAtOnce);
    private readonly ILogger _log = options.Logging.CreateLogger("Kist.Client");

    public TimeProvider Clock => options.Clock;

    public TimeSpan StaleFor => options.StaleFor;

    /// <summary>When to try again what could not be read.</summary>
    public Freshness Again
    {
        get
        {
            var pause = Backoff.Spread(TimeSpan.FromSeconds(5), 50);
            return new Freshness(pause, pause);
        }
    }

    /// <summary>The one of the two that counts now.</summary>
    public TimeSpan Now(Freshness fresh) => feed?.IsLive == true ? fresh.Told : fresh.Alone;

    /// <summary>Waits a little until it is known whether changes are told: what is read before must be read again.
    /// </summary>
    public Task SettledAsync() => feed is { Settled.IsCompleted: false }
        ? Task.WhenAny(feed.Settled, Task.Delay(s_longestSettling, Clock)) : Task.CompletedTask;

    /// <summary>The secret, null if there is none, and how long that holds.</summary>
    public async Task<(KistSecret? Secret, Freshness Fresh)> LoadAsync(string path, long? version)
    {
        // Before the reading, so that no change falls between it and the feed.
        var isPushed = feed?.IsLive == true;
        await _places.WaitAsync();
        try
        {
            var mount = await mounts.FindAsync(path, CancellationToken.None);
            var (secret, isThere) = await ReadAsync(mount, path, version);
            if (!isThere)
            {
                // The mount may have been replaced by one of another kind.
                mounts.Forget(mount);
                var now = await mounts.FindAsync(path, CancellationToken.None);
                if (now != mount) (secret, _) = await ReadAsync(now, path, version);
            }
            return (secret, FreshFor(secret, isPushed));
        }
        finally
        {
            _places.Release();
        }
    }

    public void ToldStale(string path, Exception e) => ClientLog.Stale(_log, path, e);

    /// <summary>Tells somebody of a change, whose failure must not end the work of others.</summary>
    public void Tell(string path, Action watcher)
    {
        try
        {
            watcher();
        }
        catch (Exception e)
        {
            ClientLog.WatcherFailed(_log, path, e);
        }
    }

    private async Task<(KistSecret? Secret, bool IsThere)> ReadAsync(KnownMount mount, string path, long? version)
    {
        var request = new ApiRequest(HttpMethod.Get, mount.DataPath(path))
        {
            Query = version is { } number ? $"version={number}" : null,
            Accepts = static status => status is 200 or 404,
        };
        using var answer = await client.SendAsync(request, CancellationToken.None);
        var secret = KistSecret.Parse(path, mount.IsVersioned, answer);
        return (secret, secret is not null || answer.Status == System.Net.HttpStatusCode.OK);
    }

    // A lease ends whatever is told: another one is taken when two thirds are over.
    private Freshness FreshFor(KistSecret? secret, bool isPushed)
    {
        var alone = options.CacheFor;
        if (secret is { LeaseId: not null } && secret.LeaseDuration > TimeSpan.Zero)
        {
            isPushed = false;
            if (secret.LeaseDuration * (2 / 3.0) is var most && most < alone) alone = most;
        }
        var told = isPushed ? options.CacheWhilePushed : alone;
        return new Freshness(Backoff.Spread(told, 10), Backoff.Spread(alone, 10));
    }
}
