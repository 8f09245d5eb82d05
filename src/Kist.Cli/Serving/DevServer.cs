using Kist.Cli.Output;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Seals;
using Kist.Kernel.Tokens;
using Kist.Server.Configuration;

namespace Kist.Cli.Serving;

/// <summary>The development server: in memory, unsealed, on this machine only.</summary>
internal static class DevServer
{
    /// <summary>The root token when none was chosen.</summary>
    public static string Token { get; } = TokenText.NewService();

    public static (ServerConfig? Config, QuickStart? QuickStart, Problem? Problem) Configure(ServerArguments arguments)
    {
        if (!Address.TryParse(arguments.DevAddress, out var endPoint))
            return (null, null, new Problem("the development address is not an IP address and a port",
                "-dev-listen-address=127.0.0.1:8200"));
        var listener = new ListenerConfig(endPoint) { TlsDisable = true };
        if (!listener.IsLoopback)
            return (null, null, new Problem("a development server has no protection and listens on loopback only",
                "use 127.0.0.1, or a real server with --config or --start"));
        return (new ServerConfig
        {
            Storage = new StorageConfig("inmem", null),
            Listeners = [listener],
            Warnings = arguments.ConfigFiles.Count > 0 ? ["with --dev no configuration file is read"] : [],
        }, null, null);
    }

    /// <summary>Initialises, unseals, mounts kv version 2 at secret/.</summary>
    public static async Task SetUpAsync(Node node, ServerArguments arguments)
    {
        using var seal = ShamirSeal.Create();
        var token = arguments.DevToken ?? Token;
        await node.InitializeAsync(seal, new SealConfig(ShamirSeal.TypeName, 1, 1, ""), token, CancellationToken.None);
        await node.UnsealAsync(seal, CancellationToken.None);
        await SecretMounts.EnableAsync(node.Current!, "secret");
        var file = Client.TokenFile.DefaultPath(Environment.GetEnvironmentVariable);
        // Never over a token that is there: it may be of a real server.
        if (arguments.DevStoresToken && !File.Exists(file)) Client.TokenFile.Write(file, token);
    }

    /// <summary>Whether the token is where other commands look for one.</summary>
    public static bool IsKept(string token) =>
        Client.TokenFile.Read(
            Client.TokenFile.DefaultPath(Environment.GetEnvironmentVariable), mustExist: false, out var kept) is null
        && kept == token;

    /// <param name="screen">Where to.</param>
    /// <param name="url">Where it listens.</param>
    /// <param name="token">The root token.</param>
    /// <param name="isKept">Whether other commands find it by themselves.</param>
    public static void Announce(Screen screen, string url, string token, bool isKept)
    {
        screen.Line("");
        screen.Line("WARNING: development mode. Everything is kept in memory, unencrypted on the wire and unsealed,");
        screen.Line("and is gone when this process ends. Do not use it for real secrets.");
        screen.Line("");
        screen.Line($"    export KIST_ADDR='{url}'");
        if (!isKept) screen.Line($"    export KIST_TOKEN='{token}'");
        screen.Line($"Root Token: {token}");
        screen.Line("");
    }
}

/// <summary>Mounts for secrets.</summary>
internal static class SecretMounts
{
    /// <summary>Mounts kv version 2 at <paramref name="name"/>; nothing happens when something is there.</summary>
    public static async Task EnableAsync(Unsealed kernel, string name)
    {
        if (kernel.Mounts.Current.At(name + "/") is not null) return;
        await kernel.Mounts.EnableAsync(new MountEntry
        {
            Path = name + "/", Type = "kv", Uuid = "", Accessor = "", Description = "key/value secret storage",
            Options = new Dictionary<string, string> { ["version"] = "2" },
        }, CancellationToken.None);
    }
}
