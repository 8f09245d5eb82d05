using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Cluster;

/// <summary>A restore through one node, as the others see it.</summary>
public sealed class RestoreTests
{
    public static TheoryData<string> Stores => LiveCluster.Stores;

    [Theory, MemberData(nameof(Stores))]
    public async Task EveryNodeWorksOnWhatWasRestored(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        await cluster.WriteAsync(0, Operation.Update, "sys/mounts/kv", """{"type":"kv"}""");
        await cluster.WriteAsync(0, Operation.Update, "kv/a", """{"v":"before"}""");
        var backup = new MemoryStream();
        await (await cluster.Node(1).BackupAsync(cluster.Kernel(1), default))(backup, default);
        // A key that the backup does not know: what is written with it later could never be read again.
        await cluster.WriteAsync(1, Operation.Update, "sys/rotate");
        await cluster.WriteAsync(1, Operation.Update, "kv/a", """{"v":"after"}""");
        var stale = cluster.Kernel(1);

        backup.Position = 0;
        var old = cluster.Kernel(0);
        Assert.Null(await cluster.Node(0).RestoreAsync(old, backup, force: false, withTokens: false, default));
        // Before the other node has noticed: nothing that it writes gets through.
        var late = await Record.ExceptionAsync(async () =>
        {
            await stale.Core.PutAsync("late", new byte[1], default);
        });
        Assert.NotNull(late);
        await cluster.Node(0).ReopenAsync(old);

        for (var i = 0; i < 2; i++)
        {
            var node = cluster.Node(i);
            await EventuallyAsync(() => node.Current is { } kernel && kernel != old && kernel != stale);
            await EventuallyAsync(async () =>
                await cluster.FaultAsync(node == cluster.Node(0) ? 0 : 1, Operation.Read, "kv/a") is null);
            Assert.Contains("before", await cluster.ReadAsync(i, "kv/a"));
        }
        await cluster.WriteAsync(1, Operation.Update, "kv/a", """{"v":"later"}""");
        Assert.Contains("later", await cluster.ReadAsync(0, "kv/a"));
        using var gone = await cluster.Kernel(0).Core.GetAsync("late", default);
        Assert.Null(gone);
    }

    private static Task EventuallyAsync(Func<bool> holds) => EventuallyAsync(() => Task.FromResult(holds()));

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        for (var i = 0; i < 600; i++)
        {
            if (await holds()) return;
            await Task.Delay(50);
        }
        Assert.Fail("it did not come about within 30 s");
    }
}
