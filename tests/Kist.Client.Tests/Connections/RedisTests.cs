using Kist.Client.Connections;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace Kist.Client.Tests.Connections;

public sealed class RedisTests(TestServer server)
{
    private const int Rotations = 20;

    [Fact]
    public async Task APasswordIsRotatedUnderLoadWithoutAFailure()
    {
        var name = TestServer.NewName();
        using var redis = await DaemonProcess.StartAsync((folder, port) =>
        [
            "redis-server", "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--dir", folder,
            "--user", "app", "on", ">pass-0", "~*", "+@all", "--user", "admin", "on", "nopass", "+@all", "--user",
            "default", "off",
        ]);
        await server.PutAsync(name, "password", "pass-0");
        await using var client = server.NewClient();
        await client.Secrets.SettledAsync();
        var password = new LiveSecret(client, $"kist://secret/{name}#password");
        await using var admin = await ConnectionMultiplexer.ConnectAsync(
            $"127.0.0.1:{redis.Port},user=admin,password=any,allowAdmin=true");

        using var over = new CancellationTokenSource();
        var connected = 0;
        var working = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                await using var app = await ConnectionMultiplexer.ConnectAsync(Options(redis.Port, password));
                await app.GetDatabase().StringIncrementAsync("count");
                Interlocked.Increment(ref connected);
            }
        })).ToArray();
        for (var i = 1; i <= Rotations; i++)
        {
            // Both are accepted until whoever uses it has the new one.
            await admin.GetDatabase().ExecuteAsync("ACL", "SETUSER", "app", $">pass-{i}");
            await server.PutAsync(name, "password", $"pass-{i}");
            var now = $"pass-{i}";
            await TestServer.UntilAsync(async () => await password.RevealAsync() == now, "the password arrives");
            var before = Volatile.Read(ref connected);
            await TestServer.UntilAsync(
                () => Volatile.Read(ref connected) >= before + 5 || working.Any(w => w.IsFaulted), "some connect");
            await admin.GetDatabase().ExecuteAsync("ACL", "SETUSER", "app", $"<pass-{i - 1}");
        }
        await over.CancelAsync();
        await Task.WhenAll(working);
    }

    private static ConfigurationOptions Options(int port, LiveSecret password) => new()
    {
        EndPoints = { { "127.0.0.1", port } },
        Defaults = new RotatingOptions(password),
    };

    /// <summary>What the guide describes: asked at each connection.</summary>
    private sealed class RotatingOptions(LiveSecret password) : DefaultOptionsProvider
    {
        public override string? User => "app";

        public override string? Password => password.Reveal();
    }
}
