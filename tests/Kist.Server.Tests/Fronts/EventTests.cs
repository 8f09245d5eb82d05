using System.Net.WebSockets;
using System.Text.Json;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Fronts;

/// <summary>Subscriptions over HTTP: who is told what, and until when.</summary>
public sealed class EventTests : IAsyncLifetime
{
    private const string Reader = """
        path "sys/events/subscribe/*" { capabilities = ["read"] }
        path "kv/data/team/*" { capabilities = ["read"] }
        path "kv/data/team/hidden" { capabilities = ["deny"] }
        """;

    private readonly MemoryStore _store = new() { IsShared = true };
    private NodeServer _server = null!;
    private string _root = "";
    private string _key = "";

    public async ValueTask InitializeAsync()
    {
        _server = await NodeServer.StartAsync(_store);
        var keys = await _server.DoAsync("PUT", "sys/init", """{"secret_shares":1,"secret_threshold":1}""");
        _root = keys.GetProperty("root_token").GetString()!;
        _key = keys.GetProperty("keys")[0].GetString()!;
        await UnsealAsync(_server);
        await RootAsync("POST", "sys/mounts/kv", """{"type":"kv","options":{"version":"2"}}""");
        await RootAsync("POST", "sys/mounts/old", """{"type":"kv","options":{"version":"1"}}""");
    }

    [Fact]
    public async Task WhatChangesIsTold()
    {
        using var events = await EventSubscriber.OpenAsync(_server.Http, _root, "*");
        await RootAsync("POST", "kv/data/app", """{"data":{"password":"sesame"}}""");
        var written = await events.NextAsync();
        Assert.Equal(("kv-v2/data-write", "kv/data/app", "1"), (written!.Type, written.Path, written.Version));
        Assert.Equal("1.0", written.Json.GetProperty("specversion").GetString());
        var plugin = written.Json.GetProperty("data").GetProperty("plugin_info");
        Assert.Equal(("kv/", "kv"), (plugin.Text("mount_path"), plugin.Text("plugin")));
        Assert.DoesNotContain("sesame", written.Json.GetRawText());
        await RootAsync("POST", "kv/data/app", """{"data":{"password":"other"}}""");
        Assert.Equal("2", (await events.NextAsync())!.Version);
        await RootAsync("DELETE", "kv/data/app");
        Assert.Equal("kv-v2/data-delete", (await events.NextAsync())!.Type);
        await RootAsync("DELETE", "kv/metadata/app");
        Assert.Equal("kv-v2/metadata-delete", (await events.NextAsync())!.Type);
        await RootAsync("POST", "old/app", """{"password":"sesame"}""");
        var old = await events.NextAsync();
        Assert.Equal(("kv-v1/write", "old/app", null), (old!.Type, old.Path, old.Version));
        await RootAsync("DELETE", "old/app");
        Assert.Equal("kv-v1/delete", (await events.NextAsync())!.Type);
    }

    [Fact]
    public async Task OnlyWhoMayReadThePathIsTold()
    {
        var token = await TokenAsync();
        using var events = await EventSubscriber.OpenAsync(_server.Http, token, "kv-v2/*");
        foreach (var name in new[] { "other/a", "team/hidden", "team/a" })
            await RootAsync("POST", "kv/data/" + name, """{"data":{"a":"b"}}""");
        Assert.Equal("kv/data/team/a", (await events.NextAsync())!.Path);
        await RootAsync("POST", "sys/policies/acl/reader", JsonSerializer.Serialize(
            new { policy = Reader.Replace("kv/data/team/*", "kv/data/other/*") }));
        await RootAsync("POST", "kv/data/team/a", """{"data":{"a":"c"}}""");
        await RootAsync("POST", "kv/data/other/b", """{"data":{"a":"c"}}""");
        Assert.Equal("kist/reset", (await events.NextAsync())!.Type);
        Assert.Equal("kv/data/other/b", (await events.NextAsync())!.Path);
    }

