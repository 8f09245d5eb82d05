using Kist.Agent.Answers;
using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Agent.Logins;

namespace Kist.Agent;

/// <summary>
/// What listeners and templates share: the connection, the agent's token, the remembered answers and the word of what
/// changes.
/// </summary>
internal sealed class Access : IAsyncDisposable
{
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(5);

    private readonly AgentConfig _config;
    private readonly AgentLog _log;
    private readonly KnownGoodFile? _file;
    private readonly AnswerCache _cache = new();
    private readonly FeedSet _feeds;
    private readonly AnswerReads _reads;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private long _saved;

    public Access(AgentConfig config, ServerLink link, KnownGoodFile? file, AgentLog log, TimeProvider clock)
    {
        (_config, Link, _file, _log, _clock) = (config, link, file, log, clock);
        Mounts = new MountTable(link);
        _feeds = new FeedSet(link, _cache, log, Metrics)
        {
            Changed = (name, own) =>
            {
                Changed?.Invoke(name);
                foreach (var key in own) _ = RefreshAsync(key);
            },
            Reset = isRight =>
            {
                Changed?.Invoke(null);
                if (isRight) _ = RefreshAllAsync();
            },
            Ended = EndedAsync,
        };
        _reads = new AnswerReads(config.Cache ?? new CacheConfig(), link, _cache, Metrics, _feeds.Of);
        Leases = new LeaseCache(lease => AskAsync(token => new Question(
            HttpMethod.Put, "sys/leases/renew", token, lease), _stop.Token), log);
        if (config.Method is not { } method) return;
        Keeper = new TokenKeeper(method, link, log, Metrics)
        {
            Published = () =>
            {
                _feeds.Of(AnswerKey.Agent)?.Restart();
                // Leases of the old token end with it.
                Leases.Drop(static _ => true);
                Changed?.Invoke(null);
            },
            // By the server's own word the agent may have nothing: what it once had counts no more.
            Refused = () =>
            {
                _cache.Drop(static key => key.Owner == AnswerKey.Agent);
                Leases.Drop(static _ => true);
            },
        };
        foreach (var sink in config.Sinks) Keeper.OnToken(new Sink(sink, link, log).WriteAsync);
    }

    public ServerLink Link { get; }

    public AgentMetrics Metrics { get; } = new();

    public MountTable Mounts { get; }

    /// <summary>The agent's token; null: it has none of its own.</summary>
    public TokenKeeper? Keeper { get; }

    /// <summary>What is remembered.</summary>
    public AnswerCache Cache => _cache;

    /// <summary>The leases that were got with the agent's token.</summary>
    public LeaseCache Leases { get; }

    /// <summary>Called with the name of a secret that changed, and with null when any may have.</summary>
    public event Action<string?>? Changed;

    /// <summary>Whether the server tells the agent of changes at the moment.</summary>
    public bool IsTold => _feeds.Of(AnswerKey.Agent) is { IsLive: true };

    /// <summary>Begins to follow what changes, with the agent's token.</summary>
    public Task FollowAsync() => Keeper is { } keeper
        ? _feeds.EnsureAsync(AnswerKey.Agent, Link.Settings.Namespace ?? "", keeper.TokenAsync)
        : Task.CompletedTask;

    /// <summary>
    /// A read through the memory; a caller's own token makes the answer his. Null answer and fault: it is a path whose
    /// answers are not remembered.
    /// </summary>
    /// <param name="token">The caller's token; null: the agent's.</param>
    public async Task<(ReadAnswer? Answer, LinkFault? Fault)> ReadAsync(
        string? token, string space, string target, CancellationToken ct)
    {
        if (token is null && await WhyNoneAsync(new AnswerKey(AnswerKey.Agent, space, target), ct) is { } none)
            return (null, none);
        var (owner, used) = token is null
            ? (AnswerKey.Agent, Keeper?.Current) : (AnswerReads.OwnerOf(token), token);
        var path = target[4..].Split('?')[0];
        var mount = await Mounts.FindAsync(owner, used, space, path, ct);
        if (mount?.SecretOf(path) is null) return (null, null);
        if (token is not null) await _feeds.EnsureAsync(owner, space, _ => Task.FromResult(token));
        var key = new AnswerKey(owner, space, target);
        var (answer, fault) = await _reads.GetAsync(new ReadRequest(key, used, mount), ct);
        if (answer is not { Status: 403, Source: AnswerSource.Server } || token is not null || used is null
            || !await Keeper!.SuspectAsync(used, ct)) return (answer, fault);
        // The token had gone; there is another one.
        answer.Dispose();
        return await _reads.GetAsync(new ReadRequest(key, Keeper.Current, mount), ct);
    }

