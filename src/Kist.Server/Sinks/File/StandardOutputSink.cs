using Kist.Kernel.Audit;
using Microsoft.Win32.SafeHandles;

namespace Kist.Server.Sinks.File;

/// <summary>
/// Writes audit lines to standard output, for a collector that reads it. A full pipe blocks its writer, so writes run
/// on the thread pool.
/// </summary>
internal sealed class StandardOutputSink : IAuditSink
{
    private readonly SafeFileHandle _output = new(1, ownsHandle: false);

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken ct) =>
        new(Task.Run(() => AppendOnlyFile.WriteAll(_output, lines.Span), ct));

    /// <inheritdoc/>
    public ValueTask ReopenAsync(CancellationToken ct) => default;

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ReadLastLineAsync(CancellationToken ct) => default;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}
