using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Server.Configuration;
using Xunit;

namespace Kist.Server.Tests.Routes;

/// <summary>
/// A handler that fails with a secret in its hands (security.md E03): the caller gets an id, the log the kind of
/// failure, the audit both lines, and none of them the secret.
/// </summary>
public sealed class DefectTests : IAsyncLifetime
{
    private const string Secret = "cnry9Kd2LqXv7Bn";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kist-defect-");
    private readonly MemoryStream _log = new();
    private readonly ShamirSeal _seal = ShamirSeal.Create();
    private Node _node = null!;
    private RequestPipeline _pipeline = null!;

    private string AuditFile => Path.Combine(_folder.FullName, "audit.log");

    [Theory]
    [InlineData(Operation.Read, "defect", 500)]
    [InlineData(Operation.Update, "defect", 500)]
    [InlineData(Operation.Update, "json", 500)]
    [InlineData(Operation.Update, "inner", 500)]
    [InlineData(Operation.Read, "damaged", 500)]
    [InlineData(Operation.Update, "full", 507)]
    [InlineData(Operation.Read, "cancelled", 503)]
    public async Task AFailureIsAuditedAndNeverQuotesTheSecret(Operation operation, string how, int status)
    {
        var id = Guid.NewGuid();

        using var answer = await SendAsync(operation, "broken/" + how,
            operation is Operation.Update ? new JsonObject { ["secret"] = Secret }.ToJsonString() : "", id);

        Assert.Equal(status, answer.Fault!.Kind switch
        {
            FaultKind.Internal => 500,
            FaultKind.Unavailable => 503,
            FaultKind.StorageFull => 507,
            _ => 0,
        });
        Assert.DoesNotContain(Secret, answer.Fault.Text, StringComparison.Ordinal);
        var log = Encoding.UTF8.GetString(_log.ToArray());
        Assert.Contains(id.ToString(), log, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, log, StringComparison.Ordinal);
        var lines = (await File.ReadAllLinesAsync(AuditFile)).Where(line => line.Contains(id.ToString(),
            StringComparison.Ordinal)).ToList();
        Assert.Equal(["request", "response"], lines.Select(line => (string)JsonNode.Parse(line)!["type"]!));
        Assert.DoesNotContain(lines, line => line.Contains(Secret, StringComparison.Ordinal));
        Assert.NotNull(JsonNode.Parse(lines[1])!["error"]);
        using var next = await SendAsync(Operation.Read, "auth/token/lookup-self", "", Guid.NewGuid());
        Assert.Null(next.Fault);
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var log = new LogWriter(_log, TimeProvider.System);
        log.Configure(LogLevel.Trace, json: false);
        EngineKind[] kinds = [.. Catalog.Engines, new("broken", false, _ => new BrokenEngine())];
        _node = new Node(new NodeParts(new MemoryStore(), null, kinds, Catalog.Sinks, TimeProvider.System,
            new NodeLog(log.Write), "1.15.0"), new Settings { AuditFolders = [_folder.FullName] });
        _pipeline = new RequestPipeline(_node);
        await _node.InitializeAsync(_seal, new SealConfig(ShamirSeal.TypeName, 1, 1, ""), "root", default);
        await _node.UnsealAsync(_seal, default);
        Assert.Null(await _node.Current!.Mounts.EnableAsync(
            new MountEntry { Path = "broken/", Type = "broken", Uuid = "", Accessor = "" }, default));
        using var enabled = await SendAsync(Operation.Update, "sys/audit/file",
            new JsonObject { ["type"] = "file", ["options"] = new JsonObject { ["file_path"] = AuditFile } }
                .ToJsonString(), Guid.NewGuid());
        Assert.Null(enabled.Fault);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _seal.Dispose();
        await _log.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<Response> SendAsync(Operation operation, string path, string body, Guid id)
    {
        Assert.True(RequestPath.TryCreate(path, out var canonical, out var error), error);
        return await _pipeline.HandleAsync(new Request
        {
            Id = id,
            Operation = operation,
            Path = canonical,
            Token = "root",
            Body = Encoding.UTF8.GetBytes(body),
            Remote = IPAddress.Loopback,
            Header = _ => null,
        });
    }

    /// <summary>Fails in every way that a handler can.</summary>
    private sealed class BrokenEngine : IEngine
    {
        private static readonly Field<string> s_how = Fields.Text("how", "The way to fail.");
        private static readonly Field<string> s_secret = Fields.Text("secret", "What must not be told.", Secret);

        public IReadOnlyList<Route> Routes { get; } =
        [
            new(Operation.Read, "{how}", FailAsync, "Fails.", s_how, s_secret),
            new(Operation.Update, "{how}", FailAsync, "Fails.", s_how, s_secret),
        ];

        private static async ValueTask<Response> FailAsync(Call call)
        {
            await Task.Yield();
            var secret = call.Get(s_secret);
            throw call.Get(s_how) switch
            {
                "json" => new JsonException($"'{secret}' is an invalid start of a value"),
                "inner" => new InvalidOperationException("outer " + secret, new FormatException(secret)),
                "damaged" => new CorruptEntryException("broken/1"),
                "full" => new StoreException(StoreFailure.Full, "no room"),
                "cancelled" => new OperationCanceledException(secret),
                _ => new InvalidOperationException($"cannot handle {secret}") { Data = { ["secret"] = secret } },
            };
        }
    }
}
