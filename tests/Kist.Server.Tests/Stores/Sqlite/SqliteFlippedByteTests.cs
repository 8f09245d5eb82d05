using System.Buffers.Binary;
using System.Text;
using Kist.Kernel.Barrier;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

using Barrier = Kist.Kernel.Barrier.Barrier;

/// <summary>
/// Bytes of the database change, or its rows change places (security.md F01, F02): whatever the barrier above it reads
/// or lists is right, or an error.
/// </summary>
public sealed class SqliteFlippedByteTests(ITestOutputHelper output)
{
    private const int Keys = 90;

    [Fact]
    public async Task AFlippedByteNeverGivesWrongDataNorAWrongList()
    {
        using var files = new StoreFiles();
        using var rootKey = await FillAsync(files);
        var whole = await File.ReadAllBytesAsync(files.Database);
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}, {whole.Length} bytes");
        var random = new Random(seed);
        var noticed = 0;
        for (var round = 0; round < 500; round++)
        {
            var at = random.Next(whole.Length);
            var damaged = whole.ToArray();
            damaged[at] ^= (byte)random.Next(1, 256);
            Replace(files, damaged);
            if (await IsNoticedAsync(files, rootKey, $"seed {seed}, byte {at}")) noticed++;
        }
        Assert.InRange(noticed, 100, 500);
    }

    [Fact]
    public async Task AFlippedByteInAKeyOfTheIndexIsNoticedByTheList()
    {
        using var files = new StoreFiles();
        using var rootKey = await FillAsync(files);
        var whole = await File.ReadAllBytesAsync(files.Database);
        var flipped = 0;
        // A key stands twice in the file: in its row, and in the index, which ends with the row's id.
        for (var i = 0; i < Keys; i += 3)
        {
            var key = Encoding.UTF8.GetBytes(NameOf(i));
            for (var at = whole.AsSpan().IndexOf(key); at >= 0;)
            {
                var damaged = whole.ToArray();
                damaged[at + i % key.Length] ^= (byte)(1 << (i % 8));
                Replace(files, damaged);
                _ = await IsNoticedAsync(files, rootKey, $"key {i}, byte {at}");
                flipped++;
                var next = whole.AsSpan(at + 1).IndexOf(key);
                at = next < 0 ? -1 : at + 1 + next;
            }
        }
        Assert.True(flipped >= Keys / 3 * 2, $"{flipped} places");
    }

    /// <summary>
    /// Which cells a page has, and in what order: one wrong byte there shows a name twice, or hides every second one.
    /// </summary>
    [Fact]
    public async Task AFlippedByteInThePartOfAPageThatSaysWhatIsOnItIsNoticedByTheList()
    {
        using var files = new StoreFiles();
        using var rootKey = await FillAsync(files);
        var whole = await File.ReadAllBytesAsync(files.Database);
        var size = BinaryPrimitives.ReadUInt16BigEndian(whole.AsSpan(16));
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var places = Enumerable.Range(0, 100).ToList();
        for (var page = 0; page < whole.Length; page += size)
        {
            var start = page == 0 ? 100 : page;
            if (whole[start] is not (2 or 5 or 10 or 13)) continue; // the kinds of page of a tree
            var cells = BinaryPrimitives.ReadUInt16BigEndian(whole.AsSpan(start + 3));
            places.AddRange(Enumerable.Range(start, (whole[start] < 10 ? 12 : 8) + 2 * cells));
        }
        foreach (var at in places)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= (byte)random.Next(1, 256);
            Replace(files, damaged);
            _ = await IsNoticedAsync(files, rootKey, $"seed {seed}, page {at / size}, byte {at % size}");
        }
        Assert.True(places.Count > 300, $"{places.Count} places");
    }

    [Fact]
    public async Task TwoValuesThatChangePlacesAreNoticed()
    {
        using var files = new StoreFiles();
        using var rootKey = await FillAsync(files);
        files.Execute($"""
            CREATE TEMP TABLE before AS SELECT cast(key AS TEXT) AS name, value FROM entries;
            UPDATE entries SET value = (SELECT value FROM before WHERE name = '{NameOf(2)}')
                WHERE key = cast('{NameOf(1)}' AS BLOB);
            UPDATE entries SET value = (SELECT value FROM before WHERE name = '{NameOf(1)}')
                WHERE key = cast('{NameOf(2)}' AS BLOB);
            """);
        await using var store = files.Open();
        using var barrier = await Barrier.OpenAsync(store, rootKey, TimeProvider.System, default);
        await Assert.ThrowsAsync<CorruptEntryException>(() => barrier.Root.GetAsync(NameOf(1), default).AsTask());
        await Assert.ThrowsAsync<CorruptEntryException>(() => barrier.Root.GetAsync(NameOf(2), default).AsTask());
        using var third = await barrier.Root.GetAsync(NameOf(3), default);
        Assert.Equal(ValueOf(3), Encoding.UTF8.GetString(third!.Span));
    }

    private static string NameOf(int key) => $"folder/of/some/length/key-{key:d3}";

    private static string ValueOf(int key) => $"value-{key}-" + new string('x', 60);

    private static async Task<SecretBuffer> FillAsync(StoreFiles files)
    {
        var rootKey = SecretBuffer.Rent(32);
        Random.Shared.NextBytes(rootKey.Span);
        await using var store = files.Open();
        using var barrier = await Barrier.InitializeAsync(store, rootKey, TimeProvider.System, default);
        for (var i = 0; i < Keys; i++)
            await barrier.Root.PutAsync(NameOf(i), Encoding.UTF8.GetBytes(ValueOf(i)), default);
        return rootKey;
    }

    private static void Replace(StoreFiles files, byte[] database)
    {
        File.Delete(files.Wal);
        File.Delete(files.Database + "-shm");
        File.WriteAllBytes(files.Database, database);
    }

    /// <summary>Whether something was refused as damaged. Fails on wrong data and on any other exception.</summary>
    private static async Task<bool> IsNoticedAsync(StoreFiles files, SecretBuffer rootKey, string where)
    {
        var noticed = false;
        try
        {
            await using var store = files.Open();
            using var barrier = await Barrier.OpenAsync(store, rootKey, TimeProvider.System, default);
            for (var i = 0; i < Keys; i++)
            {
                try
                {
                    using var value = await barrier.Root.GetAsync(NameOf(i), default);
                    Assert.True(value is not null, $"{where}: {NameOf(i)} has vanished");
                    Assert.True(value.Span.SequenceEqual(Encoding.UTF8.GetBytes(ValueOf(i))), where);
                }
                catch (Exception e) when (IsDamage(e))
                {
                    noticed = true;
                }
            }
            var names = await barrier.Root.ScanAsync("folder/of/some/", "", 0, default);
            Assert.True(names.SequenceEqual(Enumerable.Range(0, Keys).Select(NameOf)),
                $"{where}: a list of {names.Count} names: {string.Join(' ', names)}");
        }
        catch (Exception e) when (IsDamage(e))
        {
            noticed = true;
        }
        return noticed;
    }

    private static bool IsDamage(Exception e) =>
        e is CorruptEntryException or BarrierException or StoreException { Kind: StoreFailure.Corrupt };
}
