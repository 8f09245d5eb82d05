using System.Diagnostics;
using System.Security.Cryptography;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests;

/// <summary>Backup, restore and the move to another store, with the native binary and a real PostgreSQL.</summary>
public sealed class BackupTests
{
    private const int Secrets = 400;

    [Fact]
    public async Task A_backup_is_taken_checked_and_restored_into_either_kind_of_store()
    {
        await using var server = await StartAsync();
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), server.QuickStart.RootToken);
        var (file, config) = (Path.Combine(kist.Home, "kist.backup"), ConfigOf(server));
        Assert.Equal((0, ""), Ended(await kist.RunAsync("operator", "backup", file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var plain = await kist.RunAsync("operator", "backup", "verify", file);
        Assert.Equal(0, plain.ExitCode);
        Assert.Contains("is whole", plain.Output);
        Assert.Contains("Not checked", plain.Output);
        var opened = await kist.RunAsync("operator", "backup", "verify", file, "--config", config, "--json");
        Assert.Equal((0, ""), Ended(opened));
        Assert.Contains("\"opened\": true", opened.Output);
        var piped = await kist.ShellAsync("\"$KIST\" operator backup - | \"$KIST\" operator backup verify -");
        Assert.Contains("is whole", piped.Output);
        await server.StopAsync();

        var url = PostgresServer.Shared.NewDatabase();
        foreach (var store in new[] { $"sqlite:{kist.Home}/copy", url })
        {
            string[] restore = ["operator", "restore", file, "--config", config, "--to", store];
            Assert.Equal((0, ""), Ended(await kist.RunAsync(restore)));
            var again = await kist.RunAsync(restore);
            Assert.Equal(1, again.ExitCode);
            Assert.Contains("holds data already", again.Error);
            Assert.Equal((0, ""), Ended(await kist.RunAsync([.. restore, "--force", "--with-tokens"])));
            // And from there back into the server's own store, where its tokens are valid again.
            Assert.Equal((0, ""), Ended(await kist.RunAsync("operator", "migrate-store", "--from", store,
                "--to", $"sqlite:{server.QuickStart.Store}", "--force")));
            await server.RestartAsync();
            Assert.Equal("value 7", await ReadAsync(server, 7));
            await server.StopAsync();
        }
    }

    [Fact]
    public async Task Without_its_tokens_a_restored_store_knows_nobody()
    {
        await using var server = await StartAsync();
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), server.QuickStart.RootToken);
        var file = Path.Combine(kist.Home, "kist.backup");
        Assert.Equal((0, ""), Ended(await kist.RunAsync("operator", "backup", file)));
        await server.StopAsync();
        var busy = await kist.RunAsync("operator", "restore", file, "--config", ConfigOf(server));
        Assert.Contains("holds data already", busy.Error);
        Assert.Equal((0, ""), Ended(await kist.RunAsync(
            "operator", "restore", file, "--config", ConfigOf(server), "--force")));
        await server.RestartAsync();
        Assert.Equal(403, (await server.SendAsync("GET", PathOf(7), server.QuickStart.RootToken)).Status);
        // While it runs, nobody else touches its store.
        var refused = await kist.RunAsync("operator", "restore", file, "--config", ConfigOf(server), "--force");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("stop", refused.Error);
        var moved = await kist.RunAsync(
            "operator", "migrate-store", "--from", ConfigOf(server), "--to", $"sqlite:{kist.Home}/x");
        Assert.Equal(1, moved.ExitCode);
    }

    [Fact]
    public async Task Through_the_server_a_restore_brings_back_what_was()
    {
        await using var server = await StartAsync();
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), server.QuickStart.RootToken);
        var file = Path.Combine(kist.Home, "kist.backup");
        await kist.RunAsync("operator", "backup", file);
        await server.SendAsync("POST", PathOf(7), server.QuickStart.RootToken, """{"data":{"v":"changed"}}""");
        var asked = await kist.RunAsync("operator", "restore", file);
        Assert.Equal(1, asked.ExitCode);
        Assert.Equal("changed", await ReadAsync(server, 7));
        Assert.Equal((0, ""), Ended(await kist.RunAsync("operator", "restore", file, "--force")));
        Assert.Equal("value 7", await ReadAsync(server, 7));
        // The chain of the audit goes on, and both are in it.
        var audit = await kist.RunAsync("audit", "verify", server.QuickStart.AuditFile);
        Assert.Equal((0, ""), Ended(audit));
        Assert.Contains("sys/storage/raft/snapshot-force", await File.ReadAllTextAsync(server.QuickStart.AuditFile));
        await server.KillAsync();
        await server.RestartAsync();
        Assert.Equal("value 7", await ReadAsync(server, 7));
    }

    [Fact]
    public async Task A_damaged_backup_or_another_key_is_named_and_changes_nothing()
    {
        await using var server = await StartAsync();
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), server.QuickStart.RootToken);
        var file = Path.Combine(kist.Home, "kist.backup");
        await kist.RunAsync("operator", "backup", file);
        var whole = await File.ReadAllBytesAsync(file);
        var bad = Path.Combine(kist.Home, "bad.backup");
        foreach (var at in new[] { 20, 600, 5_000, whole.Length / 2, whole.Length - 3 })
        {
            var flipped = (byte[])whole.Clone();
            flipped[at] ^= 4;
            await File.WriteAllBytesAsync(bad, flipped);
            foreach (var command in new string[][]
            {
                ["backup", "verify", bad],
                ["restore", bad, "--to", $"sqlite:{kist.Home}/x", "--config", ConfigOf(server)],
            })
            {
                var ran = await kist.RunAsync(["operator", .. command]);
                Assert.Equal(1, ran.ExitCode);
                Assert.Contains("bad.backup", ran.Error);
            }
            var sent = await kist.RunAsync("operator", "restore", bad, "--force");
            Assert.Equal(2, sent.ExitCode);
        }
        // A key file of another server.
        await using var other = await StartAsync();
        var wrong = await kist.RunAsync("operator", "backup", "verify", file, "--config", ConfigOf(other));
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("does not open", wrong.Error);
        Assert.False(Directory.Exists(Path.Combine(kist.Home, "x", "kist.db")));
        Assert.Equal("value 7", await ReadAsync(server, 7));
    }

    [Fact]
    public async Task A_full_disk_leaves_the_older_backup_in_its_place()
    {
        await using var server = await StartAsync();
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), server.QuickStart.RootToken);
        var file = Path.Combine(kist.Home, "kist.backup");
        await File.WriteAllTextAsync(file, "the older one");
        // Files of at most 16 KiB: the write fails as on a full disk.
        var full = await kist.ShellAsync($"ulimit -f 16; trap '' XFSZ; exec \"$KIST\" operator backup '{file}'");
        Assert.Equal(1, full.ExitCode);
        Assert.Contains("cannot be written", full.Error);
        Assert.Equal("the older one", await File.ReadAllTextAsync(file));
        Assert.Equal([file], Directory.GetFiles(kist.Home, "*backup*"));
        var device = await kist.RunAsync("operator", "backup", "/dev/full");
        Assert.Equal(1, device.ExitCode);
        Assert.Contains("cannot be written", device.Error);
    }

    [Fact]
    public async Task A_restore_that_is_killed_has_changed_nothing()
    {
        await using var server = await StartAsync();
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), server.QuickStart.RootToken);
        var file = Path.Combine(kist.Home, "kist.backup");
        // More than two parts of a backup, so that something is read of half of it.
        for (var i = 0; i < 12; i++)
        {
            var much = Convert.ToBase64String(RandomNumberGenerator.GetBytes(750_000));
            var saved = await server.SendAsync(
                "POST", $"/v1/prod/data/large/{i}", server.QuickStart.RootToken, $$$"""{"data":{"v":"{{{much}}}"}}""");
            Assert.Equal(200, saved.Status);
        }
        await kist.RunAsync("operator", "backup", file);
        await server.StopAsync();
        var (whole, database) = (await File.ReadAllBytesAsync(file), new Uri(PostgresServer.Shared.NewDatabase()));
        foreach (var store in new[] { $"sqlite:{kist.Home}/copy", database.OriginalString })
        {
            string[] restore =
            [
                "operator", "restore", "-", "--config", ConfigOf(server), "--to", store, "--force", "--with-tokens",
            ];
            Assert.Equal((0, ""), Ended(await kist.RunAsync(
                ["operator", "restore", file, "--config", ConfigOf(server), "--to", store, "--with-tokens"])));
            foreach (var part in new[] { 5, 7, 9 })
            {
                using var process = kist.Start(KistRun.Binary, restore);
                // It has most of the backup, waits for the rest, and is killed.
                await process.StandardInput.BaseStream.WriteAsync(whole.AsMemory(0, whole.Length / 10 * part));
                await process.StandardInput.BaseStream.FlushAsync();
                await EventuallyAsync(() => store.StartsWith("sqlite:")
                    ? File.Exists(Path.Combine(kist.Home, "copy", "kist.db.incoming"))
                    : PostgresServer.Shared.Query(database.AbsolutePath[1..],
                        "SELECT to_regclass('kist_store_incoming') IS NOT NULL") == "t");
                process.Kill();
                await process.WaitForExitAsync();
                // Whoever opens the store next finds it as it was, and nothing beside it.
                Assert.Equal((0, ""), Ended(await kist.RunAsync("operator", "migrate-store", "--from", store,
                    "--to", $"sqlite:{server.QuickStart.Store}", "--force")));
                Assert.False(File.Exists(Path.Combine(kist.Home, "copy", "kist.db.incoming")));
                Assert.Equal("f", PostgresServer.Shared.Query(database.AbsolutePath[1..],
                    "SELECT to_regclass('kist_store_incoming') IS NOT NULL"));
            }
            await server.RestartAsync();
            Assert.Equal("value 7", await ReadAsync(server, 7));
            await server.StopAsync();
        }
    }

    [Fact]
    public async Task A_migration_that_is_killed_goes_on()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage("seed {0}", seed);
        var random = new Random(seed);
        await using var server = await StartAsync();
        await server.StopAsync();
        using var kist = new KistRun();
        var url = PostgresServer.Shared.NewDatabase();
        string[] migrate = ["operator", "migrate-store", "--from", ConfigOf(server), "--to", url];
        for (var i = 0; i < 6; i++)
        {
            using var process = kist.Start(KistRun.Binary, migrate);
            process.StandardInput.Close();
            await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(random.Next(20, 400)));
            if (process.HasExited) break;
            process.Kill();
            await process.WaitForExitAsync();
        }
        var done = await kist.RunAsync(migrate);
        Assert.True(done.ExitCode == 0 || done.Error.Contains("holds data already", StringComparison.Ordinal),
            $"seed {seed}: {done.Error}");
        Assert.Equal((0, ""), Ended(await kist.RunAsync("operator", "migrate-store", "--from", url,
            "--to", $"sqlite:{server.QuickStart.Store}", "--force")));
        await server.RestartAsync();
        for (var i = 0; i < Secrets; i += 37) Assert.Equal($"value {i}", await ReadAsync(server, i));
    }

    private static async Task<KistServer> StartAsync()
    {
        var server = await KistServer.StartQuickAsync();
        var token = server.QuickStart.RootToken;
        await Parallel.ForAsync(0, Secrets, async (i, _) =>
        {
            // What does not repeat, so that the backup is of some size.
            var rest = Convert.ToHexString(RandomNumberGenerator.GetBytes(200));
            var answer = await server.SendAsync(
                "POST", PathOf(i), token, $$$"""{"data":{"v":"value {{{i}}}","rest":"{{{rest}}}"}}""");
            Assert.Equal(200, answer.Status);
        });
        return server;
    }

    private static string PathOf(int i) => $"/v1/prod/data/many/{i}";

    private static string ConfigOf(KistServer server) => Path.Combine(server.Directory, "kist", "kist.hcl");

    private static async Task<string?> ReadAsync(KistServer server, int i)
    {
        var answer = await server.SendAsync("GET", PathOf(i), server.QuickStart.RootToken);
        return (string?)answer.Json?["data"]?["data"]?["v"];
    }

    private static (int, string) Ended(KistRun.Result result) => (result.ExitCode, result.Error);

    private static async Task EventuallyAsync(Func<bool> holds)
    {
        for (var began = Stopwatch.GetTimestamp(); !holds(); await Task.Delay(20))
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60), "it did not come about");
    }
}
