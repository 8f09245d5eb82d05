using Kist.Kernel.Audit;

namespace Kist.Server.Sinks.File;

/// <summary>Takes lines and keeps none: <c>discard</c> and <c>/dev/null</c>. Whoever enables it wants no
/// audit.</summary>
internal sealed class DiscardSink : IAuditSink
{
    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken ct) => default;

    /// <inheritdoc/>
    public ValueTask ReopenAsync(CancellationToken ct) => default;

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ReadLastLineAsync(CancellationToken ct) => default;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}
