using Kist.Client.Logging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kist.Client.Tests.Logging;

public sealed class RedactionTests(TestServer server)
{
    private const string Value = "Zq8-hunter2/+ü\"x";

    [Fact]
    public async Task NoFormOfAValueReachesALog()
    {
        await HandOutAsync();
        using var kept = new KeptLogs();
        await using var services = new ServiceCollection()
            .AddLogging(b => b.AddProvider(kept).AddKistRedaction()).BuildServiceProvider();
        var log = services.GetRequiredService<ILogger<RedactionTests>>();
        var base64 = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Value));
        log.LogInformation("plain {Value} and {Other}", Value, 5);
        log.LogInformation("header {Header}", "Basic " + base64);
        log.LogInformation($"interpolated {Value}");
        log.LogError(new InvalidOperationException($"login with {Value} failed", new IOException(Value)), "failed");
        using (log.BeginScope("scope {Value}", Value))
        using (log.BeginScope(new Dictionary<string, object> { ["Secret"] = Value })) log.LogInformation("inside");
        log.Log(LogLevel.Information, default, new Opaque(), null, (_, _) => "formatted " + Value);

        Assert.Equal(11, kept.Lines.Count(l => l.Contains("[REDACTED]")));
        Assert.All(kept.Lines, line =>
        {
            Assert.DoesNotContain("hunter2", line);
            Assert.DoesNotContain(base64, line);
        });
        Assert.Contains("plain [REDACTED] and 5", kept.Lines);
        Assert.Contains("Value=[REDACTED]", kept.Lines);
        Assert.Contains("Other=5", kept.Lines);
    }

    [Fact]
    public async Task WhatHoldsNoValuePassesUntouched()
    {
        await HandOutAsync();
        using var kept = new KeptLogs();
        await using var services = new ServiceCollection()
            .AddLogging(b => b.AddProvider(kept).AddKistRedaction().AddKistRedaction()).BuildServiceProvider();
        var failure = new InvalidOperationException("nothing");
        services.GetRequiredService<ILoggerFactory>().CreateLogger("c").LogWarning(failure, "a {B} c", 1);
        Assert.Equal("a 1 c", kept.Lines[0]);
        Assert.Same(failure, kept.Exceptions[0]);
        Assert.Contains("{OriginalFormat}=a {B} c", kept.Lines);
    }

    [Fact]
    public async Task AnyTextIsMasked()
    {
        await HandOutAsync();
        Assert.Equal("x[REDACTED]y", KistRedaction.Mask($"x{Value}y"));
        var clean = "nothing here";
        Assert.Same(clean, KistRedaction.Mask(clean));
    }

    [Fact]
    public async Task AServersTextThatQuotesAValueIsMasked()
    {
        await HandOutAsync();
        await using var client = server.NewClient();
        var e = await Assert.ThrowsAsync<KistException>(() => client.WriteAsync(
            "auth/token/create", json => json.WriteString("ttl", Value)));
        Assert.DoesNotContain("hunter2", e.ToString());
    }

    private async Task HandOutAsync()
    {
        var name = TestServer.NewName();
        await server.PutAsync(name, "k", Value);
        await using var client = server.NewClient();
        await client.Secrets.GetAsync($"secret/{name}");
    }

    private sealed class Opaque;

    /// <summary>A provider that keeps all it is told, as text.</summary>
    private sealed class KeptLogs : ILoggerProvider, ILogger
    {
        public List<string> Lines { get; } = [];

        public List<Exception> Exceptions { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull
        {
            Keep(state);
            return null;
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            Lines.Add(formatter(state, exception));
            Keep(state);
            if (exception is null) return;
            Exceptions.Add(exception);
            Lines.Add(exception.Message);
            Lines.Add(exception.ToString());
        }

        public void Dispose()
        {
        }

        private void Keep<TState>(TState state)
        {
            if (state is IEnumerable<KeyValuePair<string, object?>> parts)
                Lines.AddRange(parts.Select(p => $"{p.Key}={p.Value}"));
            else Lines.Add(state?.ToString() ?? "");
        }
    }
}
