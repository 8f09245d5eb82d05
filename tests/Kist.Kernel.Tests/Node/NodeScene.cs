using Kist.Kernel.Audit;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Xunit;
using LiveNode = Kist.Kernel.Node.Node;

namespace Kist.Kernel.Tests.Node;

/// <summary>Nodes over one store in memory, with the built-in mounts and engines that do nothing.</summary>
internal sealed class NodeScene : IAsyncDisposable
{
    private readonly List<LiveNode> _nodes = [];

    public IStore Store { get; init; } = new MemoryStore();

    /// <summary>What the nodes have logged.</summary>
    public List<string> Log { get; } = [];

    public LiveNode Start(Settings? settings = null)
    {
        var parts = new NodeParts(Store, null,
            [Kind("system", false), Kind("cubbyhole", false), Kind("identity", false), Kind("token", true)],
            _ => new Dictionary<string, AuditSinkMaker>(), TimeProvider.System, new NodeLog((_, text, _) =>
            {
                lock (Log) Log.Add(text);
            }), "1.15.0");
        var node = new LiveNode(parts, settings ?? new Settings());
        _nodes.Add(node);
        return node;
    }

    /// <summary>A node that is initialised and still sealed, with its keys.</summary>
    public async Task<(LiveNode Node, InitialKeys Keys)> StartInitializedAsync(int shares, int threshold)
    {
        var node = Start();
        var (keys, fault) = await node.InitializeAsync(new KeySplit(shares, threshold), default);
        Assert.Null(fault);
        return (node, keys!);
    }

    /// <summary>A node that is unsealed, with its keys.</summary>
    public async Task<(LiveNode Node, InitialKeys Keys)> StartUnsealedAsync(int shares, int threshold)
    {
        var (node, keys) = await StartInitializedAsync(shares, threshold);
        await UnsealAsync(node, keys.Shares.Take(threshold));
        return (node, keys);
    }

    public static async Task UnsealAsync(LiveNode node, IEnumerable<SecretBuffer> shares)
    {
        foreach (var share in shares) Assert.Null(await node.Unsealing.GiveAsync(share, false, default));
        Assert.NotNull(node.Current);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
    }

    private static EngineKind Kind(string type, bool isLogin) => new(type, isLogin, _ => new QuietEngine());

    private sealed class QuietEngine : IEngine
    {
        public IReadOnlyList<Route> Routes => [];
    }
}
