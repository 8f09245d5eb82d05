using System.Security.Cryptography;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

/// <summary>
/// A medium that fails is named as what it is; the store lives on and recovers when the cause is gone.
/// </summary>
public sealed class SqliteFaultTests
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserExecute;

    [Fact]
    public async Task AFullDiskFailsWritesOnlyAndOnlyAsLongAsItIsFull()
    {
        using var files = new StoreFiles(size: "4m");
        await using var store = files.Open(maxBytes: files.IsDisk ? 0 : 2_000_000);
        var filler = Path.Combine(files.Directory, "filler");
        await File.WriteAllBytesAsync(filler, new byte[files.IsDisk ? 2_000_000 : 1]);
        var written = await FillUp(store);
        Assert.True(written > 0);
        for (var i = 0; i < written; i++)
            Assert.Equal(10_000, (await store.GetAsync($"k/{i}", default))!.Value.Value.Length);
        Assert.Equal(written, (await store.Keys("k/")).Count);
        if (files.IsDisk)
            File.Delete(filler);
        else
            Assert.True(await store.Commit(b => b.Delete("k/0").Delete("k/1").Delete("k/2")));
        Assert.True(await store.Commit(b => b.Put("room", new string('x', 5_000))));
        Assert.Equal(5_000, (await store.GetAsync("room", default))!.Value.Value.Length);
    }

    [Fact]
    public async Task TheLargestSizeOfTheDatabaseIsALimitLikeAFullDisk()
    {
        using var files = new StoreFiles();
        await using var store = files.Open(maxBytes: 400_000);
        var written = await FillUp(store);
        Assert.InRange(written, 10, 40);
        // Batches that were applied before the one without room, in one group, are not half there either.
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => TryPut(store, $"more/{i}", 30_000)));
        Assert.Equal(outcomes.Count(done => done), (await store.Keys("more/")).Count);
        Assert.True(await store.Commit(b => b.Delete("k/0").Delete("k/1").Put("k/2", "small")));
    }

    [Fact]
    public async Task AReadOnlyMediumIsNamedAndTheStoreOpensOnceItIsWritableAgain()
    {
        using var files = new StoreFiles(size: "4m");
        await using (var store = files.Open())
            await store.Commit(b => b.Put("a", "x"));
        var place = MakeReadOnly(files);
        var fault = Assert.Throws<StoreException>(
            () => SqliteStore.Open(new SqliteStoreOptions { Directory = place }));
        Assert.Equal(StoreFailure.ReadOnly, fault.Kind);
        if (files.IsDisk)
            Assert.True(StoreFiles.Run("mount", "-o", "remount,rw", files.Directory));
        else
            File.SetUnixFileMode(files.Directory, Own | UnixFileMode.UserWrite);
        await using var again = files.Open();
        Assert.Equal("x", await again.Read("a"));
    }

    [Fact]
    public async Task ADamagedPageFailsWhatLiesOnItAndNothingElse()
    {
        using var files = new StoreFiles();
        const int keys = 600, pageSize = 4_096;
        await using (var store = files.Open())
        {
            for (var i = 0; i < keys; i += 100)
                await store.Commit(b => PutAll(b, Enumerable.Range(i, 100)));
        }
        var whole = await File.ReadAllBytesAsync(files.Database);
        var copy = Path.Combine(files.Directory, "copy");
        await File.WriteAllBytesAsync(copy, whole);
        for (var page = 8; page < whole.Length / pageSize; page += 13)
        {
            RandomNumberGenerator.Fill(whole.AsSpan(page * pageSize, pageSize));
            await File.WriteAllBytesAsync(files.Database, whole);
            await using var store = files.Open();
            var (lost, scanFails) = await Damage(store, keys);
            Assert.True(lost > 0 || scanFails, $"nobody noticed the damage on page {page}");
            Assert.True(lost < 40, $"{lost} keys are lost with page {page}");
            // Another process mends the page in place, under the open store.
            Assert.True(StoreFiles.Run("dd", $"if={copy}", $"of={files.Database}", "conv=notrunc", "bs=4096",
                $"skip={page}", $"seek={page}", "count=1"));
            Assert.Equal((0, false), await Damage(store, keys));
            Assert.True(await store.Commit(b => b.Put("k/0", new string('y', 500))));
            await store.DisposeAsync();
            whole = await File.ReadAllBytesAsync(files.Database);
        }
    }

    [Fact]
    public async Task AFileThatIsNoDatabaseIsReportedAsCorrupt()
    {
        using var files = new StoreFiles();
        await using (var store = files.Open())
            await store.Commit(b => b.Put("a", "x"));
        await using (var file = File.OpenWrite(files.Database))
            file.Write(new byte[4_096]);
        Assert.Equal(StoreFailure.Corrupt, Assert.Throws<StoreException>(() => files.Open()).Kind);
        // The lock was given back, so the next attempt finds the same cause and not a second server.
        Assert.Equal(StoreFailure.Corrupt, Assert.Throws<StoreException>(() => files.Open()).Kind);
    }

    [Fact]
    public async Task AWalWithoutItsDatabaseIsNeverThrownAway()
    {
        using var files = new StoreFiles();
        using var crash = new StoreFiles();
        await using (var store = files.Open())
        {
            await store.Commit(b => b.Put("a", "x"));
            Assert.True(StoreFiles.Run("cp", files.Wal, crash.Directory));
        }
        var length = new FileInfo(crash.Wal).Length;
        Assert.Equal(StoreFailure.Corrupt, Assert.Throws<StoreException>(() => crash.Open()).Kind);
        Assert.Equal(length, new FileInfo(crash.Wal).Length);
    }

    [Fact]
    public async Task AClosedStoreAnswersThatItIsClosed()
    {
        using var files = new StoreFiles();
        var store = files.Open();
        await store.Commit(b => b.Put("a", "x"));
        await store.DisposeAsync();
        await store.DisposeAsync();
        await Assert.ThrowsAsync<StoreException>(() => store.Read("a"));
        await Assert.ThrowsAsync<StoreException>(() => store.Scan(""));
        await Assert.ThrowsAsync<StoreException>(() => store.Commit(b => b.Put("a", "y")));
    }

    private static Batch PutAll(Batch batch, IEnumerable<int> keys) =>
        keys.Aggregate(batch, (b, key) => b.Put($"k/{key}", new string('x', 500)));

    private static async Task<int> FillUp(IStore store)
    {
        for (var i = 0; i < 2_000; i++)
        {
            if (!await TryPut(store, $"k/{i}", 10_000))
                return i;
        }
        throw new InvalidOperationException("20 MB went where there was no room for them");
    }

    private static async Task<bool> TryPut(IStore store, string key, int length)
    {
        try
        {
            return await store.Commit(b => b.Put(key, new string('x', length)));
        }
        catch (StoreException fault)
        {
            Assert.Equal(StoreFailure.Full, fault.Kind);
            return false;
        }
    }

    // A directory on a read-only medium. Root may write in spite of modes, and in a container without mounts only the
    // kernel's own file systems refuse it.
    private static string MakeReadOnly(StoreFiles files)
    {
        if (files.IsDisk)
        {
            Assert.True(StoreFiles.Run("mount", "-o", "remount,ro", files.Directory));
            return files.Directory;
        }
        if (Environment.UserName == "root")
            return "/sys/kist-store";
        File.SetUnixFileMode(files.Directory, Own);
        return files.Directory;
    }

    private static async Task<(int Lost, bool ScanFails)> Damage(IStore store, int keys)
    {
        var lost = 0;
        for (var i = 0; i < keys; i++)
        {
            if (await IsCorrupt(async () => Assert.Equal(500, (await store.Read($"k/{i}"))!.Length)))
                lost++;
        }
        return (lost, await IsCorrupt(async () => Assert.Equal(keys, (await store.Keys()).Count)));
    }

    private static async Task<bool> IsCorrupt(Func<Task> read)
    {
        try
        {
            await read();
            return false;
        }
        catch (StoreException fault)
        {
            Assert.Equal(StoreFailure.Corrupt, fault.Kind);
            return true;
        }
    }
}