    /// <summary>The agent's token, waited for a little while it logs in; or why there is none.</summary>
    public async Task<(string? Token, LinkFault? Why)> TokenAsync(CancellationToken ct)
    {
        if (Keeper is null) return (null, new LinkFault("the agent has no token of its own"));
        var why = await Keeper.WhyNoneAsync(s_start, isHurried: false, ct);
        return (Keeper.Current, why);
    }

    /// <summary>
    /// Why the agent has nothing to give; null: it has a token, or the server is away, so that what it knows must do.
    /// </summary>
    private async Task<LinkFault?> WhyNoneAsync(AnswerKey key, CancellationToken ct)
    {
        if (Keeper is null) return new LinkFault("the agent has no token of its own");
        var knows = _cache.MayStandIn(key);
        if (await Keeper.WhyNoneAsync(s_start, knows, ct) is not { } why) return null;
        return knows && (Keeper.IsServerAway || !Keeper.FirstTry.IsCompleted) ? null : why;
    }

    /// <summary>
    /// The server ends a stream when the token or the right to it has gone, and when it stops. If it is still there,
    /// the rights are others, and what was read by them is asked for again before it is given.
    /// </summary>
    private async Task EndedAsync(string owner, string token, CancellationToken ct)
    {
        using var reply = await Link.AskAsync(new Question(HttpMethod.Get, "auth/token/lookup-self", token), ct);
        if (reply.IsAway) return;
        if (owner != AnswerKey.Agent) _cache.Drop(key => key.Owner == owner);
        else if (reply.IsBadToken) await Keeper!.SuspectAsync(token, ct);
        else _ = RefreshAllAsync();
    }

    /// <summary>Asks with the agent's token, and once more with a new one when that has gone.</summary>
    public async Task<Reply> AskAsync(Func<string, Question> question, CancellationToken ct)
    {
        if (Keeper?.Current is not { } token)
            return Reply.None(new LinkFault(Keeper?.Trouble ?? "the agent has not logged in yet"));
        var reply = await Link.AskAsync(question(token), ct);
        if (reply.Status != 403 || !await Keeper.SuspectAsync(token, ct) || Keeper.Current is not { } other)
            return reply;
        reply.Dispose();
        return await Link.AskAsync(question(other), ct);
    }

    /// <summary>Puts the last known answers into the memory, where there is a file of them.</summary>
    public string? Load()
    {
        var problem = _file?.Load(_cache, Mounts, _clock);
        _saved = _cache.Version;
        return problem;
    }

    /// <summary>Writes the file of last known answers when they have changed.</summary>
    public void Save()
    {
        var version = _cache.Version;
        if (_file is null || version == _saved) return;
        _saved = version;
        if (_file.Save(_cache, Mounts, _clock) is { } problem) _log.Error(problem);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _feeds.DisposeAsync();
        await Leases.DisposeAsync();
        Save();
        _cache.Dispose();
        _file?.Dispose();
        Link.Dispose();
    }

    // So that the file, and the next caller, have the new value at once.
    private async Task RefreshAsync(AnswerKey key)
    {
        if (_config.Cache?.Persist is null) return;
        await AskAgainAsync(key);
    }

    // What is refused now is forgotten, so that it cannot stand in later when the server is away.
    private async Task RefreshAllAsync()
    {
        _cache.OutdateAll(AnswerKey.Agent);
        foreach (var key in _cache.Own()) await AskAgainAsync(key);
    }

    private async Task AskAgainAsync(AnswerKey key)
    {
        try
        {
            var (answer, _) = await ReadAsync(null, key.Namespace, key.Target, _stop.Token);
            answer?.Dispose();
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The session ends.
        }
    }
}
