using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kist.Cli.Output;
using Kist.Kernel.Audit;
using Kist.Kernel.Barrier;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Kist.Server;
using Kist.Server.Configuration;
using Microsoft.AspNetCore.Connections;

namespace Kist.Cli.Serving;

/// <summary>
/// One run of the server: configuration, store, seal, node, listeners, then signals until it stops. What a person did
/// wrong comes back as a problem before anything is opened.
/// </summary>
internal sealed class ServerRun
{
    /// <summary>
    /// The version that clients see. They parse it and switch on it, so it is that of the API that Kist speaks.
    /// </summary>
    public const string ApiVersion = "1.15.0";

    /// <summary>How long to wait for another server to stop.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly ServerArguments _arguments;
    private readonly LogWriter _log = new(Console.OpenStandardError(), TimeProvider.System);
    private readonly QuickStart? _quickStart;
    private ServerConfig _config;
    private List<Certificates> _certificates = [];

    private ServerRun(ServerArguments arguments, ServerConfig config, QuickStart? quickStart)
    {
        (_arguments, _config, _quickStart) = (arguments, config, quickStart);
        _log.Configure(config.LogLevel, config.LogsJson);
    }

    /// <summary>Reads and checks everything that can be checked before the store is opened.</summary>
    public static (ServerRun? Run, Problem? Problem) Prepare(ServerArguments arguments)
    {
        var (config, quickStart, problem) = Load(arguments);
        return problem is null ? (new ServerRun(arguments, config!, quickStart), null) : (null, problem);
    }

    /// <summary>Reads what the configuration files say and name; nothing is opened or made.</summary>
    public static int Check(ServerArguments arguments, Screen screen)
    {
        var (config, _, problem) = Load(arguments);
        if (problem is not null) return screen.Show(problem);
        foreach (var warning in config!.Warnings) screen.Warn(warning);
        try
        {
            foreach (var listener in config.Listeners.Where(l => l.UsesTls && l.CertificateFile is not null))
                _ = new Certificates(listener, "", TimeProvider.System);
        }
        catch (Exception e) when (ProblemOf(e) is not null)
        {
            return screen.Show(ProblemOf(e)!);
        }
        screen.Remark("The configuration is in order");
        return 0;
    }

    /// <summary>Serves until a signal. The exit code: 0 after a graceful stop, 1 when it could not start.</summary>
    public async Task<int> RunAsync(Screen screen)
    {
        foreach (var warning in _config.Warnings) _log.Write(LogLevel.Warn, warning, null);
        if (!_arguments.Dev)
            foreach (var failure in ProcessHardening.Apply()) _log.Write(LogLevel.Warn, failure, null);
        Node? node = null;
        try
        {
            using var signals = new Signals();
            node = await OpenNodeAsync();
            if (_arguments.Dev) await DevServer.SetUpAsync(node, _arguments);
            else await StartSealedOrNotAsync(node, signals.Stopping);
            _certificates = [.. _config.Listeners.Where(l => l.UsesTls).Select(l =>
                new Certificates(l, TlsFolder, TimeProvider.System))];
            var listeners = _config.Listeners.Select(l => new Listener(
                l.EndPoint, _certificates.FirstOrDefault(c => ReferenceEquals(c.Listener, l)) is { } own
                    ? own.Handshake
                    : null));
            await using (await KistServer.StartAsync(node, [.. listeners], CancellationToken.None))
            {
                TryAnnounce(screen, node);
                signals.OnReload(() => Reload(node));
                WritePidFile();
                ProgramPages.GiveBack();
                await signals.StopRequested;
                _log.Write(LogLevel.Info, "stopping", null);
            }
            if (_config.PidFile is { } pid) File.Delete(pid);
            return 0;
        }
        catch (Exception e) when (ProblemOf(e) is not null)
        {
            if (node is not null) await node.DisposeAsync();
            return screen.Show(ProblemOf(e)!);
        }
    }

