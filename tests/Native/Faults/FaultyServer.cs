using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Faults;

/// <summary>An audited server on SQLite whose disk fails on command, and what it has acknowledged.</summary>
public sealed class FaultyServer : IAsyncLifetime
{
    private readonly Dictionary<string, string> _acknowledged = [];
    private KistServer? _server;
    private int _names;

    /// <summary>The server.</summary>
    internal KistServer Server => _server!;

    /// <summary>Its disk.</summary>
    internal FaultyDisk Disk { get; } = new();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _server = await KistServer.StartQuickByAsync(Disk.Starter);
        await File.AppendAllTextAsync(Path.Combine(_server.Directory, "kist", "kist.hcl"), "audit_patience = \"1s\"\n");
        await _server.StopAsync();
        await _server.RestartAsync();
    }

    /// <summary>Sends a request as root. Fails when no answer comes within 20 s: nothing may hang.</summary>
    public Task<Answer> AsRootAsync(string method, string path, string? json = null) =>
        Server.SendAsync(method, path, Server.QuickStart.RootToken, json).WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>Writes a value under a new name, and remembers it if that was acknowledged.</summary>
    public async Task<Answer> PutAsync()
    {
        var name = $"name-{Interlocked.Increment(ref _names)}";
        var value = $"value-{name}";
        var answer = await AsRootAsync("POST", $"/v1/secret/data/{name}", $$$"""{"data":{"v":"{{{value}}}"}}""");
        if (answer.Status is 200)
            lock (_acknowledged) _acknowledged[name] = value;
        return answer;
    }

    /// <summary>Every acknowledged value can be read.</summary>
    public async Task AllIsThereAsync()
    {
        Assert.NotEmpty(_acknowledged);
        foreach (var (name, value) in _acknowledged)
        {
            var answer = await AsRootAsync("GET", $"/v1/secret/data/{name}");
            Assert.True(answer.Status == 200, $"{name}: {answer.Status} {answer.Text}");
            Assert.Equal(value, (string?)answer.Json!["data"]!["data"]!["v"]);
        }
    }

    /// <summary>Nothing is wrong any more: without a restart, after it, and in the chain of the audit.</summary>
    public async Task IsWholeAsync()
    {
        Assert.Equal(200, (await PutAsync()).Status);
        Assert.Empty(await ProblemsAsync());
        await AllIsThereAsync();
        Assert.True(Server.IsRunning);
        await Server.KillAsync();
        await Server.RestartAsync();
        await AllIsThereAsync();
        await AuditIsWholeAsync();
    }

    /// <summary>The audit's chain has no gap.</summary>
    public async Task AuditIsWholeAsync()
    {
        var (exitCode, output) = await KistProcess.RunAsync(
            Server.Directory, ["audit", "verify", Server.QuickStart.AuditFile]);
        Assert.True(exitCode == 0, output);
    }

    /// <summary>What <c>sys/health</c> says is wrong.</summary>
    public async Task<string[]> ProblemsAsync()
    {
        var health = await AsRootAsync("GET", "/v1/sys/health");
        Assert.Equal(200, health.Status);
        return [.. (health.Json!["problems"] as JsonArray ?? []).Select(text => (string)text!)];
    }

    /// <summary>An answer in Vault's form whose error has <paramref name="text"/> in it.</summary>
    internal static void Refuses(int status, string text, Answer answer)
    {
        Assert.True(answer.Status == status, $"{answer.Status} {answer.Text}");
        Assert.Contains(text, (string?)Assert.Single(answer.Json!["errors"]!.AsArray()), StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Disk.Heal();
        await Server.DisposeAsync();
    }
}
