using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Kernel.Tokens;
using Xunit;

namespace Kist.Server.Tests.Routes;

/// <summary>
/// A node in memory with every engine of the catalog mounted and a file as audit: what the tests that walk the whole
/// route table need. A route that is added later is walked too, without a line of test.
/// </summary>
public sealed class EveryRoute : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kist-routes-");
    private readonly Dictionary<string, List<string>> _types = [];
    private StreamReader? _audit;
    private readonly ShamirSeal _seal = ShamirSeal.Create();

    /// <summary>The node, unsealed.</summary>
    public Node Node { get; private set; } = null!;

    /// <summary>The root token.</summary>
    public string Root { get; private set; } = "";

    /// <summary>What a request runs through.</summary>
    public RequestPipeline Pipeline { get; private set; } = null!;

    private string AuditFile => Path.Combine(_folder.FullName, "audit.log");

    /// <summary>Every route of every mount, with a path that leads to it.</summary>
    public IEnumerable<(Mount Mount, Route Route, string Path)> All =>
        from mount in Node.Current!.Mounts.Current.All
        from route in mount.Routes.Routes
        // Sealing comes last, because nothing works after it.
        orderby route.Pattern == "seal"
        select (mount, route, PathOf(mount, route, "probe"));

    /// <summary>How a route is named in lists and messages.</summary>
    public static string NameOf(Mount mount, Route route) => $"{route.Operation} {mount.Path}{route.Pattern}";

    /// <summary>
    /// A path that the route's pattern takes, with <paramref name="name"/> in place of its captures.
    /// </summary>
    public static string PathOf(Mount mount, Route route, string name)
    {
        var parts = route.Pattern.Split('/').Select(part => part.StartsWith('{') ? name : part);
        var path = mount.Path + string.Join('/', parts);
        return route.Operation is Operation.List && !path.EndsWith('/') ? path + "/" : path;
    }

    /// <summary>Runs one request.</summary>
    public async Task<Response> SendAsync(
        Guid id, Operation operation, string path, string? token, string? body = null, (string, string)[]? query = null)
    {
        Assert.True(RequestPath.TryCreate(path, out var canonical, out var error), $"{path}: {error}");
        return await Pipeline.HandleAsync(new Request
        {
            Id = id,
            Operation = operation is Operation.Create ? Operation.Update : operation,
            Path = canonical,
            Token = token,
            Body = body is null ? default : Encoding.UTF8.GetBytes(body),
            Query = query?.Select(pair => KeyValuePair.Create(pair.Item1, pair.Item2)).ToList(),
            Remote = IPAddress.Loopback,
            Header = _ => null,
        });
    }

    /// <summary>A token with policies of these texts.</summary>
    public async Task<string> TokenAsync(params string[] policies)
    {
        var names = new List<string>();
        foreach (var policy in policies)
        {
            names.Add("attack-" + Guid.NewGuid().ToString("N"));
            var body = new JsonObject { ["policy"] = policy }.ToJsonString();
            using var written = await SendAsync(
                Guid.NewGuid(), Operation.Update, "sys/policies/acl/" + names[^1], Root, body);
            Assert.Null(written.Fault);
        }
        return await TokenOfAsync(Node.Current!, [.. names]);
    }

    /// <summary>A token that may do nothing.</summary>
    public Task<string> PowerlessAsync() => TokenOfAsync(Node.Current!, ["none"]);

    /// <summary>A root token of its own for one request, which may revoke it.</summary>
    public Task<string> FreshRootAsync() => TokenOfAsync(Node.Current!, ["root"]);

    /// <summary>The types of the audit's lines about one request; each line is read once.</summary>
    public IReadOnlyList<string> AuditTypesOf(Guid request)
    {
        while (_audit!.ReadLine() is { } text)
        {
            var line = JsonNode.Parse(text)!;
            if ((string?)line["request"]?["id"] is not { } id) continue;
            if (!_types.TryGetValue(id, out var types)) _types[id] = types = [];
            types.Add((string)line["type"]!);
        }
        return _types.GetValueOrDefault(request.ToString()) ?? [];
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Node = new Node(new NodeParts(new MemoryStore(), null, Catalog.Engines, Catalog.Sinks, TimeProvider.System,
            NodeLog.Silent, "1.15.0"),
            new Settings { AuditFolders = [_folder.FullName], StorageType = "inmem" });
        Pipeline = new RequestPipeline(Node);
        Root = await Node.InitializeAsync(_seal, new SealConfig(ShamirSeal.TypeName, 1, 1, ""), null, default);
        await Node.UnsealAsync(_seal, default);
        foreach (var kind in Catalog.Engines.Where(kind => kind.IsMountable)) await MountAsync(kind);
        using var enabled = await SendAsync(Guid.NewGuid(), Operation.Update, "sys/audit/file", Root,
            new JsonObject { ["type"] = "file", ["options"] = new JsonObject { ["file_path"] = AuditFile } }
                .ToJsonString());
        Assert.Null(enabled.Fault);
        _audit = new StreamReader(new FileStream(AuditFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _audit?.Dispose();
        await Node.DisposeAsync();
        _seal.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task MountAsync(EngineKind kind)
    {
        foreach (var version in kind.Type == "kv" ? (string[])["1", "2"] : [""])
        {
            var body = new JsonObject { ["type"] = kind.Type };
            if (version.Length > 0) body["options"] = new JsonObject { ["version"] = version };
            var path = (kind.IsLogin ? "sys/auth/" : "sys/mounts/") + "at-" + kind.Type + version;
            using var mounted = await SendAsync(Guid.NewGuid(), Operation.Update, path, Root, body.ToJsonString());
            Assert.True(mounted.Fault is null, $"{kind.Type}: {mounted.Fault?.Text}");
        }
    }

    private static async Task<string> TokenOfAsync(Unsealed kernel, string[] policies)
    {
        var (issued, fault) = await kernel.Tokens.CreateAsync(
            new TokenEntry { Policies = policies, Path = "auth/token/create", DisplayName = "token" },
            policies is ["root"] ? TimeSpan.Zero : TimeSpan.FromHours(1), null, default);
        Assert.Null(fault);
        return issued!.Token;
    }
}
