using System.Collections.Concurrent;

namespace Kist.Native.Tests.Cluster;

/// <summary>
/// Clients at work on a cluster. Each takes any node for each request and sends back the newest state that it was
/// given.
/// </summary>
public sealed class Load
{
    private const int Registers = 3, Tellers = 2;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(40);

    private readonly IReadOnlyList<ClusterNode> _nodes;
    private readonly string _token;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<ClusterNode, int> _done = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly List<Task> _running = [];

    /// <summary>Clients that do not work yet.</summary>
    public Load(IReadOnlyList<ClusterNode> nodes, string token) => (_nodes, _token) = (nodes, token);

    /// <summary>True once the clients shall end what they are at.</summary>
    public bool IsStopping => _stop.IsCancellationRequested;

    /// <summary>What nodes answered with 5xx, or not at all.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Lets the clients begin. What they do follows from the seed, and from what they are answered.</summary>
    public void Start(int seed, RegisterHistory history, Bank bank)
    {
        for (var i = 0; i < Registers; i++)
        {
            var client = new Client(this, new Random(HashCode.Combine(seed, i)));
            var number = history.NewClient();
            _running.Add(Task.Run(() => history.WorkAsync(client, number)));
        }
        for (var i = 0; i < Tellers; i++)
        {
            var client = new Client(this, new Random(HashCode.Combine(seed, 100 + i)));
            _running.Add(Task.Run(() => bank.WorkAsync(client)));
        }
        var visitor = new Client(this, new Random(HashCode.Combine(seed, 200)));
        _running.Add(Task.Run(() => WorkWithShortTokensAsync(visitor)));
    }

    /// <summary>Waits until <paramref name="nodes"/> (default: all) have answered some more requests each.</summary>
    public async Task MoreAsync(params IReadOnlyList<ClusterNode> nodes)
    {
        const int enough = 8;
        if (nodes.Count == 0) nodes = _nodes;
        var goals = nodes.Select(node => (Node: node, Goal: _done.GetValueOrDefault(node) + enough)).ToList();
        using var limit = new CancellationTokenSource(s_limit);
        while (goals.Any(g => _done.GetValueOrDefault(g.Node) < g.Goal))
        {
            foreach (var ended in _running.Where(task => task.IsFaulted)) await ended;
            if (limit.IsCancellationRequested)
                throw new TimeoutException($"no progress within {s_limit.TotalSeconds} s; the last failures:\n"
                    + string.Join('\n', _failures.TakeLast(10)));
            await Task.Delay(10);
        }
    }

    /// <summary>Lets the clients end what they are at.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    /// <summary>Sends one request to one node.</summary>
    public async Task<Reply> SendAsync(ClusterNode node, string method, string path, string? json, StateSeen seen)
    {
        var reply = await node.SendAsync(method, path, _token, json, seen);
        if (reply.IsDone) _done.AddOrUpdate(node, 1, static (_, count) => count + 1);
        else if (!reply.IsRefused)
            _failures.Enqueue($"{node.Server.Address.Port}: {method} {path}: {reply.Status} {reply.Body}");
        return reply;
    }

    /// <summary>Any node, by a client's dice.</summary>
    public ClusterNode Any(Random random) => _nodes[random.Next(_nodes.Count)];

    /// <summary>Gives the node that does the chores something to do: tokens that live for a second.</summary>
    private static async Task WorkWithShortTokensAsync(Client client)
    {
        while (!client.Load.IsStopping)
        {
            await client.SendAsync("POST", "auth/token/create", """{"ttl":"1s","policies":["default"]}""");
            await Task.Delay(20);
        }
    }
}

/// <summary>One client: its dice and what it has seen.</summary>
public sealed class Client(Load load, Random random)
{
    /// <summary>Whom it belongs to.</summary>
    public Load Load => load;

    /// <summary>Its dice.</summary>
    public Random Random => random;

    /// <summary>The newest state it was given.</summary>
    public StateSeen Seen { get; private set; }

    /// <summary>Sends a request to any node and keeps the state.</summary>
    public async Task<Reply> SendAsync(string method, string path, string? json = null)
    {
        var reply = await load.SendAsync(load.Any(random), method, path, json, Seen);
        Seen = Seen.Or(reply.Told);
        // A node that is away refuses at once; nobody asks it a thousand times a second.
        if (!reply.IsDone) await Task.Delay(10);
        return reply;
    }
}
