namespace Kist.Kernel.Audit;

/// <summary>Where audit lines go: a file, syslog, a socket.</summary>
public interface IAuditSink : IAsyncDisposable
{
    /// <summary>
    /// Writes whole lines (each ends with a newline). Returns when they are handed to the medium; throws when that failed,
    /// and then nothing of them counts as written. Called by one writer at a time.
    /// </summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken ct);

    /// <summary>Closes and opens the medium again, as log rotation needs (SIGHUP).</summary>
    ValueTask ReopenAsync(CancellationToken ct);
}
