using Kist.Client.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Kist.Client.Tests.Configuration;

public sealed class ConfigurationTests(TestServer server)
{
    [Fact]
    public async Task ReferencesAreResolvedOverTheSourcesBefore()
    {
        var name = TestServer.NewName();
        await server.RootAsync("POST", $"secret/data/{name}", """{"data":{"user":"app","password":"p;w"}}""");
        await using var client = server.NewClient();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Plain"] = "x",
                ["Db:Url"] = $"Host=db;User=kist://secret/{name}#user;Password={{kist://secret/{name}#password}}",
                ["Db:Password"] = "overridden",
                ["List:0"] = "a",
                ["List:1"] = $"kist://secret/{name}#user",
            })
            .AddInMemoryCollection(
                new Dictionary<string, string?> { ["db:password"] = $"kist://secret/{name}#password" })
            .AddKist(client).Build();
        Assert.Equal("x", configuration["Plain"]);
        Assert.Equal("Host=db;User=app;Password=p;w", configuration["Db:Url"]);
        Assert.Equal("p;w", configuration["Db:Password"]);
        Assert.Equal(["a", "app"], configuration.GetSection("List").GetChildren().Select(c => c.Value));
    }

    [Fact]
    public async Task AChangeReachesTheOptionsMonitorOnce()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", "one");
        await using var client = server.NewClient();
        await client.Secrets.SettledAsync();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Service:ApiKey"] = $"kist://secret/{name}#k", ["Service:Copy"] = $"kist://secret/{name}#k",
        });
        builder.Configuration.AddKist(client);
        builder.Services.Configure<ServiceOptions>(builder.Configuration.GetSection("Service"));
        using var app = builder.Build();
        var monitor = app.Services.GetRequiredService<IOptionsMonitor<ServiceOptions>>();
        var seen = new List<string>();
        using var listening = monitor.OnChange(o =>
        {
            lock (seen) seen.Add($"{o.ApiKey}{o.Copy}");
        });
        Assert.Equal("one", monitor.CurrentValue.ApiKey);
        await server.PutAsync(name, "k", "two");
        await TestServer.UntilAsync(() => monitor.CurrentValue.ApiKey == "two", "the options change");
        // The same value again is a new version and no change for the options.
        await server.PutAsync(name, "k", "two");
        await server.PutAsync(name, "k", "three");
        await TestServer.UntilAsync(() => monitor.CurrentValue.ApiKey == "three", "the options change again");
        await TestServer.UntilAsync(() =>
        {
            lock (seen) return seen.Count >= 2;
        }, "the listener is called");
        lock (seen) Assert.Equal(["twotwo", "threethree"], seen);
    }

    [Fact]
    public async Task AReferenceThatAppearsLaterIsResolved()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", "one");
        await using var client = server.NewClient();
        var file = Path.Combine(Directory.CreateTempSubdirectory("kist-settings-").FullName, "appsettings.json");
        File.WriteAllText(file, """{"A":"x"}""");
        using var manager = new ConfigurationManager();
        manager.AddJsonFile(file, optional: false, reloadOnChange: false);
        manager.AddKist(client);
        Assert.Equal("x", manager["A"]);
        File.WriteAllText(file, $$"""{"A":"kist://secret/{{name}}#k"}""");
        ((IConfigurationRoot)manager).Reload();
        Assert.Equal("one", manager["A"]);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task AWholeSecretBecomesASection()
    {
        var name = TestServer.NewName();
        await server.RootAsync("POST", $"secret/data/{name}", """{"data":{"Db__User":"app","Port":5432}}""");
        await using var client = server.NewClient();
        var configuration = new ConfigurationBuilder()
            .AddKist(client, o => o.Map($"secret/{name}", "App").Map($"secret/{name}")).Build();
        Assert.Equal("app", configuration["App:Db:User"]);
        Assert.Equal("5432", configuration["Port"]);
    }

    [Theory]
    [InlineData("kist://secret/absent#x", "Service:ApiKey", "there is no secret secret/absent")]
    [InlineData("hunter2;kist://nothing", "Service:ApiKey", "character 16")]
    public async Task AFaultNamesTheSettingAndNeverTheValue(string text, string key, string reason)
    {
        await using var client = server.NewClient();
        var builder = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Service:ApiKey"] = text }).AddKist(client);
        var e = Assert.Throws<KistException>(builder.Build);
        Assert.Contains(key, e.Message);
        Assert.Contains(reason, e.Message);
        Assert.DoesNotContain("hunter2", e.ToString());
    }

    [Fact]
    public async Task AServerThatIsAwayAtStartIsSaidUnlessItMayBe()
    {
        using var nothing = new TcpProxy(1);
        var address = new Uri($"http://127.0.0.1:{nothing.Port}/");
        nothing.Dispose();
        await using var client = TestServer.NewClient(address, change: o => o.Timeout = TimeSpan.FromSeconds(1));
        var settings = new Dictionary<string, string?> { ["A"] = "kist://secret/x#y" };
        var e = Assert.Throws<KistException>(
            () => new ConfigurationBuilder().AddInMemoryCollection(settings).AddKist(client).Build());
        Assert.Equal(KistFailure.Unreachable, e.Failure);
        Assert.Contains(address.ToString(), e.Message);

        var optional = new ConfigurationBuilder().AddInMemoryCollection(settings)
            .AddKist(client, o => o.IsOptional = true).Build();
        Assert.Equal("kist://secret/x#y", optional["A"]);
    }

    [Fact]
    public async Task WithoutReferencesNothingIsSent()
    {
        using var counted = new Caching.CountedServer(server.Server);
        await using var client = TestServer.NewClient(counted.Address);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["A"] = "b" }).AddKist(client).Build();
        Assert.Equal("b", configuration["A"]);
        Assert.Equal(0, counted.Count(""));
    }

    public sealed class ServiceOptions
    {
        public string ApiKey { get; set; } = "";
        public string Copy { get; set; } = "";
    }
}