    private static void TryAddress(IPEndPoint endPoint)
    {
        using var probe = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            probe.Bind(endPoint);
            probe.Listen();
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException($"the address {endPoint} is in use already", e);
        }
    }

    private string TlsFolder => Path.Combine(_config.Storage.Folder, "tls");

    private async ValueTask<Node> OpenNodeAsync()
    {
        var store = await OpenStoreAsync();
        var seal = Catalog.Seal(_config.Seal, store, _config.Storage);
        var node = new Node(new NodeParts(store, seal, Catalog.Engines, Catalog.Sinks, TimeProvider.System,
            new NodeLog(_log.Write) { Threshold = _log.Threshold }, ApiVersion)
        {
            OldSeal = Catalog.Seal(_config.OldSeal, store, _config.Storage),
        }, SettingsOf(_config));
        if (_quickStart is not null) await _quickStart.SetUpAsync(node);
        return node;
    }

    /// <summary>
    /// Opens the store. At a restart the old process may still be stopping, so a store in use is waited for, and its
    /// addresses with it.
    /// </summary>
    private async ValueTask<IStore> OpenStoreAsync()
    {
        var hasTold = false;
        for (var started = Stopwatch.GetTimestamp(); ; await Task.Delay(TimeSpan.FromMilliseconds(50)))
        {
            try
            {
                // Before anything is made or opened: a server that cannot listen must leave no half of itself behind.
                foreach (var listener in _config.Listeners) TryAddress(listener.EndPoint);
                var storage = _config.Storage with { Environment = StoreAddress.EnvironmentOfPostgres() };
                return Catalog.Store(storage, text => _log.Write(LogLevel.Warn, text, null));
            }
            catch (Exception e) when (IsInUse(e) && Stopwatch.GetElapsedTime(started) < StopPatience)
            {
                if (!hasTold) _log.Write(LogLevel.Warn,
                    $"{ProblemOf(e)!.Message}; trying again for {StopPatience.TotalSeconds} s", null);
                hasTold = true;
            }
        }
    }

    private bool IsInUse(Exception e) => e is StoreException { Kind: StoreFailure.InUse }
        || (e is AddressInUseException && Catalog.IsInUse(_config.Storage));

    /// <summary>
    /// An automatic seal opens the store now, or keeps trying; meanwhile the node answers that it is sealed.
    /// </summary>
    private async Task StartSealedOrNotAsync(Node node, CancellationToken stopping)
    {
        if (node.Parts.Seal is not { } seal || node.Current is not null) return;
        try
        {
            await UnsealIfOursAsync(node, seal, stopping);
        }
        catch (Exception e) when (RequestPipeline.FaultOf(e) is not null)
        {
            // A full disk, a damaged page or a database that is away: ending here would make whoever restarts us do so
            // without end.
            _log.Write(LogLevel.Error, "automatic unseal failed, trying again until it works", e);
            _ = KeepTryingAsync(node, seal, e.Message, stopping);
        }
    }

    private static async Task UnsealIfOursAsync(Node node, ISeal seal, CancellationToken ct)
    {
        // A store that is empty, or whose seal is being replaced, waits for people.
        if (await node.StoredRootKeyAsync(ct) is { } stored && stored.Config.Type == seal.Type)
            await node.UnsealAsync(seal, ct);
    }

    private async Task KeepTryingAsync(Node node, ISeal seal, string told, CancellationToken stopping)
    {
        var pause = TimeSpan.FromMilliseconds(250);
        try
        {
            while (node.Current is null)
            {
                await Task.Delay(pause, stopping);
                if (pause < TimeSpan.FromSeconds(5)) pause *= 2;
                try
                {
                    await UnsealIfOursAsync(node, seal, stopping);
                    return;
                }
                catch (Exception e) when (e is not OperationCanceledException
                    && RequestPipeline.FaultOf(e) is not null)
                {
                    // Once for each reason: this may go on for hours.
                    if (e.Message != told) _log.Write(LogLevel.Error, "automatic unseal failed", e);
                    told = e.Message;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <summary>
    /// Everything but listen addresses, storage and seal takes effect at once. A broken file changes nothing.
    /// </summary>
    private void Reload(Node node)
    {
        var (config, _, problem) = Load(_arguments);
        if (problem is not null)
        {
            _log.Write(LogLevel.Error, $"configuration not reloaded: {problem.Message}", null);
            return;
        }
        foreach (var key in NeedingRestart(config!))
            _log.Write(LogLevel.Warn, $"{key} changed: that needs a restart", null);
        _config = config! with
        {
            // Where it listens stays; what it does there may change.
            Listeners = [.. _config.Listeners.Select(old => config!.Listeners.FirstOrDefault(
                l => l.EndPoint.Equals(old.EndPoint) && l.UsesTls == old.UsesTls) ?? old)],
            Storage = _config.Storage,
            Seal = _config.Seal,
        };
        _log.Configure(_config.LogLevel, _config.LogsJson);
        node.Settings = SettingsOf(_config);
        foreach (var certificate in _certificates)
        {
            try
            {
                certificate.Reload(_config.Listeners.First(l => l.EndPoint.Equals(certificate.Listener.EndPoint)));
            }
            catch (Exception e) when (e is IOException or CryptographicException or UnauthorizedAccessException)
            {
                _log.Write(LogLevel.Error, "certificate not reloaded, the old one stays", e);
            }
        }
        if (node.Current is { } kernel) _ = ReopenAsync(kernel);
        _log.Write(LogLevel.Info, "configuration reloaded", null);
    }

    /// <summary>What a file says otherwise than what runs, and a reload does not change.</summary>
    private IEnumerable<string> NeedingRestart(ServerConfig read)
    {
        if (!_config.Listeners.Select(l => (l.EndPoint, l.UsesTls)).ToHashSet()
            .SetEquals(read.Listeners.Select(l => (l.EndPoint, l.UsesTls)))) yield return "a listener's address";
        if (!_config.Storage.IsSameAs(read.Storage)) yield return "storage";
        if (_config.Seal != read.Seal) yield return "seal";
    }

    private async Task ReopenAsync(Unsealed kernel)
    {
        try
        {
            await kernel.Audit.Broker.ReopenAsync();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Write(LogLevel.Error, "audit not reopened", e);
        }
    }

    private Settings SettingsOf(ServerConfig config) => new()
    {
        DefaultLeaseTtl = config.DefaultLeaseTtl,
        MaxLeaseTtl = config.MaxLeaseTtl,
        ClusterName = config.ClusterName,
        ApiAddress = config.ApiAddress.Length > 0 ? config.ApiAddress : UrlOf(config.Listeners[0]),
        ClusterAddress = config.ClusterAddress,
        NodeId = config.NodeId ?? NodeIdOf(config.Listeners[0].EndPoint),
        LeadershipTtl = config.LeadershipTtl,
        StorageType = config.Storage.Type,
        AuditFolders = config.AuditFolders,
        AuditPatience = config.AuditPatience,
        CancelNeedsNonce = config.CancelNeedsNonce,
        OpenMetrics = config.Listeners.Any(l => l.OpenMetrics),
        Sanitized = SanitizedConfig.Write(config),
    };

    // The same after a restart, and another one for each server on a machine: two cannot listen at one address.
    private static string NodeIdOf(IPEndPoint listener) =>
        listener.Address.Equals(IPAddress.Any) || listener.Address.Equals(IPAddress.IPv6Any)
            ? $"{Environment.MachineName}-{listener.Port}"
            : $"{Environment.MachineName}-{listener.Address.ToString().Replace(':', '_')}-{listener.Port}";

    /// <summary>A service may have no standard output, or one that nobody reads: it serves all the same.</summary>
    private void TryAnnounce(Screen screen, Node node)
    {
        var url = UrlOf(_config.Listeners[0]);
        var isSealed = node.Current is null ? "true" : "false";
        _log.Write(LogLevel.Info, $"listening url={url} storage={_config.Storage.Type} sealed={isSealed}", null);
        try
        {
            Announce(screen, node, url);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Write(LogLevel.Warn, "nothing can be written to standard output", e);
        }
    }

    private void Announce(Screen screen, Node node, string url)
    {
        if (_certificates.FirstOrDefault(c => c.OwnAuthorityFile is not null) is { } own)
            screen.Line($"TLS with a certificate of our own: set KIST_CACERT={own.OwnAuthorityFile} for clients");
        if (_arguments.Dev)
        {
            var token = _arguments.DevToken ?? DevServer.Token;
            DevServer.Announce(screen, url, token, DevServer.IsKept(token));
        }
        else if (_quickStart is not null && node.Current is not null) _quickStart.Announce(screen, url);
        else if (node.Current is null) screen.Line($"Kist listens at {url} and is sealed. Next: kist status");
        else screen.Line($"Kist listens at {url}");
    }

    private void WritePidFile()
    {
        if (_config.PidFile is { } file) File.WriteAllText(file, Environment.ProcessId.ToString() + "\n");
    }

    private static string UrlOf(ListenerConfig listener) =>
        $"{(listener.UsesTls ? "https" : "http")}://{listener.EndPoint}";

    private static (ServerConfig? Config, QuickStart? QuickStart, Problem? Problem) Load(ServerArguments arguments)
    {
        var (config, quickStart, problem) = arguments switch
        {
            { Dev: true } => DevServer.Configure(arguments),
            { StartDirectory: { } directory } => QuickStart.Configure(directory, arguments.ListenAddress),
            _ => ConfigFiles.Read(arguments.ConfigFiles),
        };
        if (problem is not null) return (null, null, problem);
        if (arguments.LogFormat is { } format)
        {
            if (format is not ("json" or "standard"))
                return (null, null, new Problem($"--log-format {format} is not known", "use standard or json"));
            config = config! with { LogsJson = format == "json" };
        }
        if (arguments.LogLevel is not { } level) return (config, quickStart, null);
        return LogLevels.TryParse(level, out var parsed)
            ? (config! with { LogLevel = parsed }, quickStart, null)
            : (null, null, new Problem($"--log-level {level} is not known", "use trace, debug, info, warn or error"));
    }

    private static Problem? ProblemOf(Exception e) => e switch
    {
        StoreException store => new Problem(e.Message, store.Kind switch
        {
            StoreFailure.Full => "make room on the storage's disk",
            StoreFailure.Corrupt => "restore the storage from a backup",
            StoreFailure.Refused => "check the storage stanza: the database, its user and password, the table",
            StoreFailure.InUse => "stop the other kist server, or use another folder",
            _ => "check the storage stanza: the path, its owner and disk, or the database's address and user",
        }),
        SealException or BarrierException => new Problem(e.Message, "check the seal in the configuration"),
        AddressInUseException or IOException { InnerException: AddressInUseException } => new Problem(e.Message,
            "stop the other server, or listen elsewhere: --address HOST:PORT, -dev-listen-address=HOST:PORT, "
            + "or the address of the listener stanza"),
        SocketException =>
            new Problem($"cannot listen: {e.Message}", "check the listener's address"),
        AuditOpenException => new Problem(e.Message, "make room for the audit file, or mend its folder"),
        IOException or UnauthorizedAccessException => new Problem(e.Message),
        CryptographicException =>
            new Problem($"the certificate cannot be used: {e.Message}", "check tls_cert_file and tls_key_file"),
        _ => RequestPipeline.FaultOf(e) is null ? null : new Problem(e.Message, "restore the storage from a backup"),
    };
}
