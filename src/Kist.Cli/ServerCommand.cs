using System.CommandLine;
using Kist.Cli.Output;
using Kist.Cli.Serving;

namespace Kist.Cli;

/// <summary><c>kist server</c>: with a configuration file, for development, or set up from nothing.</summary>
internal static class ServerCommand
{
    public static Command Create()
    {
        var command = new KistCommand("server", "Run the server")
        {
            Details = """
                With --config it runs what the file says: the keys are those of Vault's configuration (storage,
                listener, seal, api_addr, log_level, …), in HCL or JSON. SIGHUP reads the file again, certificates
                and audit files included; listen addresses need a restart. SIGTERM and Ctrl-C stop it after the
                running requests.

                With --dev it keeps everything in memory, unsealed, on this machine only. Never for real secrets.

                With --start DIRECTORY it makes whatever is missing (configuration, key file, root token, mounts dev,
                staging, prod and secret, an audit file) and comes up unsealed, this time and every next time.
                """,
            Examples =
            [
                "kist server --config /etc/kist/kist.hcl",
                "kist server --config /etc/kist/kist.hcl --check",
                "kist server -dev -dev-root-token-id=root",
                "kist server --start ~/kist",
            ],
        };
        var config = command.Repeated("--config", "FILE", "Configuration file, or a folder of them");
        var check = command.Switch("--check",
            "Only read the configuration and its certificates, and say what is wrong with them");
        var dev = command.Switch("--dev", "Development server: in memory, unsealed, loopback only");
        var devToken = command.Option<string?>("--dev-root-token-id", "ID",
            "The root token of a development server (VAULT_DEV_ROOT_TOKEN_ID; else a random one)");
        var devAddress = command.Option<string?>("--dev-listen-address", "HOST:PORT",
            "Where a development server listens (VAULT_DEV_LISTEN_ADDRESS; else 127.0.0.1:8200)");
        var devNoStore = command.Switch("--dev-no-store-token",
            "Do not keep the development root token for other commands");
        var start = command.Option<string?>("--start", "DIRECTORY", "Set up and run a server whose data lies there");
        var listen = command.Option<string?>("--listen", "HOST:PORT",
            "With --start: where to listen (else 127.0.0.1:8200)");
        var level = command.Option<string?>("--log-level", "LEVEL",
            "trace, debug, info, warn or error (KIST_LOG_LEVEL, VAULT_LOG_LEVEL; else the file's, else info)");
        var format = command.Option<string?>("--log-format", "FORMAT",
            "standard or json (KIST_LOG_FORMAT, VAULT_LOG_FORMAT; else the file's, else standard)");
        command.SetAction((parsed, _) => RunAsync(new ServerArguments
        {
            IsListenGiven = parsed.GetValue(listen) is not null,
            ConfigFiles = parsed.GetValue(config) ?? [],
            Check = parsed.GetValue(check),
            Dev = parsed.GetValue(dev) || parsed.GetValue(devToken) is not null
                || parsed.GetValue(devAddress) is not null,
            DevToken = parsed.GetValue(devToken) ?? Variable("DEV_ROOT_TOKEN_ID"),
            DevAddress = parsed.GetValue(devAddress) ?? Variable("DEV_LISTEN_ADDRESS") ?? "127.0.0.1:8200",
            DevStoresToken = !parsed.GetValue(devNoStore),
            StartDirectory = parsed.GetValue(start),
            ListenAddress = parsed.GetValue(listen) ?? parsed.GetValue(Globals.Address),
            LogLevel = parsed.GetValue(level) ?? Variable("LOG_LEVEL"),
            LogFormat = parsed.GetValue(format) ?? Variable("LOG_FORMAT"),
        }, Screen.OfProcess(parsed.GetValue(Globals.NoColour), parsed.GetValue(Globals.Quiet))));
        return command;
    }

    private static async Task<int> RunAsync(ServerArguments arguments, Screen screen)
    {
        if (Contradiction(arguments) is { } contradiction) return screen.Show(contradiction);
        if (arguments.Check) return ServerRun.Check(arguments, screen);
        StandardStreams.Fill();
        var (run, problem) = ServerRun.Prepare(arguments);
        if (problem is not null) return screen.Show(problem);
        return await run!.RunAsync(screen);
    }

    /// <summary>What would be passed over silently is refused: whoever writes it expects something of it.</summary>
    private static Problem? Contradiction(ServerArguments arguments) => arguments switch
    {
        { StartDirectory: null, IsListenGiven: true } => new Problem("--listen goes with --start",
            "--dev-listen-address for a development server, a listener in the file for --config"),
        { StartDirectory: not null, ConfigFiles.Count: > 0 } => new Problem(
            "--start and --config exclude each other: --start writes and reads DIRECTORY/kist.hcl",
            "change that file, or run with --config alone"),
        { StartDirectory: not null, Dev: true } => new Problem("--start and --dev exclude each other",
            "--start keeps its data, --dev keeps nothing"),
        _ => null,
    };

    private static string? Variable(string name)
    {
        foreach (var prefix in (ReadOnlySpan<string>)["KIST_", "VAULT_"])
            if (Environment.GetEnvironmentVariable(prefix + name) is { Length: > 0 } text) return text;
        return null;
    }
}
