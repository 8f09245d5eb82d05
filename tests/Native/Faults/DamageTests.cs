using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Faults;

/// <summary>
/// The database's bytes change under or between runs (security.md F01): whatever is read is right or an error that says
/// so, the server lives, and mending the file mends the server.
/// </summary>
public sealed class DamageTests(ITestOutputHelper output)
{
    private const int Secrets = 240, PageSize = 4096;

    [Fact]
    public async Task DamagedPagesUnderARunningServerFailWhatLiesOnThemAndNothingElse()
    {
        await using var server = await FilledAsync();
        var file = Path.Combine(server.QuickStart.Store, "kist.db");
        var whole = await File.ReadAllBytesAsync(file);

        var damaged = whole.ToArray();
        var pages = PagesOfSecrets(whole);
        Assert.True(pages.Count > 2, $"{pages.Count} pages hold secrets alone");
        foreach (var page in pages.Where((_, index) => index % 2 == 0))
            new Random(page).NextBytes(damaged.AsSpan(page * PageSize, PageSize));
        await OverwriteAsync(file, damaged);

        var (right, refused, wrong) = await ReadAllAsync(server);
        output.WriteLine($"running: {right} right, {refused} refused");
        Assert.True(right > 0 && refused > 0 && wrong == 0);
        // SQLite writes nothing in a transaction that has met damage, and each looks at some pages.
        var writes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => server.SendAsync(
            "POST", $"/v1/secret/data/new{i}", server.QuickStart.RootToken, BodyOf(i))));
        Assert.All(writes, answer => Assert.True(answer.Status is 200 or 500, answer.Text));
        Assert.Equal(200, (await server.SendAsync("GET", "/v1/sys/health")).Status);

        await server.StopAsync();
        await server.RestartAsync();
        (right, refused, wrong) = await ReadAllAsync(server);
        output.WriteLine($"restarted: {right} right, {refused} refused");
        Assert.True(right > 0 && refused > 0 && wrong == 0);

        await server.StopAsync();
        Discard(file);
        await OverwriteAsync(file, whole);
        await server.RestartAsync();
        Assert.Equal((Secrets, 0, 0), await ReadAllAsync(server));
    }

    [Fact]
    public async Task AFlippedByteIsNoticedOrHarmlessWhereverItLies()
    {
        await using var server = await FilledAsync();
        await server.StopAsync();
        var file = Path.Combine(server.QuickStart.Store, "kist.db");
        var whole = await File.ReadAllBytesAsync(file);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        output.WriteLine($"seed {seed}");
        for (var round = 0; round < 10; round++)
        {
            var damaged = whole.ToArray();
            // Half of them where SQLite and the kernel keep what everything else hangs on.
            var at = random.Next(round % 2 == 0 ? Math.Min(16 * PageSize, whole.Length) : whole.Length);
            damaged[at] ^= (byte)random.Next(1, 256);
            await OverwriteAsync(file, damaged);
            if (await StartsAsync(server))
            {
                var (right, refused, wrong) = await ReadAllAsync(server, sample: 20);
                output.WriteLine($"byte {at}: {right} right, {refused} refused, {wrong} wrong");
                Assert.True(wrong == 0, $"seed {seed}: byte {at} gave wrong data");
                Assert.True(server.IsRunning, $"seed {seed}: byte {at} ended the server");
                await server.StopAsync();
            }
            Discard(file);
        }
        await OverwriteAsync(file, whole);
        await server.RestartAsync();
        Assert.Equal((Secrets, 0, 0), await ReadAllAsync(server));
    }

    private static async Task<KistServer> FilledAsync()
    {
        var server = await KistServer.StartQuickAsync();
        await Parallel.ForAsync(0, Secrets, async (i, _) => Assert.Equal(200, (await server.SendAsync(
            "POST", $"/v1/secret/data/s{i}", server.QuickStart.RootToken, BodyOf(i))).Status));
        await server.StopAsync(); // so that everything is in the database, and nothing in its log
        await server.RestartAsync();
        return server;
    }

    /// <summary>Pages with rows of secrets (table leaves, https://sqlite.org/fileformat.html) and with none of the
    /// kernel's and of their mount's, without which nothing at all could be served.</summary>
    private static List<int> PagesOfSecrets(byte[] file)
    {
        const byte tableLeaf = 0x0D;
        var pages = new List<int>();
        for (var page = 1; page < file.Length / PageSize; page++)
        {
            var bytes = file.AsSpan(page * PageSize, PageSize);
            if (bytes[0] == tableLeaf && bytes.IndexOf("kernel/"u8) < 0 && bytes.IndexOf("token/"u8) < 0
                && bytes.IndexOf("core/"u8) < 0 && bytes.IndexOf("identity/"u8) < 0
                && bytes.Count("mount/"u8) == bytes.Count("/s/s"u8))
                pages.Add(page);
        }
        return pages;
    }

    private static string BodyOf(int secret) => $$$"""{"data":{"v":"{{{ValueOf(secret)}}}"}}""";

    private static string ValueOf(int secret) => $"value-{secret}-" + new string((char)('a' + secret % 26), 400);

    /// <summary>Starts; false when it refused with a reason that names the damage.</summary>
    private static async Task<bool> StartsAsync(KistServer server)
    {
        try
        {
            await server.RestartAsync();
            return true;
        }
        catch (InvalidOperationException refused)
        {
            Assert.False(server.IsRunning);
            Assert.True(await server.WaitForExitAsync() == 1, refused.Message);
            Assert.Contains("backup", refused.Message, StringComparison.Ordinal);
            return false;
        }
    }

    private static async Task<(int Right, int Refused, int Wrong)> ReadAllAsync(KistServer server, int sample = Secrets)
    {
        var (right, refused, wrong) = (0, 0, 0);
        for (var i = 0; i < Secrets; i += Secrets / sample)
        {
            var answer = await server.SendAsync("GET", $"/v1/secret/data/s{i}", server.QuickStart.RootToken)
                .WaitAsync(TimeSpan.FromSeconds(20));
            // A damaged index may hide an entry that is there: nothing is said that is not so, but it is noticed.
            if (answer.Status == 200 && (string?)answer.Json!["data"]!["data"]!["v"] == ValueOf(i)) right++;
            else if (answer.Status is >= 500 and < 600 && answer.Json!["errors"] is JsonArray { Count: 1 }) refused++;
            else wrong++;
        }
        return (right, refused, wrong);
    }

    private static async Task OverwriteAsync(string file, byte[] bytes)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        await stream.WriteAsync(bytes);
        stream.SetLength(bytes.Length);
    }

    /// <summary>Removes what a run has left beside the database, which the next round replaces.</summary>
    private static void Discard(string file)
    {
        File.Delete(file + "-wal");
        File.Delete(file + "-shm");
    }
}
