using System.Globalization;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cluster;

/// <summary>
/// Three native servers on a PostgreSQL with a streaming standby that every commit waits for. All fault tests share
/// them, one after the other.
/// </summary>
public sealed class FaultCluster : IAsyncLifetime
{
    /// <summary>
    /// Set this variable to the number that a failed test has printed, and its clients do the same again.
    /// </summary>
    public const string SeedVariable = "FAULT_SEED";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kist-cluster-");
    private readonly List<ClusterNode> _nodes = [];
    private readonly List<RegisterHistory> _earlier = [];
    private readonly int _seed = int.TryParse(
        Environment.GetEnvironmentVariable(SeedVariable), CultureInfo.InvariantCulture, out var chosen)
        ? chosen : Environment.TickCount;
    private int _runs;
    private string _token = "", _recoveryKey = "";

    /// <summary>The servers.</summary>
    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    /// <summary>The database that takes writes.</summary>
    public PostgresServer Primary { get; private set; } = null!;

    /// <summary>Its standby; null once that has become the primary.</summary>
    public PostgresServer? Standby { get; private set; }

    /// <summary>What tests roll to choose a victim.</summary>
    public Random Dice { get; private set; } = new();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Primary = PostgresServer.Start("fsync=off");
        Primary.Query("postgres", "CREATE ROLE app LOGIN");
        Primary.Query("postgres", "CREATE DATABASE kist OWNER app");
        Standby = Primary.StartStandby();
        Primary.Set("synchronous_standby_names", "*");
        for (var i = 0; i < 3; i++)
        {
            _nodes.Add(await ClusterNode.StartAsync(
                _folder.FullName, [Primary.Port, Standby.Port], $"node_id = \"n{i}\""));
            if (i == 0) await SetUpAsync(_nodes[0]);
        }
        foreach (var node in _nodes) await EventuallyHealthyAsync(node);
    }

    /// <summary>
    /// Lets <paramref name="fault"/> happen while clients work, and again when it is over; then everything that was
    /// promised must be so.
    /// </summary>
    public async Task UnderLoadAsync(ITestOutputHelper output, Func<Load, Task> fault)
    {
        var run = $"run{++_runs}";
        Dice = new Random(_seed);
        var (load, history, bank) = (new Load(_nodes, _token), new RegisterHistory(run), new Bank(run));
        var clerk = new Client(new Load(_nodes, _token), new Random(_seed));
        output.WriteLine($"{SeedVariable}={_seed}");
        await bank.OpenAsync(clerk);
        load.Start(_seed, history, bank);
        try
        {
            await load.MoreAsync();
            await fault(load);
            await load.MoreAsync();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{SeedVariable}={_seed}\n{Logs()}", e);
        }
        finally
        {
            await load.StopAsync();
        }
        output.WriteLine($"{history.Operations.Count} operations on registers, {load.Failures.Count} failures");
        List<string> problems =
            [.. await history.CheckAsync(clerk), .. await bank.CheckAsync(clerk), .. ChoreLog.Check(_nodes)];
        foreach (var earlier in _earlier) problems.AddRange(await earlier.CheckAgainAsync(clerk));
        _earlier.Add(history);
        problems.AddRange(await LeftoversAsync(clerk));
        Assert.True(problems.Count == 0, $"{SeedVariable}={_seed}\n{string.Join('\n', problems)}\n{Logs()}");
    }

    /// <summary>Waits until something is so; fails with the nodes' logs if it does not become so.</summary>
    public async Task EventuallyAsync(string what, Func<Task<bool>> isSo)
    {
        for (var left = 1_500; !await isSo(); left--)
        {
            Assert.True(left > 0, $"{what}: not within half a minute\n{Logs()}");
            await Task.Delay(20);
        }
    }

    /// <summary>Waits until a node is unsealed and in touch with its database.</summary>
    public Task EventuallyHealthyAsync(ClusterNode node) =>
        EventuallyAsync("a node is healthy", async () => await node.HealthAsync() == 200);

    /// <summary>Seals a node and opens it again with the key that people hold.</summary>
    public async Task SealAndUnsealAsync(ClusterNode node)
    {
        var answer = await node.SendAsync("PUT", "sys/seal", _token, null, StateSeen.None);
        Assert.True(answer.Status == 204, answer.Body);
        Assert.Equal(503, await node.HealthAsync());
        answer = await node.SendAsync("PUT", "sys/unseal", "", $$"""{"key":"{{_recoveryKey}}"}""", StateSeen.None);
        Assert.True(answer.IsDone, answer.Body);
        await EventuallyHealthyAsync(node);
    }

    /// <summary>The primary is gone, and its standby takes its place.</summary>
    public void FailOver()
    {
        Primary.Kill();
        Standby!.Promote();
        Primary.Dispose();
        (Primary, Standby) = (Standby, null);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
        Standby?.Dispose();
        Primary.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task SetUpAsync(ClusterNode node)
    {
        var made = await node.SendAsync(
            "PUT", "sys/init", "", """{"recovery_shares":1,"recovery_threshold":1}""", StateSeen.None);
        Assert.True(made.IsDone, made.Body);
        _token = (string)made.Json["root_token"]!;
        _recoveryKey = (string)made.Json["recovery_keys"]![0]!;
        foreach (var (path, body) in new[]
        {
            ("sys/mounts/reg", """{"type":"kv","options":{"version":"2"}}"""),
            ("sys/mounts/bank", """{"type":"kv","options":{"version":"2"}}"""),
            ("reg/config", """{"max_versions":100000}"""),
            ("sys/audit/file", $$$"""{"type":"file","options":{"file_path":"{{{_folder}}}/audit/{node_id}.log"}}"""),
        })
        {
            var reply = await node.SendAsync("POST", path, _token, body, StateSeen.None);
            Assert.True(reply.IsDone, reply.Body);
        }
    }

    /// <summary>Tokens that should have died.</summary>
    private async Task<IReadOnlyList<string>> LeftoversAsync(Client client)
    {
        Reply reply = new(0, "", StateSeen.None);
        await EventuallyAsync("every short token is gone", async () =>
        {
            reply = await client.SendAsync("LIST", "sys/leases/lookup/auth/token/create");
            return reply.Status == 404;
        });
        return reply.Status == 404 ? [] : [reply.Body];
    }

    private string Logs()
    {
        const int most = 3_000;
        return string.Concat(_nodes.Select(node => $"--- {node.Server.Address.Port}\n"
            + (node.Server.Log is { Length: > most } log ? log[^most..] : node.Server.Log)));
    }
}
