using Kist.Kernel.Barrier;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

using Barrier = Kist.Kernel.Barrier.Barrier;

/// <summary>
/// One byte of the whole data file changed, anywhere (security.md F01): whoever reads gets the right value or an error.
/// </summary>
public sealed class FlippedByteTests
{
    private const int Keys = 12;
    private const int Flips = 600;

    [Fact]
    public async Task AFlippedByteAnywhereGivesTheRightValueOrAnError()
    {
        using var files = new StoreFiles();
        using var rootKey = SecretBuffer.Rent(32);
        await FillAsync(files, rootKey);
        var whole = await File.ReadAllBytesAsync(files.Database);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var wrong = new List<string>();
        var noticed = 0;
        for (var i = 0; i < Flips; i++)
        {
            // Each stretch of the file gets its share, at another place in each run.
            var at = (int)((i + random.NextDouble()) * whole.Length / Flips);
            var changed = (byte[])whole.Clone();
            changed[at] ^= (byte)(1 << random.Next(8));
            File.Delete(files.Wal);
            File.Delete(files.Database + "-shm");
            await File.WriteAllBytesAsync(files.Database, changed);
            switch (await ReadAllAsync(files, rootKey))
            {
                case null: break;
                case "": noticed++; break;
                case { } what: wrong.Add($"byte {at}: {what}"); break;
            }
        }
        Assert.True(wrong.Count == 0, $"seed {seed}, {whole.Length} bytes: {string.Join(", ", wrong)}");
        Assert.InRange(noticed, 1, Flips);
    }

    private static async Task FillAsync(StoreFiles files, SecretBuffer rootKey)
    {
        await using var store = files.Open();
        using var barrier = await Barrier.InitializeAsync(store, rootKey, TimeProvider.System, default);
        var storage = barrier.View("f01/");
        for (var i = 0; i < Keys; i++)
            await storage.PutAsync($"k{i}", ValueOf(i), default);
    }

    /// <summary>null: all as it was; "": refused with an error; else what is wrong.</summary>
    private static async Task<string?> ReadAllAsync(StoreFiles files, SecretBuffer rootKey)
    {
        SqliteStore? store = null;
        try
        {
            store = files.Open();
            using var barrier = await Barrier.OpenAsync(store, rootKey, TimeProvider.System, default);
            var storage = barrier.View("f01/");
            for (var i = 0; i < Keys; i++)
            {
                using var value = await storage.GetAsync($"k{i}", default);
                if (value is null) return $"k{i} is not there";
                if (!value.Span.SequenceEqual(ValueOf(i))) return $"k{i} is another";
            }
            return null;
        }
        catch (Exception e) when (e is StoreException or CorruptEntryException or BarrierException)
        {
            return "";
        }
        finally
        {
            if (store is not null) await store.DisposeAsync();
        }
    }

    private static byte[] ValueOf(int i) => [.. Enumerable.Range(i, 300).Select(n => (byte)n)];
}
