using System.Collections.Concurrent;
using System.Globalization;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Faults;

/// <summary>
/// The process dies at any moment, or its log is cut anywhere (security.md F04): every acknowledged write is there, and
/// what was not acknowledged is there whole or not at all.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    [Fact]
    public async Task TwelveKillsUnderLoadLoseNothingThatWasAcknowledged()
    {
        const int rounds = 12, writers = 6;
        await using var server = await KistServer.StartQuickAsync();
        var token = server.QuickStart.RootToken;
        var acknowledged = new int[writers];
        var attempted = new int[writers];
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < rounds; round++)
        {
            var enough = new SemaphoreSlim(0);
            var working = Enumerable.Range(0, writers).Select(async writer =>
            {
                while (true)
                {
                    var number = ++attempted[writer];
                    try
                    {
                        var answer = await server.SendAsync("POST", $"/v1/secret/data/w{writer}", token,
                            $$$"""{"data":{"n":{{{number}}},"twice":"{{{number}}}-{{{number}}}"}}""");
                        Assert.True(answer.Status == 200, answer.Text);
                    }
                    catch (HttpRequestException)
                    {
                        return; // killed
                    }
                    acknowledged[writer] = number;
                    enough.Release();
                }
            }).ToArray();
            for (var i = random.Next(5, 60); i > 0; i--) await enough.WaitAsync();
            await server.KillAsync();
            await Task.WhenAll(working);
            await server.RestartAsync();
            for (var writer = 0; writer < writers; writer++)
            {
                var answer = await server.SendAsync("GET", $"/v1/secret/data/w{writer}", token);
                Assert.True(answer.Status == 200 || acknowledged[writer] == 0, answer.Text);
                if (answer.Status != 200) continue;
                var data = answer.Json!["data"]!["data"]!;
                var found = (int)data["n"]!;
                Assert.InRange(found, acknowledged[writer], attempted[writer]);
                Assert.Equal($"{found}-{found}", (string?)data["twice"]);
            }
        }
        output.WriteLine($"{acknowledged.Sum()} acknowledged writes, {rounds} kills");
        var (exitCode, text) = await KistProcess.RunAsync(
            server.Directory, ["audit", "verify", server.QuickStart.AuditFile]);
        Assert.True(exitCode == 0, text);
    }

    [Fact]
    public async Task AWriteAheadLogCutAnywhereOpensToWhatWasWrittenUpToSomePoint()
    {
        const int secrets = 40;
        await using var server = await KistServer.StartQuickAsync();
        var token = server.QuickStart.RootToken;
        await server.StopAsync();
        await server.RestartAsync(); // the log begins anew
        for (var i = 1; i <= secrets; i++)
            Assert.Equal(200, (await server.SendAsync(
                "POST", $"/v1/secret/data/s{i}", token, $$$"""{"data":{"n":{{{i}}}}}""")).Status);
        await server.KillAsync();
        var database = Path.Combine(server.QuickStart.Store, "kist.db");
        var (pages, log) = (await File.ReadAllBytesAsync(database), await File.ReadAllBytesAsync(database + "-wal"));
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}, {log.Length} bytes of log");
        var random = new Random(seed);
        var seen = new ConcurrentBag<int>();
        for (var round = 0; round <= 10; round++)
        {
            var length = round == 0 ? log.Length : random.Next(log.Length);
            await File.WriteAllBytesAsync(database, pages);
            await File.WriteAllBytesAsync(database + "-wal", log[..length]);
            File.Delete(database + "-shm");
            await server.RestartAsync();
            var there = 0;
            for (var i = 1; i <= secrets; i++)
            {
                var answer = await server.SendAsync("GET", $"/v1/secret/data/s{i}", token);
                Assert.True(answer.Status is 200 or 404, answer.Text);
                if (answer.Status == 404) continue;
                Assert.Equal(i.ToString(CultureInfo.InvariantCulture), answer.Json!["data"]!["data"]!["n"]!.ToString());
                Assert.Equal(++there, i); // no gap: what came later is not there either
            }
            Assert.Equal(round == 0 ? secrets : there, there);
            Assert.Equal(200, (await server.SendAsync(
                "POST", "/v1/secret/data/after", token, """{"data":{"n":0}}""")).Status);
            seen.Add(there);
            await server.KillAsync();
        }
        output.WriteLine($"states: {string.Join(' ', seen)}");
        Assert.True(seen.Distinct().Count() > 2);
    }

    [Fact]
    public async Task ARestartWaitsForTheOldProcessToLetGo()
    {
        await using var server = await KistServer.StartQuickAsync();
        // It still answers, as at a restart where the new process is started before the old one has ended.
        using var next = KistProcess.Start(server.Directory,
            ["server", "--start", Path.Combine(server.Directory, "kist"), "--listen", server.Address.Authority]);
        await Security.Eventually.HoldsAsync(() =>
            Task.FromResult(next.Output.Contains("trying again", StringComparison.Ordinal)));

        Assert.Equal(0, await server.StopAsync());

        await Security.Eventually.HoldsAsync(() =>
            Task.FromResult(next.Output.Contains("listening", StringComparison.Ordinal)));
        Assert.Equal(200, (await server.SendAsync("GET", "/v1/sys/health")).Status);
        next.Signal(Signals.Terminate);
        Assert.Equal(0, await next.WaitForExitAsync(TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public async Task ASecondServerOnTheSameStoreGivesUpAndSaysWhy()
    {
        await using var server = await KistServer.StartQuickAsync();

        var (exitCode, text) = await KistProcess.RunAsync(server.Directory,
            ["server", "--start", Path.Combine(server.Directory, "kist"), "--listen", "127.0.0.1:0"]);

        Assert.Equal(1, exitCode);
        Assert.Contains("stop the other kist server", text, StringComparison.Ordinal);
        Assert.Equal(200, (await server.SendAsync("GET", "/v1/sys/health")).Status);
    }
}
