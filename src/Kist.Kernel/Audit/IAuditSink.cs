namespace Kist.Kernel.Audit;

/// <summary>Where audit lines go: a file, syslog, a socket.</summary>
public interface IAuditSink : IAsyncDisposable
{
    /// <summary>
    /// Writes whole lines (each ends with a newline). Returns when they are handed to the medium; throws when that
    /// failed, and then nothing of them counts as written. Called by one writer at a time. A medium that blocks in
    /// normal life (a pipe, a connection) must not block the calling thread. One that only blocks when it is broken
    /// (a file) may: the thread is lost to it then, and its request is answered from another one.
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
