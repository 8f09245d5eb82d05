using Kist.Kernel.Audit;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tests.Barrier;
using Xunit;
using static Kist.Kernel.Tests.Audit.Scene;

namespace Kist.Kernel.Tests.Audit;

public sealed class AuditRegistryTests
{
    private MemorySink _sink = new();

    private Dictionary<string, AuditSinkMaker> Makers => new()
    {
        ["memory"] = (IReadOnlyDictionary<string, string> options, out Fault? fault) =>
        {
            fault = options.ContainsKey("bad") ? Fault.Invalid("the option \"bad\" is bad") : null;
            return fault is null ? _sink : null;
        },
    };

    private ValueTask<AuditRegistry> OpenAsync(Opened opened, string writer = "n1") => AuditRegistry.OpenAsync(
        opened.Barrier.View("core/audit/"), writer, new TickingClock(), Makers, null, null, default);

    private static AuditSinkEntry New(string path, string type = "memory") =>
        new() { Path = path, Type = type, Description = "d", Options = Options("mode", "0600") };

    private static Dictionary<string, string> Options(string name, string value) => new() { [name] = value };

    [Fact]
    public async Task Sinks_headers_and_keys_outlive_the_process()
    {
        using var opened = await Opened.FreshAsync();
        var registry = await OpenAsync(opened);
        Assert.Null(await registry.EnableAsync(New("file"), default));
        await registry.SetHeadersAsync([new("x-request-id", Hmac: true)], default);
        var (hash, key) = (registry.Broker.Hash("file/", "foo"), registry.Broker.PublicKeyPem);
        await registry.DisposeAsync();
        registry = await OpenAsync(opened);
        var entry = Assert.Single(registry.Broker.Sinks);
        Assert.Equal(("file/", "memory"), (entry.Path, entry.Type));
        Assert.Equal(("d", "0600"), (entry.Description, entry.Options["mode"]));
        Assert.Equal(hash, registry.Broker.Hash("file/", "foo"));
        Assert.Equal(key, registry.Broker.PublicKeyPem);
        Assert.Equal(new AuditedHeader("x-request-id", true), Assert.Single(registry.Broker.Headers));
        await registry.DisableAsync("file", default);
        await registry.DisposeAsync();
        var verdict = await VerifyAsync(_sink.Text, key);
        Assert.Null(verdict.Problem);
        Assert.Equal(verdict.Last.Sequence, verdict.ProvenSequence);
        registry = await OpenAsync(opened);
        Assert.Empty(registry.Broker.Sinks);
        await registry.DisposeAsync();
    }

    [Fact]
    public async Task A_log_that_was_cut_while_the_server_was_down_is_noticed()
    {
        using var opened = await Opened.FreshAsync();
        var registry = await OpenAsync(opened);
        Assert.Null(await registry.EnableAsync(New("file/"), default));
        await registry.RememberAsync(default);
        await registry.DisposeAsync();
        _sink.Text = _sink.Lines[0] + "\n";
        registry = await OpenAsync(opened);
        await registry.DisposeAsync();
        var problem = (await VerifyAsync(_sink.Text)).Problem;
        Assert.Equal(("cut", 2L), (problem?.Kind, problem?.Line));
    }

    [Fact]
    public async Task Each_writer_has_a_chain_and_a_memory_of_its_own()
    {
        using var opened = await Opened.FreshAsync();
        var (first, second) = (_sink, new MemorySink());
        var one = await OpenAsync(opened);
        Assert.Null(await one.EnableAsync(New("file/"), default));
        await one.Broker.ReopenAsync();
        _sink = second;
        var two = await OpenAsync(opened, "n2");
        await one.DisposeAsync();
        await two.DisposeAsync();
        Assert.True(first.Lines.Length > second.Lines.Length);
        await (await OpenAsync(opened, "n2")).DisposeAsync();
        Assert.Null((await VerifyAsync(second.Text)).Problem);
        (_sink, first.Text) = (first, first.Lines[0] + "\n");
        await (await OpenAsync(opened)).DisposeAsync();
        Assert.Equal("cut", (await VerifyAsync(first.Text)).Problem?.Kind);
    }

    [Fact]
    public async Task Unknown_types_wrong_options_and_broken_media_store_nothing()
    {
        using var opened = await Opened.FreshAsync();
        var registry = await OpenAsync(opened);
        var unknown = await registry.EnableAsync(New("a/", "nope"), default);
        Assert.Equal("unknown backend type: \"nope\"", unknown?.Message);
        var bad = New("a/") with { Options = Options("bad", "x") };
        Assert.Contains("\"bad\"", (await registry.EnableAsync(bad, default))?.Message);
        _sink.Failure = new IOException("broken");
        Assert.Contains("broken", (await registry.EnableAsync(New("a/"), default))?.Message);
        Assert.Empty(await opened.Barrier.Root.ScanAsync("core/audit/sinks/", "", 0, default));
        Assert.Empty(registry.Broker.Sinks);
        await registry.DisposeAsync();
    }

    [Fact]
    public async Task A_stored_sink_that_cannot_be_opened_stops_the_start()
    {
        using var opened = await Opened.FreshAsync();
        var registry = await OpenAsync(opened);
        Assert.Null(await registry.EnableAsync(New("file/"), default));
        await registry.DisposeAsync();
        _sink.Failure = new IOException("broken");
        var failure = await Assert.ThrowsAsync<AuditOpenException>(() => OpenAsync(opened).AsTask());
        Assert.Contains("file/", failure.Message);
    }
}