    [Fact]
    public async Task WhoseRightsChangeIsToldAndRecognisesItAfterABreakToo()
    {
        var token = await TokenAsync();
        string last, before;
        using (var events = await EventSubscriber.OpenAsync(_server.Http, token, "*"))
        {
            before = events.Rights;
            // Somebody else's policy is nobody's business; neither is a mount that the subscriber does not see.
            await RootAsync("POST", "sys/policies/acl/other", """{"policy":"path \"x\" {}"}""");
            await RootAsync("POST", "sys/mounts/hidden", """{"type":"kv"}""");
            await RootAsync("POST", "kv/data/team/a", """{"data":{"a":"b"}}""");
            Assert.Equal("kv/data/team/a", (await events.NextAsync())!.Path);
            await RootAsync("POST", "sys/policies/acl/reader", JsonSerializer.Serialize(
                new { policy = Reader.Replace("kv/data/team/*", "kv/data/team/b/*") }));
            // Nothing else happens: it is told all the same.
            var told = (await events.NextAsync())!;
            Assert.Equal("kist/reset", told.Type);
            Assert.NotEqual(before, told.Json.Text("rights"));
            (last, before) = (told.Id, told.Json.Text("rights"));
        }
        using (var same = await EventSubscriber.OpenAsync(_server.Http, token, "*", last))
            Assert.Equal(before, same.Rights);
        await RootAsync("DELETE", "sys/mounts/kv");
        using var other = await EventSubscriber.OpenAsync(_server.Http, token, "*", last);
        Assert.NotEqual(before, other.Rights);
    }

