using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Barrier;

/// <summary>What one who holds the disk sees and can do.</summary>
internal static class RawEntries
{
    public static Entry Raw(this MemoryStore store, string key) => Now(store.GetAsync(key, default))!.Value;

    public static void Overwrite(this MemoryStore store, string key, ReadOnlyMemory<byte> value) =>
        Now(store.CommitAsync(new Batch().Put(key, value), default));

    public static void Remove(this MemoryStore store, string key) =>
        Now(store.CommitAsync(new Batch().Delete(key), default));

    public static List<KeyValuePair<string, Entry>> All(this MemoryStore store) =>
    [
        .. Now(store.ScanAsync("", "", int.MaxValue, default)).Select(key => KeyValuePair.Create(key, store.Raw(key))),
    ];

    private static T Now<T>(ValueTask<T> answer)
    {
        Assert.True(answer.IsCompletedSuccessfully, "the memory store answers at once");
        return answer.Result;
    }
}
