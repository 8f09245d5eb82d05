using System.Text;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

/// <summary>
/// Rows are read from where they are known to lie, and what is read so is what SQLite would have read.
/// </summary>
public sealed class SqlitePlacesTests(ITestOutputHelper output)
{
    private const int Keys = 3_000, PageBytes = 4_096;

    private static string ValueOf(int key, int version) => $"{key}:{version}:".PadRight(500, 'x');

    private static string KeyOf(int key) => $"mount/one/s/{key}";

    [Fact]
    public async Task WhatIsKnownIsReadWithoutThePagesAroundIt()
    {
        using var files = new StoreFiles();
        await FillAsync(files);
        await using var store = files.OpenWithoutCache();
        Assert.Equal(0, await WrongAsync(store));
        // Now nothing on any page says any more which rows it has; the first ones are of other tables.
        var length = new FileInfo(files.Database).Length;
        var bytes = await File.ReadAllBytesAsync(Copy(files));
        for (var at = 4 * PageBytes; at < length; at += PageBytes) bytes.AsSpan(at, 8).Clear();
        files.Overwrite(bytes, 0);
        Assert.InRange(await WrongAsync(store), 0, Keys / 20);
        await store.DisposeAsync();
        await using var fresh = files.OpenWithoutCache();
        Assert.InRange(await WrongAsync(fresh), Keys - 30, Keys);
    }

    /// <summary>The old bytes still lie in the file then, because the new ones are in the WAL.</summary>
    [Fact]
    public async Task AChangeOfAKnownRowIsSeenAtOnce()
    {
        using var files = new StoreFiles();
        await FillAsync(files);
        await using var store = files.OpenWithoutCache();
        Assert.Equal(0, await WrongAsync(store));
        for (var i = 0; i < Keys; i += 20)
        {
            await store.Commit(b => b.Put(KeyOf(i), ValueOf(i, 1)).Delete(KeyOf(i + 1)));
            Assert.Equal(ValueOf(i, 1), await store.Read(KeyOf(i)));
            Assert.Null(await store.Read(KeyOf(i + 1)));
            Assert.Equal(ValueOf(i + 2, 0), await store.Read(KeyOf(i + 2)));
        }
    }

    [Fact]
    public async Task ReadsAreThoseOfAModelWhateverHappens()
    {
        using var files = new StoreFiles();
        await FillAsync(files);
        var model = Enumerable.Range(0, Keys).ToDictionary(i => i, i => (string?)ValueOf(i, 0));
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var (round, version) = (0, 1); round < 4; round++)
        {
            await using var store = files.OpenWithoutCache();
            for (var step = 0; step < 150; step++, version++)
            {
                var changed = Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(Keys)).Distinct().ToList();
                foreach (var key in changed)
                {
                    // Of the same size, so that it may lie where it lay; smaller and larger; gone.
                    model[key] = random.Next(8) switch
                    {
                        0 => null, 1 => $"{version}", 2 => ValueOf(key, version) + new string('y', random.Next(4_000)),
                        _ => ValueOf(key, version),
                    };
                }
                await store.Commit(b => changed.Aggregate(b, (batch, key) =>
                    model[key] is { } value ? batch.Put(KeyOf(key), value) : batch.Delete(KeyOf(key))));
                foreach (var key in changed.Concat(Enumerable.Range(0, 60).Select(_ => random.Next(Keys))))
                    Assert.Equal(model[key], await store.Read(KeyOf(key)));
            }
            Assert.Equal(model.Count(pair => pair.Value is not null), (await store.Keys()).Count);
        }
    }

    [Fact]
    public async Task NoReadIsOlderThanACommitThatWasAcknowledgedBeforeIt()
    {
        using var files = new StoreFiles();
        await FillAsync(files);
        await using var store = files.OpenWithoutCache();
        var acknowledged = new int[Keys];
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            while (!done.IsCancellationRequested)
            {
                // A few that are often changed, among others that keep pushing pages out of the cache.
                var key = random.Next(4) == 0 ? random.Next(Keys) : random.Next(40) * 70;
                var atLeast = Volatile.Read(ref acknowledged[key]);
                var version = int.Parse((await store.Read(KeyOf(key)))!.Split(':')[1]);
                Assert.True(version >= atLeast, $"key {key}: {version} after {atLeast}");
            }
        })).ToArray();
        var writing = Random.Shared;
        for (var version = 1; version <= 400; version++)
        {
            var key = writing.Next(40) * 70;
            await store.Commit(b => b.Put(KeyOf(key), ValueOf(key, version)));
            Volatile.Write(ref acknowledged[key], version);
            if (version % 4 == 0) await Task.Yield();
        }
        await done.CancelAsync();
        await Task.WhenAll(readers);
    }

    [Fact]
    public async Task BytesThatChangedOnTheDiskAreNeverGiven()
    {
        using var files = new StoreFiles();
        await FillAsync(files);
        await using var store = files.OpenWithoutCache();
        Assert.Equal(0, await WrongAsync(store));
        var bytes = await File.ReadAllBytesAsync(Copy(files));
        var row = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"{KeyOf(1_234)}1234:0:"));
        bytes[row + KeyOf(1_234).Length + 100] ^= 1;
        files.Overwrite(bytes, 0);
        Assert.Equal(StoreFailure.Corrupt,
            (await Assert.ThrowsAsync<StoreException>(() => store.Read(KeyOf(1_234)))).Kind);
        // Its neighbours are as they were.
        Assert.Equal(1, await WrongAsync(store));
    }

    private static async Task FillAsync(StoreFiles files)
    {
        await using var store = files.Open();
        for (var i = 0; i < Keys; i += 100)
            await store.Commit(b => Enumerable.Range(i, 100).Aggregate(b, (b, i) => b.Put(KeyOf(i), ValueOf(i, 0))));
    }

    private static async Task<int> WrongAsync(SqliteStore store)
    {
        var wrong = 0;
        for (var i = 0; i < Keys; i++)
        {
            try
            {
                if (await store.Read(KeyOf(i)) is { } value) Assert.Equal(ValueOf(i, 0), value);
                else wrong++;
            }
            catch (StoreException fault) when (fault.Kind is StoreFailure.Corrupt)
            {
                wrong++;
            }
        }
        return wrong;
    }

    // By another process: closing a file that the store has open would end its locks.
    private static string Copy(StoreFiles files)
    {
        var copy = Path.Combine(files.Directory, "copy");
        Assert.True(StoreFiles.Run("cp", files.Database, copy));
        return copy;
    }
}
