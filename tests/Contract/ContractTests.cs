using Kist.Testing;
using Xunit;

namespace Kist.Contract.Tests;

/// <summary>What a real Vault answered, Kist answers: one test case for each recorded scenario.</summary>
public sealed class ContractTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const int LogLinesShown = 60;

    [Theory]
    [MemberData(nameof(Scenarios.Shared), MemberType = typeof(Scenarios))]
    public Task TheServerAnswersAsRecorded(string scenario) => PlayAsync(shared.Server, scenario);

    [Theory]
    [MemberData(nameof(Scenarios.Fresh), MemberType = typeof(Scenarios))]
    public async Task AnUninitialisedServerAnswersAsRecorded(string scenario)
    {
        await using var server = await KistServer.StartConfiguredAsync((_, port) => $$"""
            storage "inmem" {}
            listener "tcp" {
              address     = "127.0.0.1:{{port}}"
              tls_disable = true
            }
            disable_mlock = true
            """);
        await PlayAsync(server, scenario);
    }

    private static async Task PlayAsync(KistServer server, string name)
    {
        var replayer = new Replayer(server.Http, server.Address);
        var failures = await replayer.PlayAsync(Scenarios.All[name], KistServer.DevRootToken);
        if (failures.Count == 0) return;
        var log = server.Log.Split('\n').TakeLast(LogLinesShown);
        Assert.Fail(
            $"{name}\n  {string.Join("\n  ", failures)}\nThe server's log ends with:\n{string.Join('\n', log)}");
    }
}

/// <summary>One dev server for all scenarios that can share it.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    /// <summary>The server.</summary>
    public KistServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await KistServer.StartDevAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
