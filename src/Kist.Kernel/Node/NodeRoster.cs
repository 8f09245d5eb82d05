using System.Text.Json;
using Kist.Kernel.Barrier;

namespace Kist.Kernel.Node;

/// <summary>
/// The nodes that are unsealed on this store, as <c>sys/ha-status</c> shows them. Each writes its own entry every few
/// seconds; one that has not for <see cref="GoneAfter"/> is not shown. For people: nothing is decided by it.
/// </summary>
public sealed class NodeRoster
{
    /// <summary>A node that was silent for this long is not shown.</summary>
    public static readonly TimeSpan GoneAfter = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ShowEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RemoveAfter = TimeSpan.FromHours(1);

    private readonly Unsealed _kernel;
    private readonly Storage _storage;
    private readonly string _process = Guid.NewGuid().ToString();
    private long _shownAt;
    private bool _hasWarned;
    private bool _isShown;

    internal NodeRoster(Unsealed kernel, Storage storage) => (_kernel, _storage) = (kernel, storage);

    /// <summary>The nodes that are there, this one first.</summary>
    public async ValueTask<IReadOnlyList<RosterEntry>> AllAsync(CancellationToken ct)
    {
        var nodes = new List<RosterEntry> { Self };
        if (!_kernel.Node.Store.IsShared) return nodes;
        foreach (var (key, node) in await StoredAsync(ct))
            if (key != Id && _kernel.Clock.GetUtcNow() - node.LastEcho < GoneAfter) nodes.Add(node);
        return nodes;
    }

    /// <summary>Writes this node's entry when it is time.</summary>
    internal async ValueTask ShowAsync(CancellationToken ct)
    {
        if (_isShown && _kernel.Clock.GetElapsedTime(_shownAt) < ShowEvery) return;
        _shownAt = _kernel.Clock.GetTimestamp();
        await WarnOfDoubleAsync(ct);
        await _storage.PutAsync(
            Id, JsonSerializer.SerializeToUtf8Bytes(Self, KernelJson.Default.RosterEntry), ct);
        if (_isShown) return;
        _isShown = true;
        foreach (var (key, node) in await StoredAsync(ct))
            if (_kernel.Clock.GetUtcNow() - node.LastEcho > RemoveAfter) await _storage.DeleteAsync(key, ct);
    }

    /// <summary>Removes this node's entry.</summary>
    internal ValueTask LeaveAsync(CancellationToken ct) => _storage.DeleteAsync(Id, ct);

    private string Id => _kernel.Settings.NodeId;

    private RosterEntry Self => new()
    {
        HostName = Environment.MachineName,
        Process = _process,
        ApiAddress = _kernel.Settings.ApiAddress,
        ClusterAddress = _kernel.Settings.ClusterAddress,
        Version = _kernel.Node.Parts.Version,
        LastEcho = _kernel.Clock.GetUtcNow(),
    };

    /// <summary>Two nodes of one name would take each other's audit chains for their own.</summary>
    private async ValueTask WarnOfDoubleAsync(CancellationToken ct)
    {
        // An entry that was there before this process may be of the one that it has replaced.
        if (!_isShown || _hasWarned) return;
        using var stored = await _storage.GetAsync(Id, ct);
        if (stored is null) return;
        var known = JsonSerializer.Deserialize(stored.Span, KernelJson.Default.RosterEntry)!;
        if (known.Process == _process) return;
        _hasWarned = true;
        _kernel.Log.Note(LogLevel.Error, $"another node has the same node_id={Id} api_addr={known.ApiAddress}");
    }

    private async ValueTask<List<(string Key, RosterEntry Node)>> StoredAsync(CancellationToken ct)
    {
        var nodes = new List<(string, RosterEntry)>();
        foreach (var key in await _storage.ScanAsync("", "", 0, ct))
        {
            using var stored = await _storage.GetAsync(key, ct);
            if (stored is null) continue;
            nodes.Add((key, JsonSerializer.Deserialize(stored.Span, KernelJson.Default.RosterEntry)!));
        }
        return nodes;
    }
}

/// <summary>A node as it shows itself to the others.</summary>
public sealed record RosterEntry
{
    /// <summary>The machine's name.</summary>
    public required string HostName { get; init; }

    /// <summary>Made anew by each process.</summary>
    public string Process { get; init; } = "";

    /// <summary>Where clients reach it.</summary>
    public required string ApiAddress { get; init; }

    /// <summary>Where other nodes reach it.</summary>
    public required string ClusterAddress { get; init; }

    /// <summary>Its version.</summary>
    public required string Version { get; init; }

    /// <summary>When it wrote this.</summary>
    public DateTimeOffset LastEcho { get; init; }
}
