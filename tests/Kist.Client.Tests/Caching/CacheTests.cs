using System.Text;
using Kist.Client.Api;
using Kist.Client.Logins;

namespace Kist.Client.Tests.Caching;

public sealed class CacheTests(TestServer server)
{
    [Fact]
    public async Task AReferenceGivesItsField()
    {
        var name = TestServer.NewName();
        await server.RootAsync("POST", $"secret/data/{name}", """{"data":{"user":"app","port":5432}}""");
        await server.RootAsync("POST", $"secret/data/{name}", """{"data":{"user":"app2"}}""");
        await using var client = server.NewClient();
        Assert.Equal("app2", await TextAsync(client, $"kist://secret/{name}#user"));
        Assert.Equal("app2", await TextAsync(client, $"kist://secret/{name}"));
        Assert.Equal("5432", await TextAsync(client, $"kist://secret/{name}?version=1#port"));
        Assert.Equal("none", await TextAsync(client, $"kist://secret/{name}#absent?default=none"));
        Assert.Equal("none", await TextAsync(client, $"kist://secret/{name}/absent#x?default=none"));
        Assert.Equal("user=app2;port=5432;", await client.Secrets.FillAsync(
            $"user=kist://secret/{name}#user;port=kist://secret/{name}?version=1#port;"));
        foreach (var absent in new[] { $"kist://secret/{name}#no", $"kist://secret/{name}/no#x",
            $"kist://secret/{name}?version=9#user", $"kist://secret/{name}?version=1" })
        {
            var e = await Assert.ThrowsAsync<KistException>(() => TextAsync(client, absent));
            Assert.Equal(KistFailure.NotFound, e.Failure);
        }
        Assert.Equal(KistFailure.Denied,
            (await Assert.ThrowsAsync<KistException>(() => TextAsync(client, "kist://no-mount/x#y"))).Failure);
        Assert.Equal(KistFailure.Reference,
            (await Assert.ThrowsAsync<KistException>(() => TextAsync(client, "hunter2"))).Failure);
    }

    [Fact]
    public async Task AChangeArrivesWithoutBeingAskedFor()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", "one");
        using var counted = new CountedServer(server.Server);
        await using var client = TestServer.NewClient(counted.Address);
        await client.Secrets.SettledAsync();
        Assert.True(client.Secrets.IsPushed);
        Assert.Equal("one", await TextAsync(client, $"kist://secret/{name}#k"));
        for (var i = 0; i < 100; i++) Assert.Equal("one", await TextAsync(client, $"kist://secret/{name}#k"));
        Assert.Equal(1, counted.Count($"GET /v1/secret/data/{name}"));

        var changes = 0;
        using var watching = client.Secrets.Watch($"secret/{name}", () => Interlocked.Increment(ref changes));
        await server.PutAsync(name, "k", "two");
        await TestServer.UntilAsync(() => changes == 1, "the change is told");
        var requests = counted.Count("");
        Assert.Equal("two", await TextAsync(client, $"kist://secret/{name}#k"));
        Assert.Equal(requests, counted.Count(""));
        Assert.Equal(2, counted.Count($"GET /v1/secret/data/{name}"));

