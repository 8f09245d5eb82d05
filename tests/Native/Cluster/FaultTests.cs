using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cluster;

/// <summary>
/// Whatever happens to nodes, database and network: no acknowledged write is lost, no client that sends back its state
/// sees the past, money is conserved, and what must run once runs once.
/// </summary>
public sealed class FaultTests(FaultCluster cluster, ITestOutputHelper output) : IClassFixture<FaultCluster>
{
    [Fact]
    public Task NodesAreKilled() => cluster.UnderLoadAsync(output, async load =>
    {
        foreach (var victim in new[] { ChoreLog.HolderAmong(cluster.Nodes), load.Any(cluster.Dice) })
        {
            await victim.Server.KillAsync();
            await load.MoreAsync([.. cluster.Nodes.Where(node => node != victim)]);
            await victim.Server.RestartAsync();
            await load.MoreAsync(victim);
        }
    });

    [Fact]
    public Task TheDatabaseIsKilledAndStartedAgain() => cluster.UnderLoadAsync(output, async load =>
    {
        cluster.Primary.Kill();
        await cluster.EventuallyAsync("every node says that it is cut off", async () =>
            (await Task.WhenAll(cluster.Nodes.Select(node => node.HealthAsync()))).All(status => status == 429));
        Assert.NotEmpty(load.Failures);
        Assert.All(load.Failures, failure => Assert.Matches(@": 50[03] .*storage|: 0 ", failure));
        cluster.Primary.StartAgain();
        await load.MoreAsync();
    });

    [Fact]
    public Task ANodeIsPausedForLongerThanItsTerm() => cluster.UnderLoadAsync(output, async load =>
    {
        await cluster.EventuallyAsync("chores run", () => Task.FromResult(ChoreLog.CountExpired(cluster.Nodes) > 0));
        var paused = ChoreLog.HolderAmong(cluster.Nodes);
        List<ClusterNode> others = [.. cluster.Nodes.Where(node => node != paused)];
        var term = ChoreLog.Newest(cluster.Nodes);
        paused.Server.Signal(Signals.Stop);
        await cluster.EventuallyAsync(
            "another node takes over", () => Task.FromResult(ChoreLog.Newest(others) > term));
        await load.MoreAsync(others);
        var toldBefore = paused.Server.Log.Split("another node has taken over").Length;
        paused.Server.Signal(Signals.Continue);
        await load.MoreAsync(paused);
        await cluster.EventuallyAsync("the paused node finds out", () => Task.FromResult(
            paused.Server.Log.Split("another node has taken over").Length > toldBefore));
    });

    [Fact]
    public Task ANodeIsCutOff() => cluster.UnderLoadAsync(output, async load =>
    {
        var alone = load.Any(cluster.Dice);
        alone.Cut();
        await cluster.EventuallyAsync(
            "the node says that it is cut off", async () => await alone.HealthAsync() == 429);
        await load.MoreAsync([.. cluster.Nodes.Where(node => node != alone)]);
        alone.Heal();
        await cluster.EventuallyHealthyAsync(alone);
    });

    [Fact]
    public Task TheNetworkLetsOneDirectionThrough() => cluster.UnderLoadAsync(output, async load =>
    {
        var first = cluster.Dice.Next(cluster.Nodes.Count);
        var (deaf, mute) = (cluster.Nodes[first], cluster.Nodes[(first + 1) % cluster.Nodes.Count]);
        deaf.CutFromDatabase();
        mute.CutToDatabase();
        await cluster.EventuallyAsync("both say that they are cut off", async () =>
            await deaf.HealthAsync() == 429 && await mute.HealthAsync() == 429);
        await load.MoreAsync([.. cluster.Nodes.Where(node => node != deaf && node != mute)]);
        deaf.Heal();
        mute.Heal();
        await cluster.EventuallyHealthyAsync(deaf);
        await cluster.EventuallyHealthyAsync(mute);
    });

    [Fact]
    public Task TheDatabaseTakesNoMoreConnections() => cluster.UnderLoadAsync(output, async load =>
    {
        cluster.Primary.Query("postgres", "ALTER ROLE app CONNECTION LIMIT 0");
        cluster.Primary.Query(
            "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
        await cluster.EventuallyAsync("the log names the reason", () => Task.FromResult(cluster.Nodes.All(node =>
            node.Server.Log.Contains("too many connections for role", StringComparison.Ordinal))));
        Assert.All(load.Failures, failure => Assert.Matches(@": 50[03] .*storage|: 0 ", failure));
        cluster.Primary.Query("postgres", "ALTER ROLE app CONNECTION LIMIT -1");
        await load.MoreAsync();
    });

    [Fact]
    public Task TheStandbyTakesThePlaceOfThePrimary() => cluster.UnderLoadAsync(output, async load =>
    {
        cluster.FailOver();
        await load.MoreAsync();
        foreach (var node in cluster.Nodes) await cluster.EventuallyHealthyAsync(node);
    });

    [Fact]
    public Task NodesAreReplacedAndSealedOneByOneAndTheOthersDoNotNotice() =>
        cluster.UnderLoadAsync(output, async load =>
        {
            foreach (var victim in cluster.Nodes)
            {
                var before = load.Failures.Count;
                Assert.Equal(0, await victim.Server.StopAsync());
                await load.MoreAsync([.. cluster.Nodes.Where(node => node != victim)]);
                await victim.Server.RestartAsync();
                await load.MoreAsync(victim);
                await cluster.SealAndUnsealAsync(victim);
                await load.MoreAsync(victim);
                Assert.All(load.Failures.Skip(before), failure =>
                    Assert.StartsWith($"{victim.Server.Address.Port}: ", failure));
            }
        });
}
