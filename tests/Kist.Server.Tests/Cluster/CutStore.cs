using System.Runtime.CompilerServices;
using Kist.Kernel.Stores;

namespace Kist.Server.Tests.Cluster;

/// <summary>One node's connection to a store that others use too; a test cuts it.</summary>
internal sealed class CutStore(IStore store) : IStore
{
    /// <summary>Nothing gets through, and whoever asks is told so.</summary>
    public bool IsCut { get; set; }

    /// <summary>The watch says nothing any more, and nobody notices.</summary>
    public bool WatchIsSilent { get; set; }

    /// <summary>A replica that lags says no newer revision than this.</summary>
    public long RevisionAtMost { get; set; } = long.MaxValue;

    public bool IsShared => store.IsShared;

    public async ValueTask<long> RevisionAsync(CancellationToken ct) =>
        Math.Min(await Open.RevisionAsync(ct), RevisionAtMost);

    public ValueTask<Entry?> GetAsync(string key, CancellationToken ct) => Open.GetAsync(key, ct);

    public ValueTask<IReadOnlyList<string>> ScanAsync(string prefix, string after, int limit, CancellationToken ct) =>
        Open.ScanAsync(prefix, after, limit, ct);

    public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct) => Open.CommitAsync(batch, ct);

    public async IAsyncEnumerable<Change> WatchAsync(
        string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var change in store.WatchAsync(prefix, afterRevision, ct))
            if (!WatchIsSilent && !IsCut) yield return change;
    }

    public IAsyncEnumerable<StoredEntry> SnapshotAsync(CancellationToken ct) => Open.SnapshotAsync(ct);

    public ValueTask<bool> ReplaceAsync(
        IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct) =>
        Open.ReplaceAsync(entries, overwrites, ct);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private IStore Open =>
        IsCut ? throw new StoreException(StoreFailure.Unavailable, "the connection is cut") : store;
}