        await server.RootAsync("DELETE", $"secret/data/{name}");
        await TestServer.UntilAsync(() => changes == 2, "the deletion is told");
        Assert.Null(await client.Secrets.FindAsync($"secret/{name}"));
    }

    [Fact]
    public async Task ChangesDuringABreakAreNotMissed()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", "one");
        using var counted = new CountedServer(server.Server);
        await using var client = TestServer.NewClient(counted.Address);
        await client.Secrets.SettledAsync();
        Assert.Equal("one", await TextAsync(client, $"kist://secret/{name}#k"));
        using var watching = client.Secrets.Watch($"secret/{name}", () => { });
        counted.Proxy.Pause();
        counted.Proxy.CutAll();
        await server.PutAsync(name, "k", "two");
        counted.Proxy.Resume();
        await TestServer.UntilAsync(async () => await TextAsync(client, $"kist://secret/{name}#k") == "two",
            "the change is read after the break");
    }

    [Fact]
    public async Task TenThousandReferencesAtOnceAreReadOnceEach()
    {
        const int secrets = 200;
        var name = TestServer.NewName();
        for (var i = 0; i < secrets; i++)
        {
            var fields = $$"""{"a":"a{{i}}","b":"b{{i}}"}""";
            await server.RootAsync("POST", $"secret/data/{name}/{i}", $$"""{"data":{{fields}}}""");
        }
        using var counted = new CountedServer(server.Server);
        await using var client = TestServer.NewClient(counted.Address);
        var values = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(i =>
            TextAsync(client, $"kist://secret/{name}/{i % secrets}#{(i % 2 == 0 ? "a" : "b")}")));
        for (var i = 0; i < values.Length; i++) Assert.Equal($"{(i % 2 == 0 ? "a" : "b")}{i % secrets}", values[i]);
        Assert.Equal(secrets, counted.Count($"GET /v1/secret/data/{name}/"));
        Assert.Equal(1, counted.Count("GET /v1/sys/internal/ui/mounts/"));
    }

    [Fact]
    public async Task WithoutPushASecretIsReadAgainWhenItsTimeIsOver()
    {
        var name = TestServer.NewName();
        await using var root = server.NewClient();
        // This token may not follow the feed.
        await root.Sys.WritePolicyAsync(name, $$"""path "secret/data/{{name}}" { capabilities = ["read"] }""");
        using var grant = await root.Tokens.CreateAsync(new TokenWish { Policies = [name] });
        await server.PutAsync(name, "k", "one");
        await using var client = server.NewClient(
            TokenLogin.Of(grant.Token.RevealText()), o => o.CacheFor = TimeSpan.FromMilliseconds(200));
        Assert.Equal("one", await TextAsync(client, $"kist://secret/{name}#k"));
        await client.Secrets.SettledAsync();
        Assert.False(client.Secrets.IsPushed);
        var told = new TaskCompletionSource();
        using var watching = client.Secrets.Watch($"secret/{name}", told.SetResult);
        await server.PutAsync(name, "k", "two");
        await told.Task.WaitAsync(TestServer.Patience);
        Assert.Equal("two", await TextAsync(client, $"kist://secret/{name}#k"));
    }

    [Fact]
    public async Task AMountOfAnotherKindIsNoticed()
    {
        var mount = TestServer.NewName();
        await server.RootAsync("POST", $"sys/mounts/{mount}", """{"type":"kv","options":{"version":"1"}}""");
        await server.RootAsync("POST", $"{mount}/x", """{"k":"one"}""");
        await using var client = server.NewClient(change: o => o.CacheWhilePushed = o.CacheFor = TimeSpan.Zero);
        Assert.Equal("one", await TextAsync(client, $"kist://{mount}/x#k"));
        await server.RootAsync("DELETE", $"sys/mounts/{mount}");
        await server.RootAsync("POST", $"sys/mounts/{mount}", """{"type":"kv","options":{"version":"2"}}""");
        await server.RootAsync("POST", $"{mount}/data/x", """{"data":{"k":"two"}}""");
        Assert.Equal("two", await TextAsync(client, $"kist://{mount}/x#k"));
    }

    [Fact]
    public async Task TheTimeOfDayMeansNothing()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", "one");
        using var counted = new CountedServer(server.Server);
        var clock = new JumpingClock();
        await using var client = TestServer.NewClient(counted.Address, change: o => o.Clock = clock);
        Assert.Equal("one", await TextAsync(client, $"kist://secret/{name}#k"));
        foreach (var days in new[] { 400, -800, 40_000 })
        {
            clock.Jump += TimeSpan.FromDays(days);
            Assert.Equal("one", await TextAsync(client, $"kist://secret/{name}#k"));
        }
        Assert.Equal(1, counted.Count($"GET /v1/secret/data/{name}"));
        Assert.Equal(1, client.LoginCount);
        await server.PutAsync(name, "k", "two");
        await TestServer.UntilAsync(async () => await TextAsync(client, $"kist://secret/{name}#k") == "two",
            "a change still arrives");
    }

    private static async Task<string> TextAsync(KistClient client, string reference)
    {
        using var value = await client.Secrets.GetTextAsync(reference);
        return value.Reveal();
    }
}

/// <summary>A clock whose time of day somebody sets, while time goes on as ever.</summary>
internal sealed class JumpingClock : TimeProvider
{
    public TimeSpan Jump { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Jump;
}

/// <summary>A way to a server that counts what is asked.</summary>
internal sealed class CountedServer : IDisposable
{
    private readonly List<string> _requests = [];

    public CountedServer(KistServer server)
    {
        Proxy = new TcpProxy(server.Address.Port);
        Proxy.FromClient = bytes =>
        {
            var text = Encoding.Latin1.GetString(bytes.Span);
            if (text.IndexOf(" HTTP/1.1", StringComparison.Ordinal) is > 0 and var end)
                lock (_requests) _requests.Add(text[..end]);
            return Passing.Pass;
        };
    }

    public TcpProxy Proxy { get; }

    public Uri Address => new($"http://127.0.0.1:{Proxy.Port}/");

    public int Count(string begin)
    {
        lock (_requests) return _requests.Count(r => r.StartsWith(begin, StringComparison.Ordinal));
    }

    public void Dispose() => Proxy.Dispose();
}
