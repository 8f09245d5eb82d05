using System.Text;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Stores;
using Kist.Server.Tests.Engines;
using Xunit;

namespace Kist.Server.Tests.Cluster;

/// <summary>A client that sends back the state it was given gets no answer from before.</summary>
public sealed class StateIndexTests
{
    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task AnAnswerIsNeverOlderThanTheStateThatTheClientSendsBack(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(3, store);
        await WriteAsync(cluster, 0, "sys/mounts/team", """{"type":"kv"}""");
        await WriteAsync(cluster, 0, "team/x", """{"v":"1"}""");
        var token = await cluster.TokenAsync(0, "reader");
        for (var round = 0; round < 30; round++)
        {
            var (allowed, writer) = (round % 2 == 0, round % 3);
            var state = await WriteAsync(cluster, writer, "sys/policies/acl/reader",
                $$"""{"policy":"path \"team/*\" { capabilities = [\"{{(allowed ? "read" : "list")}}\"] }"}""");
            using var response = await cluster.SendAsync(
                (writer + 1) % 3, Operation.Read, "team/x", token: token, states: [state]);
            Assert.Equal(allowed ? null : Fault.Denied, response.Fault);
        }
    }

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task AReaderThatTakesPartIsToldTheStateOfItsAnswer(string store)
    {
        await using var cluster = await LiveCluster.StartAsync(2, store);
        var state = await WriteAsync(cluster, 0, "sys/mounts/team", """{"type":"kv"}""");
        await cluster.SettleAsync(1);
        await WriteAsync(cluster, 1, "team/x", """{"v":"1"}""");
        using var told = await cluster.SendAsync(0, Operation.Read, "team/x", states: [state]);
        Assert.True(RevisionOf(IndexOf(told)) > RevisionOf(state));
        using var silent = await cluster.SendAsync(0, Operation.Read, "team/x");
        Assert.Null(silent.Headers);
    }

    [Fact]
    public async Task AStateFromTheFutureOrOfAnotherClusterIsRefusedWith412()
    {
        var shared = new MemoryStore { IsShared = true };
        var stores = new Queue<CutStore>([new(shared), new(shared)]);
        var behind = stores.Last();
        await using var cluster = await LiveCluster.StartAsync(2, () => stores.Dequeue());
        await using var other = await LiveCluster.StartAsync(1);
        var foreign = await WriteAsync(other, 0, "sys/mounts/team", """{"type":"kv"}""");
        Assert.Equal(FaultKind.Precondition, (await RefusalAsync(cluster, 1, foreign))!.Kind);

        behind.RevisionAtMost = await shared.RevisionAsync(default);
        behind.WatchIsSilent = true;
        var state = await WriteAsync(cluster, 0, "sys/mounts/team", """{"type":"kv"}""");
        Assert.Equal("required index state not present", (await RefusalAsync(cluster, 1, state))!.Message);
        behind.RevisionAtMost = long.MaxValue;
        Assert.Null(await RefusalAsync(cluster, 1, state));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("djE6YTpiOmM=")]
    [InlineData("a,b,c,d,e,f,g,h,i,j")]
    public async Task ATextThatIsNoStateIsRefused(string text)
    {
        await using var cluster = await LiveCluster.StartAsync(1);
        Assert.Equal(FaultKind.Invalid, (await RefusalAsync(cluster, 0, text))!.Kind);
    }

    [Fact]
    public async Task AStateThatAClientHasWrittenItselfIsRefused()
    {
        await using var cluster = await LiveCluster.StartAsync(1);
        var parts = Encoding.ASCII.GetString(Convert.FromBase64String(
            await WriteAsync(cluster, 0, "sys/mounts/team", """{"type":"kv"}"""))).Split(':');
        parts[2] = parts[3] = "999999999";
        var forged = Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Join(':', parts)));
        Assert.Equal(FaultKind.Invalid, (await RefusalAsync(cluster, 0, forged))!.Kind);
    }

    [Fact]
    public async Task ANodeWhoseStoreIsItsOwnGivesNoState()
    {
        await using var node = await LiveNode.StartAsync();
        using var response = await node.SendAsync(Operation.Update, "sys/mounts/team", """{"type":"kv"}""");
        Assert.Null(response.Fault);
        Assert.Null(response.Headers);
    }

    private static async Task<string> WriteAsync(LiveCluster cluster, int node, string path, string body)
    {
        using var response = await cluster.SendAsync(node, Operation.Update, path, body);
        Assert.Null(response.Fault?.Text);
        return IndexOf(response);
    }

    private static async Task<Fault?> RefusalAsync(LiveCluster cluster, int node, string state)
    {
        using var response = await cluster.SendAsync(node, Operation.Read, "sys/mounts", states: [state]);
        return response.Fault;
    }

    private static string IndexOf(Response response) =>
        Assert.Single(response.Headers ?? [], header => header.Key == "X-Vault-Index").Value;

    /// <summary>Taken apart as Vault's Go client does.</summary>
    private static long RevisionOf(string state)
    {
        var parts = Encoding.ASCII.GetString(Convert.FromBase64String(state)).Split(':');
        Assert.Equal(5, parts.Length);
        Assert.Equal("v1", parts[0]);
        Assert.Matches("^[0-9a-f]+$", parts[4]);
        Assert.Equal(parts[2], parts[3]);
        return long.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture);
    }
}
