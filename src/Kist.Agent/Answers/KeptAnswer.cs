using Kist.Secrets;

namespace Kist.Agent.Answers;

/// <summary>Whose answer to what.</summary>
/// <param name="Owner">Who may have it: a hash of the token, or <see cref="Agent"/>.</param>
/// <param name="Target">Path and query as sent, with <c>/v1/</c>.</param>
internal sealed record AnswerKey(string Owner, string Namespace, string Target)
{
    /// <summary>The agent itself, whatever token it has at the moment.</summary>
    public const string Agent = "agent";
}

/// <summary>An answer that is remembered.</summary>
internal sealed class KeptAnswer(SecretBytes body, string contentType, string name) : IDisposable
{
    /// <summary>The body.</summary>
    public SecretBytes Body { get; } = body;

    public string ContentType { get; } = contentType;

    /// <summary>The secret that it tells of: namespace, mount and name.</summary>
    public string Name { get; } = name;

    /// <summary>When it was asked for.</summary>
    public long Asked { get; init; }

    /// <summary>How old it was at that time: not zero for what comes from a file.</summary>
    public TimeSpan AgeWhenAsked { get; init; }

    /// <summary>How old it may be to be given when the server is away.</summary>
    public TimeSpan MaxStale { get; init; }

    /// <summary>Whether the secret has changed since.</summary>
    public bool IsOutdated { get; set; }

    /// <summary>When it was last given, for the choice of what is forgotten.</summary>
    public long Used { get; set; }

    /// <summary>How old it is.</summary>
    public TimeSpan Age => AgeWhenAsked + TimeProvider.System.GetElapsedTime(Asked);

    public void Dispose() => Body.Dispose();
}

/// <summary>A copy of a remembered answer.</summary>
internal sealed record AnswerCopy(
    SecretWriter Body, string ContentType, TimeSpan Age, long Asked, bool IsOutdated, bool IsTooOld) : IDisposable
{
    public void Dispose() => Body.Dispose();

    public override string ToString() => "[REDACTED]";
}
