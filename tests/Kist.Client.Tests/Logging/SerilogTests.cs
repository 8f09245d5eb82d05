using Kist.Client.Serilog;
using global::Serilog;
using global::Serilog.Core;
using global::Serilog.Events;

namespace Kist.Client.Tests.Logging;

public sealed class SerilogTests(TestServer server)
{
    private const string Value = "serilog-hunter3-value";

    [Fact]
    public async Task NoValueReachesASink()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", Value);
        await using var client = server.NewClient();
        await client.Secrets.GetAsync($"secret/{name}");
        var kept = new KeptEvents();
        await using var log = new LoggerConfiguration().WriteTo.WithoutSecrets(to => to.Sink(kept)).CreateLogger();
        log.Information("plain {Value}", Value);
        log.Information("template " + Value);
        log.Information("{@Object} {@List} {@Map}", new { Inner = new { Value } }, new[] { "a", Value },
            new Dictionary<string, string> { [Value] = Value });
        log.Error(new InvalidOperationException(Value), "failed");
        log.Information("clean {Number}", 5);

        Assert.All(kept.Events, e =>
        {
            Assert.DoesNotContain("hunter3", e.RenderMessage());
            Assert.DoesNotContain("hunter3", string.Join(' ', e.Properties.Select(p => p.Value.ToString())));
            Assert.DoesNotContain("hunter3", e.Exception?.ToString() ?? "");
        });
        Assert.Equal("plain \"[REDACTED]\"", kept.Events[0].RenderMessage());
        Assert.Contains("[REDACTED]", kept.Events[2].RenderMessage());
        Assert.Equal("clean 5", kept.Events[4].RenderMessage());
    }

    private sealed class KeptEvents : ILogEventSink
    {
        public List<LogEvent> Events { get; } = [];

        public void Emit(LogEvent logEvent) => Events.Add(logEvent);
    }
}
