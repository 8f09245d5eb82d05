using Kist.Client.Caching;
using Kist.Client.Hosting;
using Kist.Client.Logins;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kist.Client.Tests.Hosting;

public sealed class HostingTests(TestServer server)
{
    [Fact]
    public async Task OneLineGivesAnApplicationAllOfIt()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", "value-of-hosting");
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?> { ["A"] = $"kist://secret/{name}#k" });
        builder.AddKist(o => (o.Address, o.Login) = (server.Server.Address, TokenLogin.Of(KistServer.DevRootToken)));
        builder.Services.AddHealthChecks().AddKist();
        using var app = builder.Build();
        Assert.Equal("value-of-hosting", app.Services.GetRequiredService<IConfiguration>()["A"]);
        Assert.Same(
            app.Services.GetRequiredService<KistClient>().Secrets, app.Services.GetRequiredService<SecretCache>());
        Assert.Contains("Redacting", app.Services.GetRequiredService<ILoggerFactory>().GetType().Name);
        var report = await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(HealthStatus.Healthy, report.Entries["kist"].Status);
    }

    [Fact]
    public async Task HealthSaysWhatStandsIn()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", "v");
        using var proxy = new TcpProxy(server.Server.Address.Port);
        await using var client = TestServer.NewClient(new Uri($"http://127.0.0.1:{proxy.Port}/"), change: o =>
        {
            o.Timeout = TimeSpan.FromMilliseconds(500);
            o.Retries = 0;
        });
        await using var services = new ServiceCollection().AddLogging().AddSingleton(client)
            .AddHealthChecks().AddKist().Services.BuildServiceProvider();
        var checks = services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Healthy, (await checks.CheckHealthAsync()).Status);
        await client.Secrets.GetAsync($"secret/{name}");
        proxy.Pause();
        proxy.CutAll();
        Assert.Equal(HealthStatus.Degraded, (await checks.CheckHealthAsync()).Status);
        proxy.Resume();
        Assert.Equal(HealthStatus.Healthy, (await checks.CheckHealthAsync()).Status);
    }

    [Fact]
    public async Task ALoginThatIsRefusedIsUnhealthy()
    {
        await using var client = server.NewClient(TokenLogin.Of("kst.no-such-token"));
        await using var services = new ServiceCollection().AddLogging().AddSingleton(client)
            .AddHealthChecks().AddKist().Services.BuildServiceProvider();
        var report = await services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.DoesNotContain("no-such-token", report.Entries["kist"].Description);
    }
}
