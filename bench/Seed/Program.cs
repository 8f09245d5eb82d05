// Fills a data directory made by `kist server --start`: seed CONFIG TOKENFILE SECRETS LEASES. It runs the same pipeline
// as the server, in this process, with many requests under way so that commits are grouped.
using System.Text;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Server;
using Kist.Server.Configuration;
using Kist.Server.Seals.KeyFile;
using Kist.Server.Stores.Sqlite;

var (config, error) = ConfigReader.Read(args[0]);
if (config is null) throw new InvalidOperationException(error);
var token = File.ReadAllText(args[1]).Trim();
var (secrets, leases) = (int.Parse(args[2]), int.Parse(args[3]));

var store = SqliteStore.Open(new SqliteStoreOptions { Directory = config.Storage.Path! });
var seal = new KeyFileSeal(config.Seal.Path!, store, config.Storage.Path);
await using var node =
    new Node(new NodeParts(store, seal, Catalog.Engines, _ => new Dictionary<string, Kist.Kernel.Audit.AuditSinkMaker>
{
    ["file"] = (IReadOnlyDictionary<string, string> _, out Fault? fault) =>
        new Kist.Server.Sinks.File.FileSinks([], "bench").Make(
            new Dictionary<string, string> { ["file_path"] = "discard" }, out fault),
}, TimeProvider.System, NodeLog.Silent, "1.15.0"), new Settings { StorageType = "sqlite" });
await node.UnsealAsync(seal, CancellationToken.None);
var pipeline = new RequestPipeline(node);

await RunAsync("secrets", secrets, i => ($"secret/data/bench/{i:D7}",
    $$$"""{"data":{"password":"correct-horse-battery-{{{i:D7}}}","url":"postgres://app@db.internal:5432/app"}}"""));
await RunAsync("leases", leases, _ =>
    ("auth/token/create", """{"policies":["default"],"ttl":"700h","no_parent":true}"""));

async Task RunAsync(string what, int count, Func<int, (string Path, string Body)> request)
{
    var next = -1;
    var workers = Enumerable.Range(0, 512).Select(_ => Task.Run(async () =>
    {
        for (int i; (i = Interlocked.Increment(ref next)) < count;)
        {
            var (path, body) = request(i);
            RequestPath.TryCreate(path, out var canonical, out string? _);
            using var response = await pipeline.HandleAsync(new Request
            {
                Id = Guid.NewGuid(), Operation = Operation.Update, Path = canonical, Token = token,
                Body = Encoding.UTF8.GetBytes(body),
            });
            if (response.Fault is { } fault) throw new InvalidOperationException(fault.Text);
            if (i % 100_000 == 99_999) Console.WriteLine($"{i + 1} {what}");
        }
    }));
    await Task.WhenAll(workers);
}
