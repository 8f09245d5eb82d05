namespace Kist.Kernel.Audit;

/// <summary>The limits of one sink's queue and of its chain.</summary>
public sealed record AuditBounds
{
    /// <summary>How long a request waits for a sink before it is refused and the sink counts as blocked.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many bytes may wait for one sink. A single larger entry is written anyhow when nothing
    /// waits.</summary>
    public int MaxQueueBytes { get; init; } = 8_388_608;

    /// <summary>A checkpoint is signed after so many lines.</summary>
    public int LinesPerCheckpoint { get; init; } = 1000;

    /// <summary>A checkpoint is signed at the latest so long after a line.</summary>
    public TimeSpan CheckpointAfter { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>How a sink is doing.</summary>
public enum AuditSinkState
{
    /// <summary>Its last write succeeded.</summary>
    Working,
    /// <summary>Its last write failed; the next entry tries again.</summary>
    Failing,
    /// <summary>A write has not come back in time; it goes on when that one does.</summary>
    Blocked,
}

/// <summary>One sink's state for <c>sys/health</c>, metrics and the log.</summary>
/// <param name="Path">The sink's name.</param>
/// <param name="Type">The sink's type.</param>
/// <param name="State">How it is doing.</param>
/// <param name="Since">Since when it does not work; null while it works.</param>
/// <param name="Reason">Why it does not work; null while it works.</param>
/// <param name="FailedWrites">Writes that failed or were given up since it was enabled.</param>
/// <param name="LostLines">Lines that never reached it since it was enabled.</param>
/// <param name="QueuedBytes">What waits for it.</param>
public sealed record AuditSinkHealth(string Path, string Type, AuditSinkState State, DateTimeOffset? Since,
    string? Reason, long FailedWrites, long LostLines, int QueuedBytes);
