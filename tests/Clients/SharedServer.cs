using Kist.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(Kist.Clients.Tests.SharedServer))]

namespace Kist.Clients.Tests;

/// <summary>One server that all clients share; started by the first that asks for it.</summary>
public sealed class SharedServer : IAsyncDisposable
{
    private readonly Lazy<Task<KistServer>> _server = new(() => KistServer.StartQuickAsync());

    /// <summary>The server.</summary>
    public Task<KistServer> GetAsync() => _server.Value;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated) await (await _server.Value).DisposeAsync();
    }
}
