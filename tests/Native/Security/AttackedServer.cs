using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(Kist.Native.Tests.Security.AttackedServer))]

namespace Kist.Native.Tests.Security;

/// <summary>
/// One audited server on SQLite, logging at trace level, that all attacks share: each must leave it alive for the
/// others. It is started by the first test that asks for it.
/// </summary>
public sealed class AttackedServer : IAsyncDisposable
{
    private readonly Lazy<Task<KistServer>> _server = new(() => KistServer.StartQuickAsync("--log-level", "trace"));
    private int _names;

    /// <summary>The server.</summary>
    public Task<KistServer> GetAsync() => _server.Value;

    /// <summary>Sends a request as root.</summary>
    public async Task<Answer> AsRootAsync(
        string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        var server = await GetAsync();
        return await server.SendAsync(method, path, server.QuickStart.RootToken, json, headers);
    }

    /// <summary>Makes a token as root and returns its <c>auth</c> object; the request is the body's JSON.</summary>
    public async Task<JsonNode> NewTokenAsync(string json, string path = "/v1/auth/token/create")
    {
        var made = await AsRootAsync("POST", path, json);
        Assert.True(made.Status == 200, made.Text);
        return made.Json!["auth"]!;
    }

    /// <summary>A token that may do nothing: its policy does not exist.</summary>
    public async Task<string> PowerlessTokenAsync() => (string)(await NewTokenAsync(
        """{"policies":["none"],"no_default_policy":true,"ttl":"1h"}"""))["client_token"]!;

    /// <summary>A name that no other test has.</summary>
    public string NewName(string stem) => $"{stem}-{Interlocked.Increment(ref _names)}";

    /// <summary>The lines of the audit file so far.</summary>
    public async Task<IReadOnlyList<string>> AuditAsync()
    {
        var server = await GetAsync();
        await using var file = new FileStream(
            server.QuickStart.AuditFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated) await (await _server.Value).DisposeAsync();
    }
}
