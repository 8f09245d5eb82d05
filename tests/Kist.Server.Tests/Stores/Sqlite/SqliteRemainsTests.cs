using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

/// <summary>What was deleted or replaced is gone from the files, not only from the index (security.md F11).</summary>
public sealed class SqliteRemainsTests
{
    [Theory]
    [InlineData(100)]     // shares a page with others
    [InlineData(3_000)]   // fills most of a page
    [InlineData(60_000)]  // lies on pages of its own
    public async Task WhatWasDeletedOrReplacedIsInNoFileOnceTheLogIsWrittenBack(int length)
    {
        using var files = new StoreFiles();
        await using (var store = files.Open())
        {
            for (var i = 0; i < 40; i++)
                await store.Commit(b => b.Put($"k/{i}", Marked("kept-for-ever", length)));
            await store.Commit(b => b.Put("k/7", Marked("deleted-one", length)));
            await store.Commit(b => b.Put("k/8", Marked("replaced-one", length)));
            await store.Commit(b => b.Put("k/9", Marked("shortened-one", length)));
            Assert.NotEmpty(Holding(files, "deleted-one"));
            await store.Commit(b => b.Delete("k/7").Put("k/8", Marked("kept-for-ever", length)).Put("k/9", "short"));
        }

        Assert.NotEmpty(Holding(files, "kept-for-ever"));
        foreach (var mark in (string[])["deleted-one", "replaced-one", "shortened-one"])
            Assert.Empty(Holding(files, mark));
    }

    private static string Marked(string mark, int length) =>
        string.Concat(Enumerable.Repeat(mark + " ", length / (mark.Length + 1) + 1));

    // Read by another process: this one must not open the files of a store that it has open.
    private static List<string> Holding(StoreFiles files, string mark) =>
    [
        .. Directory.GetFiles(files.Directory, "*", SearchOption.AllDirectories)
            .Where(file => StoreFiles.Run("grep", "-qF", "-e", mark, file)),
    ];
}
