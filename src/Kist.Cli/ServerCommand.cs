using System.Net;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Server;

namespace Kist.Cli;

/// <summary><c>kist server</c>.</summary>
public static class ServerCommand
{
    /// <summary>Runs the server; flags with one or two dashes, as Vault has them.</summary>
    public static Task<int> RunAsync(string[] args)
    {
        string Flag(string name, string value) =>
            args.Select(a => a.TrimStart('-').Split('=', 2)).FirstOrDefault(p => p[0] == name)?[^1] ?? value;
        return RunDevAsync(Flag("dev-root-token-id", "root"), IPEndPoint.Parse(Flag("dev-listen-address", "127.0.0.1:8200")));
    }

    private static async Task<int> RunDevAsync(string rootToken, IPEndPoint address)
    {
        var parts = new NodeParts(new MemoryStore(), null, Catalog.Engines, Catalog.Sinks, TimeProvider.System,
            new NodeLog((level, text, e) => Console.Error.WriteLine($"[{level}] {text} {e}")), "1.15.0");
        var node = new Node(parts, new Settings { StorageType = "inmem" });
        using var seal = ShamirSeal.Create();
        await node.InitializeAsync(seal, new SealConfig("shamir", 1, 1, ""), rootToken, CancellationToken.None);
        await node.Current!.Mounts.EnableAsync(new MountEntry
        {
            Path = "secret/", Type = "kv", Uuid = "", Accessor = "", Description = "key/value secret storage",
            Options = new Dictionary<string, string> { ["version"] = "2" },
        }, CancellationToken.None);
        await using var server = await KistServer.StartAsync(node, [new Listener(address, null)], CancellationToken.None);
        Console.Error.WriteLine($"Kist dev server on http://{address}");
        var stop = new TaskCompletionSource();
        using var term = System.Runtime.InteropServices.PosixSignalRegistration.Create(
            System.Runtime.InteropServices.PosixSignal.SIGTERM, c => { c.Cancel = true; stop.TrySetResult(); });
        using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(
            System.Runtime.InteropServices.PosixSignal.SIGINT, c => { c.Cancel = true; stop.TrySetResult(); });
        await stop.Task;
        return 0;
    }
}
