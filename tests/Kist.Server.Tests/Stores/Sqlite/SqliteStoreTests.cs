using System.Security.Cryptography;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

public sealed class SqliteStoreTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;

    [Fact]
    public async Task AReopenedStoreHasItsDataAndGoesOnCountingRevisions()
    {
        using var files = new StoreFiles();
        long last;
        await using (var store = files.Open())
        {
            await store.Commit(b => b.Put("a", "one").Put("b", "two"));
            await store.Commit(b => b.Put("gone", "x"));
            last = await store.Revision("gone");
            await store.Commit(b => b.Delete("gone"));
        }
        await using (var store = files.Open())
        {
            Assert.Equal("a b", await store.Scan(""));
            Assert.Equal("two", await store.Read("b"));
            await store.Commit(b => b.Put("gone", "y"));
            Assert.True(await store.Revision("gone") > last + 1);
        }
    }

    [Fact]
    public async Task ChangesFromBeforeTheStoreWasOpenedCannotBeWatched()
    {
        using var files = new StoreFiles();
        await using (var store = files.Open())
            await store.Commit(b => b.Put("a", "x").Put("b", "x"));
        await using var again = files.Open();
        var known = await again.Revision("a");
        await using var old = again.WatchAsync("", known - 1 == 0 ? -1 : known - 1, default).GetAsyncEnumerator();
        Assert.Equal(StoreFailure.Unavailable,
            (await Assert.ThrowsAsync<StoreException>(async () => await old.MoveNextAsync())).Kind);
        await using var upToDate = again.WatchAsync("", known, default).GetAsyncEnumerator();
        await again.Commit(b => b.Put("c", "x"));
        Assert.True(await upToDate.MoveNextAsync());
        Assert.Equal("c", upToDate.Current.Key);
    }

    [Fact]
    public async Task ASecondStoreOnTheSameDirectoryIsRefusedUntilTheFirstIsClosed()
    {
        using var files = new StoreFiles();
        await using (var store = files.Open())
        {
            var fault = Assert.Throws<StoreException>(() => files.Open());
            Assert.Equal(StoreFailure.InUse, fault.Kind);
            Assert.Contains("another kist server", fault.Message, StringComparison.Ordinal);
            Assert.True(await store.Commit(b => b.Put("a", "x")));
        }
        await using var again = files.Open();
        Assert.Equal("x", await again.Read("a"));
    }

    [Fact]
    public async Task ANewerSchemaIsRefusedAndTheFilesStayAsTheyAre()
    {
        using var files = new StoreFiles();
        await using (var store = files.Open())
            await store.Commit(b => b.Put("a", "x"));
        files.Execute("UPDATE meta SET value=value+1 WHERE name='schema'");
        var before = SHA256.HashData(File.ReadAllBytes(files.Database));
        var fault = Assert.Throws<StoreException>(() => files.Open());
        Assert.Contains("newer Kist", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(files.Database)));
        files.Execute("UPDATE meta SET value=value-1 WHERE name='schema'");
        await using var again = files.Open();
        Assert.Equal("x", await again.Read("a"));
    }

    [Fact]
    public void SomebodyElsesDatabaseIsRefused()
    {
        using var files = new StoreFiles();
        files.MakeOther("CREATE TABLE theirs(x)");
        var fault = Assert.Throws<StoreException>(() => files.Open());
        Assert.Contains("not one of Kist's", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>Made by the first version, whose pages had no checksum: here with a value that fills several.</summary>
    [Theory]
    [InlineData("DELETE")]
    [InlineData("WAL")]
    public async Task ADatabaseOfVersionOneIsGivenChecksums(string journal)
    {
        using var files = new StoreFiles();
        files.MakeOther($"""
            PRAGMA journal_mode={journal};
            CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE entries(
                id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL, revision INTEGER NOT NULL);
            CREATE UNIQUE INDEX entries_by_key ON entries(key);
            INSERT INTO meta VALUES('revision', 41), ('schema', 1);
            INSERT INTO entries VALUES(7, CAST('a' AS BLOB), CAST('one' AS BLOB), 40);
            INSERT INTO entries VALUES(8, CAST('b' AS BLOB), CAST(hex(zeroblob(9000)) AS BLOB), 41);
            """);
        Assert.False(CheckedPages.AreIn(files.Database));
        await using (var store = files.Open())
        {
            Assert.Equal(("one", new string('0', 18_000)), (await store.Read("a"), await store.Read("b")));
            Assert.Equal(("a b", 41), (await store.Scan(""), await store.Revision("b")));
            Assert.True(await store.Commit(batch => batch.Put("c", "three")));
        }
        Assert.True(CheckedPages.AreIn(files.Database));
        Assert.Equal([files.Database, Path.Combine(files.Directory, "kist.lock")],
            Directory.GetFiles(files.Directory).Order());
        await using var again = files.Open();
        Assert.Equal("a b c", await again.Scan(""));
    }

    [Fact]
    public async Task OnlyTheOwnerCanOpenTheFilesWhateverTheUmask()
    {
        using var files = new StoreFiles();
        using var child = files.StartWriter();        // it runs with umask 0
        Assert.NotNull(await child.StandardOutput.ReadLineAsync());
        var modes = Directory.GetFiles(files.Directory).Order()
            .Select(path => (Path.GetFileName(path), File.GetUnixFileMode(path)));
        Assert.Equal([("kist.db", OwnerOnly), ("kist.db-shm", OwnerOnly), ("kist.db-wal", OwnerOnly),
            ("kist.lock", OwnerOnly)], modes);
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(files.Directory));
        child.Kill();
        await child.WaitForExitAsync();
    }

    [Fact]
    public async Task WhatIsOpenToOthersIsTightenedAndReported()
    {
        using var files = new StoreFiles();
        await files.Open().DisposeAsync();
        File.SetUnixFileMode(files.Directory, Everybody);
        File.SetUnixFileMode(files.Database, Everybody & ~UnixFileMode.OtherWrite);
        var warnings = new List<string>();
        await using var store = files.Open(warn: warnings.Add);
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(files.Directory));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(files.Database));
        Assert.Collection(warnings,
            text => Assert.StartsWith($"{files.Directory} was open to other users (mode 0777)", text),
            text => Assert.StartsWith($"{files.Database} was open to other users (mode 0775)", text));
    }

    [Fact]
    public async Task RowIdsAreAHintAndKeysAreFoundWhereverTheirRowsLie()
    {
        using var files = new StoreFiles();
        await using (var store = files.Open())
            await store.Commit(b => b.Put("a", "one").Put("b", "two").Put("c", "three"));
        // As if "b" had taken the row of "a" before "a" came, and "c" had come after a third key.
        files.Execute("""
            UPDATE entries SET id=7 WHERE key=CAST('c' AS BLOB);
            CREATE TEMP TABLE place AS SELECT id FROM entries WHERE key=CAST('a' AS BLOB);
            DELETE FROM entries WHERE key=CAST('a' AS BLOB);
            UPDATE entries SET id=(SELECT id FROM place) WHERE key=CAST('b' AS BLOB);
            """);
        await using var again = files.Open();
        Assert.Null(await again.Read("a"));
        Assert.Equal("two", await again.Read("b"));
        var revision = await again.Revision("c");
        Assert.True(await again.Commit(b => b.Expect("a", 0).Put("a", "four").Expect("c", revision).Put("c", "five")));
        Assert.Equal(("four", "two", "five"), (await again.Read("a"), await again.Read("b"), await again.Read("c")));
        Assert.True(await again.Commit(b => b.Put("a", "six").Delete("b").Delete("c")));
        Assert.Equal("six", await again.Read("a"));
        Assert.Equal("a", await again.Scan(""));
    }

    [Fact]
    public async Task TheWalStaysBoundedWhileReadersAreAtWork()
    {
        using var files = new StoreFiles();
        await using var store = files.Open();
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
                await store.GetAsync($"k/{i % 100}", default);
        })).ToArray();
        var value = new string('x', 30_000);
        for (var round = 0; round < 50; round++)
            await Task.WhenAll(Enumerable.Range(0, 40).Select(i => store.Commit(b => b.Put($"k/{i}", value))));
        await done.CancelAsync();
        await Task.WhenAll(readers);
        // 60 MB went through it.
        Assert.InRange(new FileInfo(files.Wal).Length, 1, 24_000_000);
    }
}
