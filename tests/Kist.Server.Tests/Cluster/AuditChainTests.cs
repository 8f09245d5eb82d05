using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Cluster;

/// <summary>An audit sink is enabled for all nodes, and each writes a file and a chain of its own.</summary>
public sealed class AuditChainTests : IDisposable
{
    private const string Sink =
        """{"type":"file","options":{"file_path":"FOLDER/{node_id}.log"}}""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kist-chains-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory, MemberData(nameof(LiveCluster.Stores), MemberType = typeof(LiveCluster))]
    public async Task ALogThatWasCutShowsAndTheOtherNodesLogDoesNot(string store)
    {
        await using var cluster = await StartAsync(store);
        await cluster.WriteAsync(0, Operation.Update, "sys/audit/out", Sink.Replace("FOLDER", _folder.FullName));
        for (var i = 0; i < 5; i++) await cluster.ReadAsync(0, "sys/mounts");
        await cluster.ReadAsync(1, "sys/mounts");
        // The shorter chain is closed last: what is remembered of it must not pass for the other one's.
        await cluster.Node(0).SealAsync();
        await cluster.Node(1).SealAsync();
        var lines = File.ReadAllLines(LogOf(0));
        File.WriteAllLines(LogOf(0), lines[..^4]);
        await cluster.UnsealAsync(0);
        await cluster.UnsealAsync(1);
        Assert.Contains("\"expected_seq\"", File.ReadAllText(LogOf(0)));
        Assert.DoesNotContain("\"expected_seq\"", File.ReadAllText(LogOf(1)));
    }

    [Fact]
    public async Task AFileThatAnotherNodeWritesIsNotWritten()
    {
        await using var cluster = await StartAsync("memory");
        var shared = Sink.Replace("FOLDER/{node_id}", _folder.FullName + "/shared");
        using (var response = await cluster.SendAsync(0, Operation.Update, "sys/audit/out", shared))
            Assert.Null(response.Fault?.Text);
        var refused = await cluster.FaultAsync(1, Operation.Read, "sys/mounts");
        while (refused is null) refused = await cluster.FaultAsync(1, Operation.Read, "sys/mounts");
        Assert.Equal(FaultKind.Unavailable, refused.Kind);
        Assert.Contains(cluster.Log, line => line.Contains("{node_id}"));
        Assert.Null(await cluster.FaultAsync(0, Operation.Delete, "sys/audit/out"));
        while (await cluster.FaultAsync(1, Operation.Read, "sys/mounts") is not null)
        {
        }
    }

    private Task<LiveCluster> StartAsync(string store) =>
        LiveCluster.StartAsync(2, LiveCluster.Opener(store), auditFolder: _folder.FullName);

    private string LogOf(int node) => Path.Combine(_folder.FullName, $"node{node}.log");
}
