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
    private readonly SharedReplies _shared = new();

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
        var since = cache.LastChange;
        return await _shared.AskAsync(
            request.Key, since, () => AskAsync(request, since), reply => Take(request, reply), ct);
    }

    private (ReadAnswer? Answer, LinkFault? Fault) Take(ReadRequest request, Reply reply)
    {
        if (reply.IsAway && LastKnown(request, null) is { Answer: not null } known) return known;
        if (reply.Fault is { } fault) return (null, fault);
        var body = new SecretWriter(reply.Body.Length);
        body.Write(reply.Body.Span);
        return (new ReadAnswer(AnswerSource.Server, reply.Status, body, "application/json", TimeSpan.Zero), null);
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

    private async Task<Reply> AskAsync(ReadRequest request, long since)
    {
        var asked = TimeProvider.System.GetTimestamp();
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
}
