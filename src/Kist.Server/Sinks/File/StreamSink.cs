using Kist.Kernel.Audit;

namespace Kist.Server.Sinks.File;

/// <summary>
/// Writes audit lines to standard output, or nowhere (<c>discard</c>). A full pipe blocks its writer, so writes run on the
/// thread pool.
/// </summary>
internal sealed class StreamSink(Stream stream) : IAuditSink
{
    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken ct)
    {
        if (ReferenceEquals(stream, Stream.Null)) return;
        await Task.Run(() =>
        {
            stream.Write(lines.Span);
            stream.Flush();
        }, ct);
    }

    /// <inheritdoc/>
    public ValueTask ReopenAsync(CancellationToken ct) => default;

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ReadLastLineAsync(CancellationToken ct) => default;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
