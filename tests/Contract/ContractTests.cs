using Kist.Testing;
using Xunit;

namespace Kist.Contract.Tests;

/// <summary>What a real Vault answered, Kist answers: one test case for each recorded scenario.</summary>
public sealed class ContractTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const int LogLinesShown = 60;

    [Theory]
    [MemberData(nameof(Scenarios.Shared), MemberType = typeof(Scenarios))]
    public async Task TheServerAnswersAsRecorded(string scenario) => await PlayAsync(await shared.Server, scenario);

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

/// <summary>One dev server for all that can share it; when it does not start, each of them says why.</summary>
public sealed class SharedServer : IAsyncDisposable
{
    private readonly Lazy<Task<KistServer>> _server = new(() => KistServer.StartDevAsync());

    /// <summary>The server, started for the first who asks.</summary>
    public Task<KistServer> Server => _server.Value;

    public async ValueTask DisposeAsync()
    {
        if (_server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _server.Value).DisposeAsync();
    }
}
