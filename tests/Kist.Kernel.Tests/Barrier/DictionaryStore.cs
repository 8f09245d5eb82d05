using System.Runtime.CompilerServices;
using System.Text;
using Kist.Kernel.Stores;

namespace Kist.Kernel.Tests.Barrier;

/// <summary>The smallest store there can be: a sorted list under a lock, with every entry open to the test.</summary>
internal sealed class DictionaryStore : IStore
{
    private readonly Lock _gate = new();
    private long _revision;

    public SortedList<string, Entry> Entries { get; } = new(Comparer<string>.Create(CompareBytes));

    public int Seeks { get; private set; }

    public ValueTask<Entry?> GetAsync(string key, CancellationToken ct)
    {
        lock (_gate) return new(Entries.TryGetValue(key, out var entry) ? entry : null);
    }

    public ValueTask<IReadOnlyList<string>> ScanAsync(string prefix, string after, int limit, CancellationToken ct)
    {
        lock (_gate)
        {
            Seeks++;
            return new([.. Entries.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)
                && CompareBytes(k, after) > 0).Take(limit)]);
        }
    }

    public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct)
    {
        lock (_gate)
        {
            foreach (var guard in batch.Guards)
            {
                var revision = Entries.TryGetValue(guard.Key, out var entry) ? entry.Revision : 0;
                if (revision != guard.Revision) return new(false);
            }
            _revision++;
            foreach (var write in batch.Writes)
            {
                if (write.Value is { } value) Entries[write.Key] = new Entry(value, _revision);
                else Entries.Remove(write.Key);
            }
            return new(true);
        }
    }

    public async IAsyncEnumerable<Change> WatchAsync(
        string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.Delay(Timeout.Infinite, ct);
        yield break;
    }

    public ValueTask DisposeAsync() => default;

    private static int CompareBytes(string a, string b) =>
        Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
}
