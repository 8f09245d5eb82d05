using System.Text;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

/// <summary>What SQLite has written to its log is in the file whenever anybody may count on it.</summary>
public sealed class GatheredLogTests
{
    // Pages that do not fit into the page cache are written before the commit, and read and written again; those of a
    // large group do not fit into what is gathered either.
    [Theory]
    [InlineData(1, 100, 3)]
    [InlineData(40, 9_000, 2)]
    [InlineData(120, 40_000, 2)]
    [InlineData(8, 1_500_000, 2)]
    public async Task ACommitIsWholeInTheFilesWhenItIsAcknowledged(int entries, int bytes, int rounds)
    {
        using var files = new StoreFiles();
        using var copy = new StoreFiles();
        await using var store = files.OpenWithoutCache();
        for (var round = 1; round <= rounds; round++)
        {
            var text = $"{round}" + new string('x', bytes);
            Assert.True(await store.Commit(batch => Enumerable.Range(0, entries)
                .Aggregate(batch, (all, i) => all.Put($"k{i:000}", text))));
            foreach (var path in new[] { copy.Database, copy.Wal }) File.Delete(path);
            Assert.True(StoreFiles.Run("cp", files.Database, files.Wal, copy.Directory));
            await using var read = copy.Open();
            var keys = await read.Keys();
            Assert.Equal(entries, keys.Count);
            foreach (var key in keys)
                Assert.Equal(text, await read.Read(key));
        }
    }

    [Fact]
    public async Task ManyWritersBesideReadersAndCheckpointsSeeWhatTheyWrote()
    {
        using var files = new StoreFiles();
        await using (var store = files.OpenWithoutCache())
        {
            await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
            {
                for (var i = 0; i < 60; i++)
                {
                    var text = $"{i}" + new string((char)('a' + writer), 200 * (i % 30));
                    Assert.True(await store.Commit(batch => batch.Put($"{writer}/{i % 7}", text)));
                    Assert.Equal(text, await store.Read($"{writer}/{i % 7}"));
                }
            })));
        }
        using var plain = Connection.Open(files.Database, 1_024, TimeSpan.Zero);
        Assert.Null(plain.Number("SELECT 1 FROM pragma_integrity_check WHERE integrity_check<>'ok'"));
    }

    [Fact]
    public async Task AGroupThatFindsNoRoomLeavesNothingAndTheNextOneIsWhole()
    {
        using var files = new StoreFiles(size: "3m");
        await using (var store = files.Open(maxBytes: files.IsDisk ? 0 : 2_000_000))
        {
            Assert.True(await store.Commit(batch => batch.Put("before", "x")));
            var large = Encoding.UTF8.GetBytes(new string('y', 900_000));
            var fault = await Assert.ThrowsAsync<StoreException>(async () =>
                await store.Commit(batch => batch.Put("a", large).Put("b", large).Put("c", large).Put("d", large)));
            Assert.Equal(StoreFailure.Full, fault.Kind);
            Assert.True(await store.Commit(batch => batch.Put("after", "z")));
        }
        await using var again = files.Open();
        Assert.Equal("after before", await again.Scan(""));
    }
}
