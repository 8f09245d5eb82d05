using System.Text;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Server.Stores.Postgres;
using Kist.Server.Tests.Engines;
using Kist.Server.Tests.Stores;
using Xunit;

namespace Kist.Server.Tests.Cluster;

/// <summary>
/// Several whole nodes over one store; requests go through the real pipeline of the node they are sent to. The store
/// is whatever <c>open</c> gives each node: the same one in memory, or one connection each.
/// </summary>
internal sealed class LiveCluster : IAsyncDisposable
{
    public const string Root = "root";

    private readonly List<(Node Node, RequestPipeline Pipeline)> _nodes = [];
    private readonly ShamirSeal _seal = ShamirSeal.Create();

    /// <summary>The kinds of store that many nodes share.</summary>
    public static TheoryData<string> Stores => ["memory", "postgresql"];

    public TimeProvider Clock { get; private init; } = TimeProvider.System;

    /// <summary>What all nodes have logged.</summary>
    public List<string> Log { get; } = [];

    /// <summary>
    /// What opens a store of a kind for one node after another: in memory the one that all use, on PostgreSQL a pool of
    /// connections for each node, to the same tables.
    /// </summary>
    public static Func<IStore> Opener(string store)
    {
        if (store == "memory")
        {
            var shared = new MemoryStore { IsShared = true };
            return () => shared;
        }
        var options = StoreUnderTest.FreshTables();
        return () => PostgresStore.Open(options);
    }

    public static Task<LiveCluster> StartAsync(int nodes, string store) => StartAsync(nodes, Opener(store));

    public static async Task<LiveCluster> StartAsync(
        int nodes, Func<IStore>? open = null, TimeProvider? clock = null, string auditFolder = "")
    {
        var cluster = new LiveCluster { Clock = clock ?? TimeProvider.System };
        open ??= Opener("memory");
        for (var i = 0; i < nodes; i++)
        {
            var number = i;
            var node = new Node(
                new NodeParts(open(), null, Catalog.Engines, Catalog.Sinks, cluster.Clock,
                    new NodeLog((_, text, e) => cluster.Note(number, text, e)), "1.15.0"),
                new Settings
                {
                    ApiAddress = $"http://node{i}:8200", ClusterAddress = $"https://node{i}:8201",
                    NodeId = $"node{i}", AuditFolders = auditFolder.Length > 0 ? [auditFolder] : [],
                });
            if (i == 0)
                await node.InitializeAsync(cluster._seal, new SealConfig("shamir", 1, 1, ""), Root, default);
            await node.UnsealAsync(cluster._seal, default);
            cluster._nodes.Add((node, new RequestPipeline(node)));
        }
        return cluster;
    }

    public Node Node(int index) => _nodes[index].Node;

    public Unsealed Kernel(int index) => _nodes[index].Node.Current!;

    public ValueTask UnsealAsync(int index) => Node(index).UnsealAsync(_seal, default);

    /// <summary>Waits until a node has followed everything that was written so far.</summary>
    public async Task SettleAsync(int index)
    {
        var newest = await Node(index).Store.RevisionAsync(default);
        Assert.True(await Kernel(index).Feed.ReachAsync(newest, default));
    }

    public ValueTask<Response> SendAsync(int index, Operation operation, string path, string body = "",
        string token = Root, string?[]? states = null) =>
        _nodes[index].Pipeline.HandleAsync(LiveNode.RequestFor(operation, path, body, token, states));

    /// <summary>Sends what must succeed, and then waits until every node has followed.</summary>
    public async Task WriteAsync(int index, Operation operation, string path, string body = "")
    {
        using (var response = await SendAsync(index, operation, path, body)) Assert.Null(response.Fault?.Text);
        for (var i = 0; i < _nodes.Count; i++)
            if (Node(i).Current is not null) await SettleAsync(i);
    }

    /// <summary>The answer's data, which there must be.</summary>
    public async Task<string> ReadAsync(int index, string path, string token = Root)
    {
        using var response = await SendAsync(index, Operation.Read, path, token: token);
        Assert.Null(response.Fault?.Text);
        return Encoding.UTF8.GetString(response.Data.Span);
    }

    /// <summary>The refusal, or null.</summary>
    public async Task<Fault?> FaultAsync(
        int index, Operation operation, string path, string body = "", string token = Root)
    {
        using var response = await SendAsync(index, operation, path, body, token);
        return response.Fault;
    }

    /// <summary>A new token with these policies, made on a node.</summary>
    public async Task<string> TokenAsync(int index, params string[] policies)
    {
        var list = string.Join(',', policies.Select(p => $"\"{p}\""));
        using var response = await SendAsync(
            index, Operation.Update, "auth/token/create", $$"""{"policies":[{{list}}]}""");
        Assert.Null(response.Fault?.Text);
        return response.Token!.Token;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (node, _) in _nodes) await node.SealAsync();
        foreach (var (node, _) in _nodes) await node.DisposeAsync();
        _seal.Dispose();
    }

    private void Note(int node, string text, Exception? e)
    {
        lock (Log) Log.Add($"node {node}: {text} {e?.Message}");
    }
}
