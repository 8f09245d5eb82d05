using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Xunit;

namespace Kist.Server.Tests.Engines.Kv;

public sealed class ReadAllocationTests
{
    /// <summary>
    /// What a read of the current version may allocate beyond the store's get: the answer object and its buffer's
    /// wrapper.
    /// </summary>
    private const long BudgetBytes = 320;

    private const int Rounds = 2_000;

    [Fact]
    public async Task AReadOfTheCurrentVersionStaysWithinItsBudget()
    {
        await using var node = await LiveNode.StartAsync();
        var mount = await node.MountAsync("kv/", "kv", "2");
        await node.DataAsync(
            Operation.Update, "kv/data/prod/db", """{"data":{"user":"app","password":"correct horse"}}""");
        var call = await CallAsync(node, mount, "kv/data/prod/db");
        var storage = mount.Storage.Sub("s/");

        var whole = await MeasureAsync(() => call.Route.Handler(call));
        var get = await MeasureAsync(() => storage.GetAsync("prod/db", default));
        Assert.InRange(whole - get, 1, BudgetBytes);
    }

    /// <summary>Bytes per round, after a warm-up that fills the pools.</summary>
    private static async Task<long> MeasureAsync<T>(Func<ValueTask<T>> run) where T : IDisposable?
    {
        long before = 0;
        for (var i = -Rounds; i < Rounds; i++)
        {
            if (i == 0) before = GC.GetAllocatedBytesForCurrentThread();
            var pending = run();
            Assert.True(pending.IsCompletedSuccessfully);
            (await pending)?.Dispose();
        }
        return (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
    }

    private static async Task<Call> CallAsync(LiveNode node, Mount mount, string path)
    {
        var request = LiveNode.RequestFor(Operation.Read, path);
        var (caller, _) = await node.Kernel.Tokens.AuthenticateAsync(request, default);
        Assert.True(mount.Routes.TryMatch(mount.Below(path), out var pattern, out var captures));
        var route = pattern[Operation.Read]!;
        var verdict = Verdict.Decide(request, caller!, route.Access);
        Assert.Null(verdict.Admit(request, mount, route, pattern, captures, out var call));
        return call!;
    }
}
