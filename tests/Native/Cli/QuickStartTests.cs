using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary><c>kist server --start</c>, more than once on one machine.</summary>
public sealed class QuickStartTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_second_start_finds_everything_as_it_was()
    {
        await using var server = await KistServer.StartQuickAsync();
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), token: null)
            .With("HOME", server.Directory);
        (await kist.RunAsync("put", "prod/x", "a=1", "-q")).Succeeded();
        var before = Keys(server.Directory);

        await server.StopAsync();
        await server.RestartAsync();

        Assert.Equal("1", (await kist.RunAsync("get", "prod/x", "a")).Succeeded());
        Assert.Equal(before, Keys(server.Directory));
    }

    [Fact]
    public async Task A_server_that_cannot_listen_leaves_nothing_behind()
    {
        await using var server = await KistServer.StartQuickAsync();
        var before = Keys(server.Directory);
        var other = Path.Combine(server.Directory, "other");

        using var second = KistProcess.Start(
            server.Directory, ["server", "--start", other, "--listen", server.Address.Authority]);

        Assert.Equal(1, await second.WaitForExitAsync(s_limit));
        Assert.Contains("is in use already", second.Output);
        Assert.Equal(before, Keys(server.Directory));
        Assert.False(Directory.Exists(Path.Combine(other, "store")));
    }

    [Fact]
    public async Task The_keys_of_one_server_outlive_the_start_of_another()
    {
        await using var server = await KistServer.StartQuickAsync();
        var before = Keys(server.Directory);

        using (var second = KistProcess.Start(server.Directory,
            ["server", "--start", Path.Combine(server.Directory, "other"), "--listen", "127.0.0.1:0"]))
        {
            using var timer = new CancellationTokenSource(s_limit);
            while (!second.Output.Contains("Try in another terminal", StringComparison.Ordinal))
                await Task.Delay(20, timer.Token);
            second.Signal(Signals.Terminate);
            Assert.Equal(0, await second.WaitForExitAsync(s_limit));
            Assert.Contains("token.1 now", second.Output);
        }

        var after = Keys(server.Directory);
        Assert.All(before, key => Assert.Contains(key.Value, after.Values));
        Assert.Equal(2 * before.Count, after.Count);
        Assert.Equal(before["token"], after["token.1"]);
    }

    /// <summary>The files with keys and tokens, and what is in them.</summary>
    private static SortedDictionary<string, string> Keys(string home) => new(
        Directory.EnumerateFiles(Path.Combine(home, ".config", "kist"))
            .ToDictionary(f => Path.GetFileName(f), File.ReadAllText), StringComparer.Ordinal);
}
