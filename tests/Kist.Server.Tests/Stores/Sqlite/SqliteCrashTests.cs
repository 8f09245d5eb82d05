using System.Globalization;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

/// <summary>What was acknowledged is there after the process died, and what is half on disk is not.</summary>
public sealed class SqliteCrashTests
{
    [Theory, InlineData(1), InlineData(200), InlineData(1_500)]
    public async Task AKilledProcessLosesNothingItHasAcknowledged(int writes)
    {
        using var files = new StoreFiles();
        var acknowledged = new List<string>();
        using (var child = files.StartWriter())
        {
            while (acknowledged.Count < writes && await child.StandardOutput.ReadLineAsync() is { } line)
                acknowledged.Add(line);
            child.Kill();                             // SIGKILL
            var rest = await child.StandardOutput.ReadToEndAsync();
            // The last line may be cut off in the middle.
            acknowledged.AddRange(rest.Split('\n')[..^1]);
            await child.WaitForExitAsync();
        }
        Assert.True(acknowledged.Count >= writes);
        await using var store = files.Open();
        foreach (var number in acknowledged)
            Assert.Equal(number, await store.Read($"a/{number}"));
        var first = (await store.Keys("a/")).Select(key => key[2..]);
        Assert.Equal(first, (await store.Keys("b/")).Select(key => key[2..]));
        Assert.True(await store.Commit(b => b.Put("after", "x")));
    }

    [Fact]
    public async Task AWalCutOffAnywhereHoldsAllBatchesUpToSomePointAndNoneAfterIt()
    {
        using var files = new StoreFiles();
        using var crash = new StoreFiles();
        const int batches = 40;
        await using (var store = files.Open())
        {
            for (var i = 1; i <= batches; i++)
                await WriteOne(store, i, new string('x', 2_000));
            Assert.True(StoreFiles.Run("cp", files.Database, files.Wal, crash.Directory));
        }
        var (database, wal) = (File.ReadAllBytes(crash.Database), File.ReadAllBytes(crash.Wal));
        var seen = new HashSet<int>();
        for (var cut = wal.Length; cut > 0; cut -= wal.Length / 60 + 1)
            seen.Add(await LastWhole(crash, database, wal.AsMemory(0, cut)));
        Assert.Contains(batches, seen);
        Assert.True(seen.Count > 20, $"{seen.Count} different states from {wal.Length} bytes");
    }

    [Fact]
    public async Task ADamagedByteInTheWalHidesTheBatchesFromThereOn()
    {
        using var files = new StoreFiles();
        using var crash = new StoreFiles();
        await using (var store = files.Open())
        {
            for (var i = 1; i <= 20; i++)
                await WriteOne(store, i, "x");
            Assert.True(StoreFiles.Run("cp", files.Database, files.Wal, crash.Directory));
        }
        var (database, wal) = (File.ReadAllBytes(crash.Database), File.ReadAllBytes(crash.Wal));
        wal[wal.Length * 3 / 4] ^= 0x40;
        Assert.InRange(await LastWhole(crash, database, wal), 5, 19);
    }

    // The state after the batch with a number: that number, and the last five values.
    private static Task WriteOne(IStore store, int number, string value) =>
        store.Commit(b => b.Put("last", $"{number}").Put($"n/{number:d3}", value).Delete($"n/{number - 5:d3}"));

    // Opens the files and checks that the state is the one after some batch: that batch's number.
    private static async Task<int> LastWhole(StoreFiles crash, byte[] database, ReadOnlyMemory<byte> wal)
    {
        File.Delete(crash.Database + "-shm");
        await File.WriteAllBytesAsync(crash.Database, database);
        await File.WriteAllBytesAsync(crash.Wal, wal.ToArray());
        await using var store = crash.Open();
        var last = int.Parse(await store.Read("last") ?? "0", CultureInfo.InvariantCulture);
        var there = Enumerable.Range(1, last).Where(i => i > last - 5).Select(i => $"n/{i:d3}");
        Assert.Equal(there, await store.Keys("n/"));
        var revision = await store.Revision("last");
        Assert.True(await store.Commit(b => b.Expect("last", revision).Put("last", "again")));
        Assert.True(await store.Revision("last") > revision);
        return last;
    }
}
