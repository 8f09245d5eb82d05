using System.Net;
using System.Text.Json;
using System.Text;
using Kist.Kernel.Node;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Testing;
using Xunit;

namespace Kist.Server.Tests.Fronts;

/// <summary>A server in this process, on a free loopback port, over a store in memory that outlives it.</summary>
internal sealed class NodeServer : IAsyncDisposable
{
    private readonly KistServer _server;
    private readonly HttpClient _http;

    private NodeServer(KistServer server, int port)
    {
        _server = server;
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/v1/") };
    }

    public Node Node => _server.Node;

    /// <summary>Sends anything, relative to <c>/v1/</c>.</summary>
    public HttpClient Http => _http;

    public static async Task<NodeServer> StartAsync(
        IStore store, ISeal? seal = null, ISeal? oldSeal = null, Settings? settings = null)
    {
        var port = Loopback.FreePort();
        var parts = new NodeParts(
            store, seal, Catalog.Engines, Catalog.Sinks, TimeProvider.System, NodeLog.Silent, "1.15.0")
        {
            OldSeal = oldSeal,
        };
        var node = new Node(parts, settings ?? new Settings { StorageType = "inmem" });
        var listener = new Listener(new IPEndPoint(IPAddress.Loopback, port), null);
        var server = await KistServer.StartAsync(node, [listener], default);
        return new NodeServer(server, port);
    }

    /// <summary>Sends a request; the answer's status and its JSON (undefined when it has no body).</summary>
    public async Task<(int Status, JsonElement Body)> SendAsync(
        string method, string path, string? body = null, string? token = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (token is not null) request.Headers.Add("X-Vault-Token", token);
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (text.Length == 0) return ((int)response.StatusCode, default);
        using var json = JsonDocument.Parse(text);
        return ((int)response.StatusCode, json.RootElement.Clone());
    }

    /// <summary>Sends a request that must succeed.</summary>
    public async Task<JsonElement> DoAsync(string method, string path, string? body = null, string? token = null)
    {
        var (status, answer) = await SendAsync(method, path, body, token);
        Assert.True(status is 200 or 204, $"{method} {path}: {status} {answer}");
        return answer;
    }

    /// <summary>Sends a request that must be refused, and returns the one error.</summary>
    public async Task<string> RefusedAsync(
        int status, string method, string path, string? body = null, string? token = null)
    {
        var (got, answer) = await SendAsync(method, path, body, token);
        Assert.Equal(status, got);
        return Assert.Single(answer.GetProperty("errors").EnumerateArray()).GetString()!;
    }

    /// <summary>Gives keys to an update path under its nonce until the last answer.</summary>
    public async Task<JsonElement> GiveAsync(string path, IEnumerable<string> keys, string nonce)
    {
        var last = default(JsonElement);
        foreach (var key in keys) last = await DoAsync("PUT", path, $$"""{"key":"{{key}}","nonce":"{{nonce}}"}""");
        return last;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }
}

/// <summary>Reads answers.</summary>
internal static class Answers
{
    public static string[] Texts(this JsonElement answer, string name) =>
        [.. answer.GetProperty(name).EnumerateArray().Select(e => e.GetString()!)];

    public static string Text(this JsonElement answer, string name) => answer.GetProperty(name).GetString()!;
}
