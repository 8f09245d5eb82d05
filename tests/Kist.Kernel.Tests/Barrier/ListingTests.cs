using CsCheck;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Barrier;

public sealed class ListingTests
{
    private static readonly Gen<string> GenKey =
        Gen.String[Gen.Char["ab/-0\uFFFD"], 1, 6].Select(Gen.Bool, (s, last) => last ? s + "\U0010FFFF" : s);

    private static readonly Gen<string> GenFolder =
        Gen.OneOf(Gen.Const(""), Gen.Const("a/"), Gen.Const("b/a/"), Gen.Const("/"));

    [Fact]
    public void AListingIsWhatANaiveOneSays() =>
        Gen.Select(GenKey.Array[0, 60], GenKey, GenFolder, Gen.Int[-1, 8], Gen.Bool)
            .Sample((keys, after, folder, limit, fromStart) =>
            {
                using var opened = Opened.FreshAsync().AsTask().GetAwaiter().GetResult();
                var view = opened.Barrier.View("v/");
                foreach (var key in keys.Append("\uFFFDbeside")) Wait(view.PutAsync(key, new byte[1], default));
                Wait(opened.Barrier.Root.PutAsync("v0", new byte[1], default));
                if (fromStart) after = "";
                var listed = view.ListAsync(folder, after, limit, default).AsTask().GetAwaiter().GetResult();
                Assert.Equal(Naive(keys.Append("\uFFFDbeside"), folder, after, limit), listed);
            }, iter: 400);

    [Fact]
    public void PagesPutTogetherAreTheWholeListing() =>
        Gen.Select(GenKey.Array[0, 60], Gen.Int[1, 5]).Sample((keys, size) =>
        {
            using var opened = Opened.FreshAsync().AsTask().GetAwaiter().GetResult();
            var view = opened.Barrier.View("v/");
            foreach (var key in keys) Wait(view.PutAsync(key, new byte[1], default));
            var whole = view.ListAsync("", "", 0, default).AsTask().GetAwaiter().GetResult();
            var together = new List<string>();
            while (true)
            {
                var after = together.Count == 0 ? "" : together[^1];
                var page = view.ListAsync("", after, size, default).AsTask().GetAwaiter().GetResult();
                Assert.InRange(page.Count, 0, size);
                together.AddRange(page);
                if (page.Count < size) break;
            }
            Assert.Equal(whole, together);
        }, iter: 200);

    [Fact]
    public async Task AFolderCostsOneSeekHoweverMuchItHolds()
    {
        var store = new CountingStore();
        using var rootKey = Opened.NewRootKey();
        using var barrier = await Kernel.Barrier.Barrier.InitializeAsync(store, rootKey, TimeProvider.System, default);
        foreach (var folder in new[] { "a", "b", "c" })
            for (var i = 0; i < 2_000; i++)
                await barrier.Root.PutAsync($"v/{folder}/{i}", new byte[1], default);
        await barrier.Root.PutAsync("v/z", new byte[1], default);
        Assert.Equal(["a/", "b/", "c/", "z"], await barrier.View("v/").ListAsync("", "", 0, default));
        Assert.InRange(store.Seeks, 1, 4);
        Assert.InRange(store.Keys, 4, 200);
    }

    [Fact]
    public async Task TheCharacterThatSortsLastHidesNothing()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        for (var i = 0; i < 50; i++) await view.PutAsync($"a/\U0010FFFF\U0010FFFF{i}", new byte[1], default);
        await view.PutAsync("a0", new byte[1], default);
        Assert.Equal(["a/", "a0"], await view.ListAsync("", "", 0, default));
        Assert.Equal(["a0"], await view.ListAsync("", "a/", 0, default));
    }

    [Fact]
    public async Task AFolderWithoutASlashIsABug()
    {
        using var opened = await Opened.FreshAsync();
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await opened.Barrier.Root.ListAsync("a", "", 0, default));
    }

    private static List<string> Naive(IEnumerable<string> keys, string folder, string after, int limit) =>
        [.. keys.Where(k => k.StartsWith(folder, StringComparison.Ordinal))
            .Select(k => k[folder.Length..])
            .Select(rest => rest.IndexOf('/') is >= 0 and var slash ? rest[..(slash + 1)] : rest)
            .Where(name => name.Length > 0 && Utf8Compare(name, after) > 0)
            .Distinct()
            .Order(Comparer<string>.Create(Utf8Compare))
            .Take(limit <= 0 ? int.MaxValue : limit)];

    private static int Utf8Compare(string a, string b) =>
        System.Text.Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(b));

    private static void Wait(ValueTask task) => task.AsTask().GetAwaiter().GetResult();

    /// <summary>A memory store that counts what a listing costs.</summary>
    private sealed class CountingStore : IStore
    {
        private readonly MemoryStore _inner = new();

        public int Seeks { get; private set; }

        public int Keys { get; private set; }

        public bool IsShared => _inner.IsShared;

        public ValueTask<long> RevisionAsync(CancellationToken ct) => _inner.RevisionAsync(ct);

        public ValueTask<Entry?> GetAsync(string key, CancellationToken ct) => _inner.GetAsync(key, ct);

        public async ValueTask<IReadOnlyList<string>> ScanAsync(
            string prefix, string after, int limit, CancellationToken ct)
        {
            var keys = await _inner.ScanAsync(prefix, after, limit, ct);
            Seeks++;
            Keys += keys.Count;
            return keys;
        }

        public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct) => _inner.CommitAsync(batch, ct);

        public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct) =>
            _inner.WatchAsync(prefix, afterRevision, ct);

        public IAsyncEnumerable<StoredEntry> SnapshotAsync(CancellationToken ct) => _inner.SnapshotAsync(ct);

        public ValueTask<bool> ReplaceAsync(
            IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct) =>
            _inner.ReplaceAsync(entries, overwrites, ct);

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }
}
