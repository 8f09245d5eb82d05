using Kist.Kernel.Tokens;

namespace Kist.Kernel.Node;

/// <summary>
/// What the kernel tells its operator: one method per event, with names and counts, never contents. The host decides
/// where the lines go.
/// </summary>
/// <param name="Write">Takes a level, the event's text and, for defects, the exception.</param>
public sealed record NodeLog(Action<LogLevel, string, Exception?> Write)
{
    /// <summary>How much is written; the host's writer goes by it.</summary>
    public LogThreshold Threshold { get; init; } = new();

    /// <summary>Keeps nothing.</summary>
    public static NodeLog Silent { get; } = new((_, _, _) => { });

    internal void MountsLoaded(int count) => Write(LogLevel.Debug, $"mount table loaded mounts={count}", null);

    internal void EngineMissing(string path, string type) =>
        Write(LogLevel.Error, $"no engine for mount path={path} type={type}", null);

    internal void RevocationFailed(string leaseId, Exception e) =>
        Write(LogLevel.Error, $"lease revocation failed lease={leaseId}", e);

    internal void LeaseExpired(string leaseId, string due) =>
        Write(LogLevel.Debug, $"lease expired lease={leaseId} {due}", null);

    internal void TermTaken(long revision) =>
        Write(LogLevel.Info, $"this node does the work that runs once term={revision}", null);

    internal void ChoreFailed(string name, Exception e) => Write(LogLevel.Error, $"chore failed name={name}", e);

    internal void RequestFailed(Guid id, string path, Exception e) =>
        Write(LogLevel.Error, $"request failed id={id} path={TokenText.WithoutTokens(path)}", e);

    internal void Unsealed(TimeSpan took) =>
        Write(LogLevel.Info, $"unsealed took_ms={took.TotalMilliseconds:F0}", null);

    internal void Sealed() => Write(LogLevel.Info, "sealed", null);

    internal void SealFailed(string reason) =>
        Write(LogLevel.Error, $"automatic unseal failed reason=\"{reason}\"", null);

    internal void Initialized(string seal) => Write(LogLevel.Info, $"initialised seal={seal}", null);

    internal void SealMigrated(string from, string to) =>
        Write(LogLevel.Warn, $"seal migrated from={from} to={to}", null);

    internal void KeyAttempt(string what, string step, string nonce) =>
        Write(LogLevel.Warn, $"{what} {step} nonce={nonce}", null);

    internal void Note(LogLevel level, string text) => Write(level, text, null);
}

/// <summary>How much a line matters.</summary>
public enum LogLevel
{
    /// <summary>Each step.</summary>
    Trace,
    /// <summary>For finding faults.</summary>
    Debug,
    /// <summary>What an operator expects to see.</summary>
    Info,
    /// <summary>What an operator should look at.</summary>
    Warn,
    /// <summary>What needs a person.</summary>
    Error,
}
