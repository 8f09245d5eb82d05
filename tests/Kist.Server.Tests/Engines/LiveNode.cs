using System.Text;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Engines;

/// <summary>A whole node in memory, with a clock that stands still until told; requests go through the real
/// pipeline.</summary>
internal sealed class LiveNode : IAsyncDisposable
{
    public const string Root = "root";

    private readonly Node _node;
    private readonly RequestPipeline _pipeline;

    private LiveNode(StillClock clock)
    {
        Clock = clock;
        _node = new Node(
            new NodeParts(new MemoryStore(), null, Catalog.Engines, Catalog.Sinks, clock, NodeLog.Silent, "1.15.0"),
            new Settings());
        _pipeline = new RequestPipeline(_node);
    }

    public StillClock Clock { get; }

    public Unsealed Kernel => _node.Current!;

    public static async Task<LiveNode> StartAsync()
    {
        var live = new LiveNode(new StillClock());
        using var seal = ShamirSeal.Create();
        await live._node.InitializeAsync(seal, new SealConfig("shamir", 1, 1, ""), Root, default);
        await live._node.UnsealAsync(seal, default);
        return live;
    }

    public async Task<Mount> MountAsync(string path, string type, string? version = null)
    {
        var fault = await Kernel.Mounts.EnableAsync(new MountEntry
        {
            Path = path, Type = type, Uuid = "", Accessor = "",
            Options = version is null ? null : new Dictionary<string, string> { ["version"] = version },
        }, default);
        Assert.Null(fault);
        return Kernel.Mounts.Current.At(path)!;
    }

    public ValueTask<Response> SendAsync(Operation operation, string path, string body = "", string token = Root,
        params (string Name, string Value)[] query) =>
        _pipeline.HandleAsync(RequestFor(operation, path, body, token, query));

    public static Request RequestFor(Operation operation, string path, string body = "", string token = Root,
        params (string Name, string Value)[] query) => RequestFor(operation, path, body, token, null, query);

    public static Request RequestFor(Operation operation, string path, string body, string token,
        IReadOnlyList<string?>? states, params (string Name, string Value)[] query)
    {
        Assert.True(RequestPath.TryCreate(path, out var parsed, out var error), error);
        return new Request
        {
            Id = Guid.NewGuid(),
            Operation = operation,
            Path = operation is Operation.List ? parsed.AsFolder() : parsed,
            Body = Encoding.UTF8.GetBytes(body),
            Query = query.Length == 0 ? null : [.. query.Select(q => KeyValuePair.Create(q.Name, q.Value))],
            Token = token,
            States = states,
        };
    }

    /// <summary>The answer's data, which there must be.</summary>
    public async Task<string> DataAsync(Operation operation, string path, string body = "", string token = Root,
        params (string Name, string Value)[] query)
    {
        using var response = await SendAsync(operation, path, body, token, query);
        Assert.Null(response.Fault?.Text);
        return Encoding.UTF8.GetString(response.Data.Span);
    }

    /// <summary>The refusal, which there must be.</summary>
    public async Task<Fault> FaultAsync(Operation operation, string path, string body = "", string token = Root)
    {
        using var response = await SendAsync(operation, path, body, token);
        return Assert.IsType<Fault>(response.Fault);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();
}

/// <summary>Time that a test moves.</summary>
internal sealed class StillClock : TimeProvider
{
    private DateTimeOffset _now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => _now;

    public void Advance(TimeSpan by) => _now += by;
}