    [Fact]
    public async Task OneStreamMoreThanTheNodeKeepsIsRefusedBeforeItBegins()
    {
        _server.Node.Settings = _server.Node.Settings with { MostStreams = 2 };
        var first = await EventSubscriber.OpenAsync(_server.Http, _root, "*");
        using var second = await EventSubscriber.OpenAsync(_server.Http, _root, "*");
        var refused = await _server.RefusedAsync(429, "GET", "sys/events/subscribe/*", token: _root);
        Assert.Contains("keeps 2 streams of events open and takes no more", refused);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("X-Vault-Token", _root);
        var address = new UriBuilder(_server.Http.BaseAddress!) { Scheme = "ws" }.Uri;
        await Assert.ThrowsAsync<WebSocketException>(
            () => socket.ConnectAsync(new Uri(address, "sys/events/subscribe/*"), default));
        Assert.Equal(System.Net.HttpStatusCode.TooManyRequests, socket.HttpStatusCode);
        // Refusals take no place, and who goes frees one.
        await _server.RefusedAsync(400, "GET", "sys/events/subscribe/*?after=x", token: _root);
        first.Dispose();
        for (var end = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(20))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "sys/events/subscribe/*");
            request.Headers.Add("X-Vault-Token", _root);
            using var answer = await _server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (answer.IsSuccessStatusCode) break;
            Assert.True(DateTime.UtcNow < end, "the place of a client that has gone stays taken");
        }
    }

    [Fact]
    public async Task OnlyWhatWasAskedForIsTold()
    {
        using var events = await EventSubscriber.OpenAsync(
            _server.Http, _root, "kv-v2/data-write?path=kv%2Fdata%2Fteam%2F*");
        await RootAsync("POST", "old/team/a", """{"a":"b"}""");
        await RootAsync("POST", "kv/data/other", """{"data":{"a":"b"}}""");
        await RootAsync("POST", "kv/data/team/a", """{"data":{"a":"b"}}""");
        Assert.Equal("kv/data/team/a", (await events.NextAsync())!.Path);
    }

    [Fact]
    public async Task TheStreamEndsWithTheTokenAndWithTheRightToSubscribe()
    {
        var token = await TokenAsync();
        using var revoked = await EventSubscriber.OpenAsync(_server.Http, token, "*");
        using var forbidden = await EventSubscriber.OpenAsync(_server.Http, await TokenAsync(), "*");
        await RootAsync("POST", "auth/token/revoke", $$"""{"token":"{{token}}"}""");
        Assert.Null(await revoked.NextAsync());
        await RootAsync("POST", "sys/policies/acl/reader", """{"policy":"path \"nothing\" {}"}""");
        Assert.Null(await forbidden.NextAsync());
        await _server.RefusedAsync(403, "GET", "sys/events/subscribe/*", token: token);
    }

    [Fact]
    public async Task NothingIsMissedBetweenTwoConnections()
    {
        string last;
        using (var events = await EventSubscriber.OpenAsync(_server.Http, _root, "*"))
        {
            await RootAsync("POST", "kv/data/a", """{"data":{"a":"b"}}""");
            last = (await events.NextAsync())!.Id;
        }
        await RootAsync("POST", "kv/data/b", """{"data":{"a":"b"}}""");
        await RootAsync("POST", "kv/data/c", """{"data":{"a":"b"}}""");
        using var again = await EventSubscriber.OpenAsync(_server.Http, _root, "*", last);
        Assert.Equal("kv/data/b", (await again.NextAsync())!.Path);
        Assert.Equal("kv/data/c", (await again.NextAsync())!.Path);
    }

    [Fact]
    public async Task WhoIsTooFarBehindIsToldToStartOver()
    {
        using var first = await EventSubscriber.OpenAsync(_server.Http, _root, "*");
        await RootAsync("POST", "kv/data/a", """{"data":{"a":"b"}}""");
        var last = (await first.NextAsync())!.Id;
        for (var i = 0; i < ChangeLog.Capacity / 64 + 1; i++)
        {
            var batch = new Batch();
            for (var k = 0; k < 64; k++) batch.Put($"other/{i}/{k}", new byte[1]);
            Assert.True(await _store.CommitAsync(batch, CancellationToken.None));
        }
        using var again = await EventSubscriber.OpenAsync(_server.Http, _root, "*", last);
        Assert.Equal("kist/reset", (await again.NextAsync())!.Type);
        await RootAsync("POST", "kv/data/b", """{"data":{"a":"b"}}""");
        Assert.Equal("kv/data/b", (await again.NextAsync())!.Path);
    }

    [Fact]
    public async Task WhatAnotherNodeWritesIsTold()
    {
        await using var second = await NodeServer.StartAsync(_store);
        await UnsealAsync(second);
        using var events = await EventSubscriber.OpenAsync(second.Http, _root, "*");
        await RootAsync("POST", "kv/data/a", """{"data":{"a":"b"}}""");
        Assert.Equal("kv/data/a", (await events.NextAsync())!.Path);
    }

    [Fact]
    public async Task TheStreamEndsWhenTheNodeSeals()
    {
        using var events = await EventSubscriber.OpenAsync(_server.Http, _root, "*");
        await RootAsync("PUT", "sys/seal");
        Assert.Null(await events.NextAsync());
    }

    [Fact]
    public async Task AWebSocketGetsTheSame()
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("X-Vault-Token", _root);
        var address = new UriBuilder(_server.Http.BaseAddress!) { Scheme = "ws" }.Uri;
        await socket.ConnectAsync(new Uri(address, "sys/events/subscribe/kv-v2/*?json=true"), default);
        Assert.Equal("kist/subscribed", (await ReceiveAsync(socket)).Text("type"));
        await RootAsync("POST", "kv/data/app", """{"data":{"a":"b"}}""");
        var seen = (await ReceiveAsync(socket)).GetProperty("data");
        Assert.Equal("kv-v2/data-write", seen.Text("event_type"));
        Assert.Equal("kv/data/app", seen.GetProperty("event").GetProperty("metadata").Text("data_path"));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", default);
    }

    [Fact]
    public async Task AWebSocketOfAWebPageOrWithoutATokenIsRefused()
    {
        var address = new Uri(
            new UriBuilder(_server.Http.BaseAddress!) { Scheme = "ws" }.Uri, "sys/events/subscribe/*");
        using var page = new ClientWebSocket();
        page.Options.SetRequestHeader("X-Vault-Token", _root);
        page.Options.SetRequestHeader("Origin", "https://evil.example");
        await Assert.ThrowsAsync<WebSocketException>(() => page.ConnectAsync(address, default));
        using var nobody = new ClientWebSocket();
        await Assert.ThrowsAsync<WebSocketException>(() => nobody.ConnectAsync(address, default));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1.2.3")]
    public async Task APlaceThatIsNoneIsRefused(string after) => Assert.Contains("after",
        await _server.RefusedAsync(400, "GET", $"sys/events/subscribe/*?after={after}", token: _root));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task<JsonElement> RootAsync(string method, string path, string? body = null) =>
        _server.DoAsync(method, path, body, _root);

    private Task<JsonElement> UnsealAsync(NodeServer server) =>
        server.DoAsync("PUT", "sys/unseal", $$"""{"key":"{{_key}}"}""");

    private async Task<string> TokenAsync()
    {
        await RootAsync("POST", "sys/policies/acl/reader", JsonSerializer.Serialize(new { policy = Reader }));
        var made = await RootAsync("POST", "auth/token/create", """{"policies":["reader"]}""");
        return made.GetProperty("auth").Text("client_token");
    }

    private static async Task<JsonElement> ReceiveAsync(WebSocket socket)
    {
        var buffer = new byte[8192];
        var got = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        using var json = JsonDocument.Parse(buffer.AsMemory(0, got.Count));
        return json.RootElement.Clone();
    }
}
