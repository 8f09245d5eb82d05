using System.Security.Cryptography;
using System.Text;
using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Secrets;

namespace Kist.Agent.Answers;

/// <summary>Where an answer came from.</summary>
internal enum AnswerSource
{
    Server, Memory, LastKnown,
}

/// <summary>An answer to a read: from the server, or remembered.</summary>
internal sealed record ReadAnswer(AnswerSource Source, int Status, SecretWriter Body, string ContentType, TimeSpan Age)
    : IDisposable
{
    public void Dispose() => Body.Dispose();

    public override string ToString() => "[REDACTED]";
}

/// <summary>Who asks for what.</summary>
/// <param name="Token">Null: the agent, which has none at the moment.</param>
internal sealed record ReadRequest(AnswerKey Key, string? Token, MountInfo Mount)
{
    /// <summary>The path below <c>/v1/</c>, without the query.</summary>
    public string Path { get; } = Key.Target[4..].Split('?')[0];

    public override string ToString() => Key.Target;
}

/// <summary>
/// Reads of secrets that go through the memory: given from it while the server vouches for it, shared when many ask at
/// once, and given as last known when the server is away.
/// </summary>
internal sealed class AnswerReads(
    CacheConfig config, ServerLink link, AnswerCache cache, AgentMetrics metrics, Func<string, ChangeFeed?> feedOf)
{
    // Of this process only: a hash of a token that is found somewhere tells nothing.
    private static readonly byte[] s_key = RandomNumberGenerator.GetBytes(32);
    private readonly Dictionary<AnswerKey, Running> _running = [];
    private readonly Lock _sharing = new();

    /// <summary>The owner of a caller's answers.</summary>
    public static string OwnerOf(string token) =>
        Convert.ToHexString(HMACSHA256.HashData(s_key, Encoding.UTF8.GetBytes(token)));

    /// <summary>The name under which a secret's answers are kept; null: its changes are not told.</summary>
    public static string? NameOf(string space, MountInfo mount, string path) =>
        mount.SecretOf(path) is { } secret ? $"{space}\n{mount.Path}\n{secret}" : null;

    /// <summary>Answers; null with the reason when there is no answer at all.</summary>
    public async Task<(ReadAnswer? Answer, LinkFault? Fault)> GetAsync(ReadRequest request, CancellationToken ct)
    {
        if (cache.Find(request.Key) is { } kept)
        {
            if (IsFresh(request.Key.Owner, kept))
            {
                metrics.Hits.Add();
                return (new ReadAnswer(AnswerSource.Memory, 200, kept.Body, kept.ContentType, kept.Age), null);
            }
            kept.Dispose();
        }
        if (request.Token is null)
            return LastKnown(request, new LinkFault("the server is away, and this was never read before"));
        metrics.Misses.Add();
        var running = Join(request);
        try
        {
            var reply = await running.Reply.WaitAsync(ct);
            if (reply.IsAway && LastKnown(request, null) is { Answer: not null } known) return known;
            if (reply.Fault is { } fault) return (null, fault);
            var body = new SecretWriter(reply.Body.Length);
            body.Write(reply.Body.Span);
            return (new ReadAnswer(AnswerSource.Server, reply.Status, body, "application/json", TimeSpan.Zero), null);
        }
        finally
        {
            Leave(running);
        }
    }

    private (ReadAnswer? Answer, LinkFault? Fault) LastKnown(ReadRequest request, LinkFault? otherwise)
    {
        var kept = cache.Find(request.Key);
        if (kept is null || kept.IsTooOld)
        {
            kept?.Dispose();
            return (null, otherwise);
        }
        metrics.Stale.Add();
        return (new ReadAnswer(AnswerSource.LastKnown, 200, kept.Body, kept.ContentType, kept.Age), null);
    }

    private bool IsFresh(string owner, AnswerCopy kept)
    {
        if (kept.IsOutdated) return false;
        return feedOf(owner) is { IsLive: true } feed && kept.Asked >= feed.CoveredSince
            ? kept.Age < config.MaxAge
            : kept.Age < config.MaxAgeUntold;
    }

    // One question for all who ask the same at the same time, which the leaving of one of them does not end.
    private Running Join(ReadRequest request)
    {
        lock (_sharing)
        {
            if (!_running.TryGetValue(request.Key, out var running))
            {
                running = new Running(AskAsync(request));
                _running[request.Key] = running;
                _ = EndAsync(request.Key, running);
            }
            running.Users++;
            return running;
        }
    }

    private async Task EndAsync(AnswerKey key, Running running)
    {
        await ((Task)running.Reply).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_sharing) _running.Remove(key);
        Leave(running);
    }

    // Whoever leaves last zeroes the answer.
    private void Leave(Running running)
    {
        lock (_sharing)
        {
            if (--running.Users > 0) return;
        }
        if (running.Reply.IsCompletedSuccessfully) running.Reply.Result.Dispose();
    }

    private async Task<Reply> AskAsync(ReadRequest request)
    {
        // Not under the lock of the caller.
        await Task.Yield();
        var (since, asked) = (cache.LastChange, TimeProvider.System.GetTimestamp());
        var reply = await link.AskAsync(new Question(HttpMethod.Get, request.Key.Target[4..], request.Token!)
        {
            Namespace = request.Key.Namespace,
        }, CancellationToken.None);
        if (reply.Status == 200 && NameOf(request.Key.Namespace, request.Mount, request.Path) is { } name)
            cache.Keep(request.Key, new KeptAnswer(SecretBytes.Copy(reply.Body.Span), "application/json", name)
            {
                Asked = asked, MaxStale = config.MaxStale,
            }, since);
        // Denied or gone: by the server's own word, so the last known answer holds no more.
        else if (!reply.IsAway) cache.Drop(request.Key);
        return reply;
    }

    private sealed class Running(Task<Reply> reply)
    {
        public Task<Reply> Reply { get; } = reply;

        /// <summary>Those who wait for it or copy it, and the question itself.</summary>
        public int Users { get; set; } = 1;
    }
}
