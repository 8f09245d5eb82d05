using Kist.Agent.Link;

namespace Kist.Agent.Answers;

/// <summary>
/// One feed of changes for the agent, and one for each of the callers' tokens that read lately; beyond a number of them
/// the rest are not told of changes, and so nothing is remembered for them.
/// </summary>
internal sealed class FeedSet(ServerLink link, AnswerCache cache, AgentLog log, AgentMetrics metrics) : IAsyncDisposable
{
    private const int MostCallers = 64;
    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (ChangeFeed Feed, CancellationTokenSource Stop, Task Run)> _feeds = [];

    /// <summary>Called with the name of each secret that changed, and the agent's answers that are outdated by it.
    /// </summary>
    public Action<string, List<AnswerKey>>? Changed { get; set; }

    /// <summary>Called when anything may have changed for the agent, with whether its rights may have too.</summary>
    public Action<bool>? Reset { get; set; }

    /// <summary>Called with an owner and his token when the server has ended his stream.</summary>
    public required Func<string, string, CancellationToken, Task> Ended { get; init; }

    /// <summary>The feed of an owner; null: there is none.</summary>
    public ChangeFeed? Of(string owner)
    {
        lock (_gate) return _feeds.TryGetValue(owner, out var entry) ? entry.Feed : null;
    }

    /// <summary>Begins a feed where there is none, and waits a moment for it to stand.</summary>
    public async Task EnsureAsync(string owner, string space, Func<CancellationToken, Task<string>> token)
    {
        ChangeFeed feed;
        lock (_gate)
        {
            if (_feeds.TryGetValue(owner, out var entry))
            {
                entry.Feed.Used = TimeProvider.System.GetTimestamp();
                return;
            }
            EndIdle();
            if (_feeds.Count > MostCallers) return;
            feed = new ChangeFeed(
                owner, space, link, Tell, isRight => Lost(owner, isRight),
                (used, ct) => Ended(owner, used, ct), log);
            var stop = new CancellationTokenSource();
            _feeds[owner] = (feed, stop, Task.Run(() => feed.RunAsync(token, stop.Token)));
        }
        await Task.WhenAny(feed.Settled, Task.Delay(s_patience));
    }

    /// <summary>Ends all feeds.</summary>
    public async ValueTask DisposeAsync()
    {
        List<(ChangeFeed Feed, CancellationTokenSource Stop, Task Run)> all;
        lock (_gate)
        {
            all = [.. _feeds.Values];
            _feeds.Clear();
        }
        foreach (var (_, stop, _) in all) await stop.CancelAsync();
        foreach (var (_, stop, run) in all)
        {
            await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.Dispose();
        }
    }

    private void Tell(string name)
    {
        metrics.Events.Add();
        Changed?.Invoke(name, cache.Outdate(name));
    }

    private void Lost(string owner, bool isRight)
    {
        // What a caller may not have any more must not stand in for a server that is away.
        if (owner != AnswerKey.Agent && isRight) cache.Drop(key => key.Owner == owner);
        else cache.OutdateAll(owner);
        if (owner == AnswerKey.Agent) Reset?.Invoke(isRight);
    }

    private void EndIdle()
    {
        foreach (var (owner, entry) in _feeds.ToList())
        {
            if (owner == AnswerKey.Agent || TimeProvider.System.GetElapsedTime(entry.Feed.Used) < s_idle) continue;
            entry.Stop.Cancel();
            _feeds.Remove(owner);
            cache.Drop(key => key.Owner == owner);
        }
    }
}
