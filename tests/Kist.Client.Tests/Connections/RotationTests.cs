using System.Net;
using Kist.Client.Connections;
using Npgsql;

namespace Kist.Client.Tests.Connections;

public sealed class RotationTests(TestServer server)
{
    private const int Workers = 50;
    private const int Rotations = 20;

    /// <summary>Which comes first in a rotation.</summary>
    public enum First
    {
        Store,
        Database,
    }

    [Theory]
    [InlineData(First.Store)]
    [InlineData(First.Database)]
    public async Task ADatabasesPasswordIsRotatedUnderLoadWithoutAFailure(First first)
    {
        var name = TestServer.NewName();
        using var postgres = PostgresServer.Start("fsync=off", "password_encryption='scram-sha-256'");
        // Nobody gets in without the password.
        postgres.RequirePasswords();
        var role = "app_" + name;
        postgres.Query("postgres", $"CREATE ROLE {role} LOGIN PASSWORD 'p0'");
        await server.PutAsync(name, "password", "p0");
        await using var client = server.NewClient();
        await client.Secrets.SettledAsync();
        var password = new LiveSecret(client, $"kist://secret/{name}#password");
        var builder = new NpgsqlDataSourceBuilder(
            $"Host=127.0.0.1;Port={postgres.Port};Username={role};Database=postgres;Pooling=true;"
            + $"Maximum Pool Size={Workers};Connection Lifetime=1;Timeout=15");
        builder.UsePasswordProvider(password.Provide, password.ProvideAsync);
        await using var source = new RotatingDataSource(builder.Build(), password);

        using var over = new CancellationTokenSource();
        var queries = 0;
        var fresh = 0;
        var working = Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            for (var i = worker; !over.IsCancellationRequested; i++)
            {
                await using var connection = (NpgsqlConnection)await source.OpenConnectionAsync();
                await using var command = new NpgsqlCommand("SELECT current_user", connection);
                Assert.Equal(role, await command.ExecuteScalarAsync());
                Interlocked.Increment(ref queries);
                // Most keep their connection a while; now and then one is closed for good, so that another is opened.
                if (i % 10 != 0) continue;
                NpgsqlConnection.ClearPool(connection);
                Interlocked.Increment(ref fresh);
            }
        })).ToArray();
        for (var i = 1; i <= Rotations; i++)
        {
            var alter = $"ALTER ROLE {role} PASSWORD 'p{i}'";
            if (first == First.Database) postgres.Query("postgres", alter);
            await server.PutAsync(name, "password", $"p{i}");
            if (first == First.Store) postgres.Query("postgres", alter);
            var before = Volatile.Read(ref fresh);
            await TestServer.UntilAsync(
                () => Volatile.Read(ref fresh) >= before + 5 || working.Any(w => w.IsFaulted),
                "connections are opened");
        }
        await over.CancelAsync();
        await Task.WhenAll(working);
        Assert.True(queries > Workers);

        await using var once = source.CreateCommand("SELECT 41 + 1");
        Assert.Equal(42, await once.ExecuteScalarAsync());
        await using var reader = await once.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
    }

    [Fact]
    public async Task APasswordThatStaysWrongIsSaidInTheEnd()
    {
        var name = TestServer.NewName();
        using var postgres = PostgresServer.Start("fsync=off");
        postgres.RequirePasswords();
        postgres.Query("postgres", "CREATE ROLE app LOGIN PASSWORD 'right'");
        await server.PutAsync(name, "password", "wrong-hunter2");
        await using var client = server.NewClient();
        var password = new LiveSecret(client, $"kist://secret/{name}#password")
        {
            Patience = TimeSpan.FromMilliseconds(200),
        };
        var builder = new NpgsqlDataSourceBuilder(
            $"Host=127.0.0.1;Port={postgres.Port};Username=app;Database=postgres");
        builder.UsePasswordProvider(password.Provide, password.ProvideAsync);
        await using var source = new RotatingDataSource(builder.Build(), password);
        var e = await Assert.ThrowsAsync<PostgresException>(() => source.OpenConnectionAsync().AsTask());
        Assert.Equal("28P01", e.SqlState);
        Assert.DoesNotContain("hunter2", e.ToString());
    }

    [Fact]
    public async Task AValueThatIsReplacedWhileItIsTriedIsNotTheAnswer()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "password", "p0");
        await using var client = server.NewClient();
        var password = new LiveSecret(client, $"kist://secret/{name}#password")
        {
            Patience = TimeSpan.FromMilliseconds(1),
        };
        // Every attempt takes longer than the patience, and at its end the service wants what came meanwhile.
        var tried = new List<string>();
        await password.TryAsync(async ct =>
        {
            tried.Add(await password.RevealAsync(ct));
            await Task.Delay(5, ct);
            if (tried.Count == 6) return true;
            await server.PutAsync(name, "password", $"p{tried.Count}");
            throw new Refused();
        }, e => e is Refused);
        Assert.Equal(["p0", "p1", "p2", "p3", "p4", "p5"], tried);
    }

    [Fact]
    public async Task WhatNeedsNoPasswordNeedsNoServer()
    {
        await using var client = TestServer.NewClient(new Uri("http://127.0.0.1:1"));
        var password = new LiveSecret(client, "kist://secret/x#password");
        Assert.Equal(7, await password.TryAsync(_ => Task.FromResult(7), _ => false));
    }

    [Fact]
    public async Task LeasesThatAreRefusedOneAfterTheOtherAreNotAskedForForever()
    {
        var leases = 0;
        using var service = new HttpService((_, _) => (HttpStatusCode.OK, $$$"""
            {"lease_id":"db/{{{Interlocked.Increment(ref leases)}}}","lease_duration":3600,
             "data":{"path":"db/","type":"database","password":"p{{{leases}}}"}}
            """));
        await using var client = TestServer.NewClient(service.Address, change: o => o.Push = false);
        var password = new LiveSecret(client, "kist://db/creds/app#password")
        {
            Patience = TimeSpan.FromMilliseconds(100),
        };
        var tried = new List<string>();
        await Assert.ThrowsAsync<Refused>(() => password.TryAsync<bool>(async ct =>
        {
            tried.Add(await password.RevealAsync(ct));
            throw new Refused();
        }, e => e is Refused));
        Assert.Equal(tried.Distinct(), tried);
        Assert.InRange(tried.Count, 2, 6);
    }

    [Fact]
    public async Task ManyThatAreRefusedAtOnceShareOneReading()
    {
        var readings = 0;
        using var service = new HttpService((_, _) => (HttpStatusCode.OK, $$$"""
            {"data":{"path":"kv/","type":"kv","password":"p{{{Interlocked.Increment(ref readings)}}}"}}
            """));
        await using var client = TestServer.NewClient(service.Address, change: o => o.Push = false);
        var password = new LiveSecret(client, "kist://kv/app#password");
        var first = await password.RevealAsync(TestContext.Current.CancellationToken);
        using var all = new Barrier(20);
        var before = readings;
        var values = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Factory.StartNew(() =>
            password.TryAsync(async ct =>
            {
                var value = await password.RevealAsync(ct);
                if (value != first) return value;
                all.SignalAndWait(ct);
                throw new Refused();
            }, e => e is Refused), TaskCreationOptions.LongRunning).Unwrap()));
        Assert.Equal(before + 1, readings);
        Assert.Single(values.Distinct());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnApisKeyIsRotatedUnderLoadWithoutAFailure(bool isStoreFirst)
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "key", "key-00");
        await using var client = server.NewClient();
        var accepted = "key-00";
        using var api = new HttpService((authorization, body) =>
            (authorization == "Bearer " + Volatile.Read(ref accepted) ? HttpStatusCode.OK : HttpStatusCode.Unauthorized,
                body));
        var key = new LiveSecret(client, $"kist://secret/{name}#key");
        using var http = new HttpClient(new SecretHeaderHandler(key) { InnerHandler = new SocketsHttpHandler() })
        {
            BaseAddress = api.Address,
        };
        using var over = new CancellationTokenSource();
        var requests = 0;
        var working = Enumerable.Range(0, 10).Select(worker => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                using var answer = await http.PostAsync("x", new StringContent($"body {worker}"));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Equal($"body {worker}", await answer.Content.ReadAsStringAsync());
                Interlocked.Increment(ref requests);
            }
        })).ToArray();
        for (var i = 1; i <= Rotations; i++)
        {
            if (isStoreFirst) await server.PutAsync(name, "key", $"key-{i:00}");
            Volatile.Write(ref accepted, $"key-{i:00}");
            if (!isStoreFirst) await server.PutAsync(name, "key", $"key-{i:00}");
            var before = Volatile.Read(ref requests);
            await TestServer.UntilAsync(
                () => Volatile.Read(ref requests) >= before + 20 || working.Any(w => w.IsFaulted), "requests are made");
        }
        await over.CancelAsync();
        await Task.WhenAll(working);
    }

    [Fact]
    public async Task AKeyThatStaysWrongIsTheServicesAnswer()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "key", "wrong");
        await using var client = server.NewClient();
        using var api = new HttpService((_, _) => (HttpStatusCode.Unauthorized, "who are you"));
        var key = new LiveSecret(client, $"kist://secret/{name}#key") { Patience = TimeSpan.FromMilliseconds(100) };
        using var http = new HttpClient(
            new SecretHeaderHandler(key, "X-Api-Key", null) { InnerHandler = new SocketsHttpHandler() });
        using var answer = await http.GetAsync(api.Address);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("who are you", await answer.Content.ReadAsStringAsync());
    }

    private sealed class Refused : Exception;
}
