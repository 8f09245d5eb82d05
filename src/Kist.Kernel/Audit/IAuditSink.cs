namespace Kist.Kernel.Audit;

/// <summary>Where audit lines go: a file, syslog, a socket.</summary>
public interface IAuditSink : IAsyncDisposable
{
    /// <summary>
    /// Writes whole lines (each ends with a newline). Returns when they are handed to the medium; throws when that
    /// failed, and then nothing of them counts as written. Called by one writer at a time. A medium that may block
    /// must not block the calling thread: the caller's bound on waiting only works on the returned task.
    /// </summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken ct);

    /// <summary>Closes and opens the medium again, as log rotation needs (SIGHUP). Never called during a
    /// write.</summary>
    ValueTask ReopenAsync(CancellationToken ct);

    /// <summary>
    /// The last whole line on the medium without its newline, so that the chain goes on from it; empty when the medium
    /// has none or cannot be read back.
    /// </summary>
    ValueTask<ReadOnlyMemory<byte>> ReadLastLineAsync(CancellationToken ct);
}
