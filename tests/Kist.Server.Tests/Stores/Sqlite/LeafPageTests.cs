using System.Text;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

public sealed class LeafPageTests(ITestOutputHelper output)
{
    private const int PageBytes = 4_096;

    /// <summary>Rows of every size, put, changed and deleted at random.</summary>
    [Fact]
    public async Task EveryRowThatSqliteWroteIsReadAsItIs()
    {
        using var files = new StoreFiles();
        var (expected, large) = await FillAsync(files);
        var found = new Dictionary<string, (string Value, long Revision)>();
        foreach (var page in await PagesAsync(files))
        {
            for (var i = 0; i < LeafPage.Rows(page); i++)
            {
                if (LeafPage.TryRead(page.AsSpan(LeafPage.Row(page, i)), out var key, out var value, out var revision))
                    found.Add(Encoding.UTF8.GetString(key), (Encoding.UTF8.GetString(value), revision));
            }
        }
        Assert.True(large > 10 && expected.Count > 200, $"{large} and {expected.Count}");
        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task TheLastIdOfAPageIsThatOfItsLastRow()
    {
        using var files = new StoreFiles();
        await FillAsync(files);
        var (pages, tables) = (await PagesAsync(files), 0);
        foreach (var page in pages)
        {
            if (LeafPage.Rows(page) == 0)
            {
                Assert.Null(LeafPage.LastId(page));
                continue;
            }
            var last = page.AsSpan(LeafPage.Row(page, LeafPage.Rows(page) - 1));
            if (!LeafPage.TryRead(last, out var key, out _, out _)) continue;
            Assert.Equal(RowId.Of(key), LeafPage.LastId(page));
            tables++;
        }
        Assert.InRange(tables, 10, pages.Count);
    }

    [Fact]
    public async Task ADamagedPageHasOtherRowsAndDoesNoHarm()
    {
        using var files = new StoreFiles();
        await FillAsync(files);
        var pages = await PagesAsync(files);
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 20_000; round++)
        {
            var page = pages[random.Next(pages.Count)].ToArray();
            // The bytes that say what is on the page are the first; lengths stand before each row.
            for (var i = random.Next(1, 8); i > 0; i--)
                page[random.Next(2) == 0 ? random.Next(40) : random.Next(PageBytes)] = (byte)random.Next(256);
            var cut = page.AsSpan(0, random.Next(4) == 0 ? random.Next(PageBytes) : PageBytes);
            _ = LeafPage.LastId(cut);
            for (var i = 0; i < LeafPage.Rows(cut); i++)
            {
                var row = cut[LeafPage.Row(cut, i)];
                if (LeafPage.TryRead(row, out var key, out var value, out _))
                    Assert.InRange(key.Length + value.Length, 0, row.Length);
            }
        }
    }

    // What must be found, and how many rows are too large for one page.
    private static async Task<(Dictionary<string, (string, long)> Expected, int Large)> FillAsync(StoreFiles files)
    {
        var random = new Random(7);
        var expected = new Dictionary<string, (string, long)>();
        await using (var store = files.Open())
        {
            for (var round = 0; round < 20; round++)
            {
                await store.Commit(batch =>
                {
                    foreach (var i in Enumerable.Range(0, 500).OrderBy(_ => random.Next()).Take(60))
                    {
                        var key = $"{i / 50}/{new string('k', i % 97)}/{i}";
                        if (random.Next(5) == 0) batch.Delete(key);
                        else batch.Put(key, new string((char)('a' + round), random.Next(6) switch
                        {
                            0 => random.Next(5_000),
                            1 => LeafPage.LongestKeyAndValue - key.Length,
                            2 => random.Next(30),
                            _ => random.Next(600),
                        }));
                    }
                    return batch;
                });
            }
        }
        var large = 0;
        await using var again = files.Open();
        foreach (var key in await again.Keys())
        {
            var value = (await again.Read(key))!;
            if (key.Length + value.Length > LeafPage.LongestKeyAndValue) large++;
            else expected.Add(key, (value, await again.Revision(key)));
        }
        return (expected, large);
    }

    private static async Task<List<byte[]>> PagesAsync(StoreFiles files) =>
        [.. (await File.ReadAllBytesAsync(files.Database)).Chunk(PageBytes).Skip(1)];
}
