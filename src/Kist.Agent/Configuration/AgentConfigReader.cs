using Kist.Agent.Link;
using Kist.Kernel.Hcl;
using Kist.Server.Configuration;
using static Kist.Agent.Configuration.Stanza;
using static Kist.Server.Configuration.ConfigValues;

namespace Kist.Agent.Configuration;

/// <summary>
/// Reads the configuration of Vault Agent (https://developer.hashicorp.com/vault/docs/agent-and-proxy/agent), in HCL or
/// JSON. What has no effect here is accepted with a warning; what is wrong, or would look protected and not be, is an
/// error that names file, line and key, never a value.
/// </summary>
public sealed class AgentConfigReader
{
    private static readonly string[] s_useless =
    [
        "telemetry", "disable_idle_connections", "disable_idle_conns_api_proxy", "disable_idle_conns_auto_auth",
        "disable_idle_conns_caching", "disable_idle_conns_templating", "disable_keep_alives",
        "disable_keep_alives_api_proxy", "disable_keep_alives_auto_auth", "disable_keep_alives_caching",
        "disable_keep_alives_templating", "log_file", "log_rotate_bytes", "log_rotate_duration",
        "log_rotate_max_files", "imprecise_lease_role_tracking", "disable_mlock",
    ];

    private string _file = "";
    private readonly List<string> _warnings = [];
    private readonly List<TemplateConfig> _templates = [];
    private readonly List<TemplateConfig> _variables = [];
    private readonly List<AgentListener> _listeners = [];
    private readonly List<SinkConfig> _sinks = [];
    private AgentConfig _config = new();

    private AgentConfigReader()
    {
    }

    /// <summary>
    /// Reads one file, or several that together say everything: listeners, sinks and templates add up, of other keys
    /// the last one counts. A configuration, or what is wrong with it.
    /// </summary>
    public static (AgentConfig? Config, string? Error) Read(params ReadOnlySpan<string> files)
    {
        var reader = new AgentConfigReader();
        foreach (var file in files)
        {
            try
            {
                reader.Add(file, File.ReadAllText(file));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return (null, $"there is no configuration file {file}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return (null, $"the configuration file {file} cannot be read");
            }
            catch (ConfigException e)
            {
                return (null, $"{file}: {e.Message}");
            }
        }
        return reader.Build(string.Join(", ", files));
    }

    /// <summary>As <see cref="Read"/>, for the text of one file.</summary>
    internal static (AgentConfig? Config, string? Error) ReadText(string file, string text)
    {
        var reader = new AgentConfigReader();
        try
        {
            reader.Add(file, text);
            return reader.Build(file);
        }
        catch (ConfigException e)
        {
            return (null, $"{file}: {e.Message}");
        }
    }

    private void Add(string file, string text)
    {
        _file = file;
        if (!HclDocument.TryParse(text, HclLimits.Default, out var root, out var error))
            throw new ConfigException(error!.ToString());
        foreach (var member in root!.Members) Member(member);
    }

    private (AgentConfig? Config, string? Error) Build(string files)
    {
        var config = _config with
        {
            Templates = _templates, Variables = _variables, Listeners = _listeners, Sinks = _sinks,
            Warnings = _warnings,
        };
        return AgentConfigRules.Broken(config) is { } broken ? (null, $"{files}: {broken}") : (config, null);
    }

    private void Member(HclMember member)
    {
        switch (member.Key)
        {
            case "vault" or "kist": Vault(BodyOf(member)); break;
            case "auto_auth": AutoAuth(BodyOf(member)); break;
            case "cache": Cache(BodyOf(member)); break;
            case "api_proxy": Proxy(BodyOf(member)); break;
            case "listener":
                foreach (var stanza in Of(member)) _listeners.Add(AgentListenerStanza.Read(stanza, Warn));
                break;
            case "template":
                foreach (var stanza in Of(member))
                    _templates.Add(TemplateStanza.Read(stanza.Body, $"{_file}: line {stanza.Position.Line}", Warn));
                break;
            case "env_template":
                foreach (var stanza in Of(member))
                    _variables.Add(TemplateStanza.Variable(stanza, $"{_file}: line {stanza.Position.Line}", Warn));
                break;
            case "template_config": TemplateSettings(BodyOf(member)); break;
            case "exec": Exec(member); break;
            case "pid_file": _config = _config with { PidFile = Optional(member) }; break;
            case "exit_after_auth": _config = _config with { ExitAfterAuth = Flag(member) }; break;
            case "log_level": _config = _config with { LogLevel = Level(member) }; break;
            case "log_format": _config = _config with { LogsJson = IsJson(member) }; break;
            case var key when s_useless.Contains(key): Warn(member.Position, $"\"{key}\" has no effect in kist"); break;
            default: Warn(member.Position, $"\"{member.Key}\" is not known and has no effect"); break;
        }
    }

    private void Vault(HclObject body)
    {
        foreach (var member in body.Members)
        {
            var old = _config.Upstream;
            _config = _config with
            {
                Upstream = member.Key switch
                {
                    "address" => old with { Address = Url(member) },
                    "ca_cert" => old with { CaFile = Optional(member) },
                    "ca_path" => old with { CaFolder = Optional(member) },
                    "client_cert" => old with { ClientCertificate = Optional(member) },
                    "client_key" => old with { ClientKey = Optional(member) },
                    "tls_server_name" => old with { ServerName = Optional(member) },
                    "tls_skip_verify" => old with { SkipVerify = Flag(member) },
                    "namespace" => old with { Namespace = Optional(member) },
                    "timeout" => old with { Timeout = Duration(member) },
                    "retry" => old with { Retries = Retries(BodyOf(member)) },
                    _ => Ignored(member, "vault", old),
                },
            };
        }
    }

    private int Retries(HclObject body)
    {
        var retries = 12;
        foreach (var member in body.Members)
            if (member.Key == "num_retries") retries = Whole(member) is var n && n == 0 ? 12 : n;
            else Warn(member.Position, $"\"{member.Key}\" has no effect in retry");
        return retries;
    }

    private void AutoAuth(HclObject body)
    {
        foreach (var member in body.Members)
        {
            switch (member.Key)
            {
                case "method":
                    if (_config.Method is not null) throw Wrong(member.Position, "method", "stands more than once");
                    _config = _config with { Method = MethodStanza.Read(OnlyOf(member), Warn) };
                    break;
                case "sink":
                    foreach (var stanza in Of(member)) _sinks.Add(MethodStanza.Sink(stanza, Warn));
                    break;
                case "sinks":
                    foreach (var stanza in Of(member))
                        foreach (var inner in stanza.Type == "sink"
                            ? Of(new HclMember("sink", stanza.Position, stanza.Body))
                            : [stanza]) _sinks.Add(MethodStanza.Sink(inner, Warn));
                    break;
                case "enable_reauth_on_new_credentials":
                    if (!Flag(member)) Warn(member.Position, "new credentials are always read");
                    break;
                default:
                    Warn(member.Position, $"\"{member.Key}\" has no effect in auto_auth");
                    break;
            }
        }
    }

    private void Cache(HclObject body)
    {
        var cache = _config.Cache ?? new CacheConfig();
        foreach (var member in body.Members)
            cache = member.Key switch
            {
                "use_auto_auth_token" => Used(member, cache),
                "max_age" => cache with { MaxAge = Time(member) },
                "max_age_untold" => cache with { MaxAgeUntold = Time(member) },
                "max_stale" => cache with { MaxStale = Time(member) },
                "persist" => Persist(OnlyOf(member), cache),
                // What these ask for holds anyway.
                "cache_static_secrets" or "enforce_consistency" or "when_inconsistent" => cache,
                _ => Ignored(member, "cache", cache),
            };
        _config = _config with { Cache = cache };
    }

    private CacheConfig Persist(Stanza stanza, CacheConfig cache)
    {
        if (stanza.Type is not ("file" or "kist"))
        {
            Warn(stanza.Position, "persist has a type that kist does not know and has no effect; use persist \"file\"");
            return cache;
        }
        string? path = null, key = null;
        var persist = new PersistConfig("", "");
        foreach (var member in stanza.Body.Members)
            switch (member.Key)
            {
                case "type": break;
                case "path": path = Optional(member); break;
                case "key_file" or "identity_file": key = Optional(member); break;
                case "max_age": persist = persist with { MaxAge = Duration(member) }; break;
                case "exit_on_err": persist = persist with { ExitsOnError = Flag(member) }; break;
                default: Warn(member.Position, $"\"{member.Key}\" has no effect in persist"); break;
            }
        if (path is null || key is null)
            throw Wrong(stanza.Position, "persist", "needs a path, and a key_file outside of the path's folder");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) == Path.GetDirectoryName(Path.GetFullPath(key)))
            Warn(stanza.Position, "the key_file lies beside the file that it opens: keep it in another folder");
        return cache with { Persist = persist with { Path = path, KeyFile = key } };
    }

    private void Proxy(HclObject body)
    {
        foreach (var member in body.Members)
            switch (member.Key)
            {
                case "use_auto_auth_token":
                    _config = _config with { TokenUse = Use(member) };
                    break;
                case "enforce_consistency" or "when_inconsistent" or "prepend_configured_namespace":
                    break;
                default:
                    Warn(member.Position, $"\"{member.Key}\" has no effect in api_proxy");
                    break;
            }
    }

    // The older place of the same key.
    private CacheConfig Used(HclMember member, CacheConfig cache)
    {
        if (_config.TokenUse == TokenUse.Callers) _config = _config with { TokenUse = Use(member) };
        return cache;
    }

    private static TokenUse Use(HclMember member) => member.Value is HclString { Value: "force" }
        ? TokenUse.AgentsAlways
        : Flag(member) ? TokenUse.AgentsForNone : TokenUse.Callers;

    private void TemplateSettings(HclObject body)
    {
        foreach (var member in body.Members)
        {
            var old = _config.TemplateSettings;
            _config = _config with
            {
                TemplateSettings = member.Key switch
                {
                    "exit_on_retry_failure" => old with { ExitsOnRetryFailure = Flag(member) },
                    "static_secret_render_interval" => old with { StaticInterval = Duration(member) },
                    "lease_renewal_threshold" => old with { LeaseThreshold = Part(member) },
                    _ => Ignored(member, "template_config", old),
                },
            };
        }
    }

    private static double Part(HclMember member)
    {
        var text = member.Value switch { HclNumber n => n.Text, HclString s => s.Value, _ => "" };
        return double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var part)
            && part is > 0 and < 1 ? part : throw Wrong(member.Position, member.Key, "must lie between 0 and 1");
    }

    private void Exec(HclMember block)
    {
        ExecConfig exec = new([]);
        foreach (var member in BodyOf(block).Members)
            exec = member.Key switch
            {
                "command" => exec with { Command = Command(member) ?? [] },
                "restart_on_secret_changes" => exec with { Restarts = Restarts(member) },
                "restart_stop_signal" => exec with { StopSignal = Signal(member) },
                _ => Ignored(member, "exec", exec),
            };
        if (exec.Command.Count == 0) throw Wrong(block.Position, "exec", "needs a command");
        _config = _config with { Exec = exec };
    }

    private static bool Restarts(HclMember member) => Text(member) switch
    {
        "always" or "" => true,
        "never" => false,
        _ => throw Wrong(member.Position, member.Key, "must be always or never"),
    };

    // The numbers are the same on Linux, macOS and FreeBSD, but for SIGUSR1 and SIGUSR2.
    private static int Signal(HclMember member) => Text(member).ToUpperInvariant() switch
    {
        "SIGHUP" => 1,
        "SIGINT" => 2,
        "SIGQUIT" => 3,
        "SIGKILL" => 9,
        "SIGTERM" or "" => 15,
        "SIGUSR1" => OperatingSystem.IsLinux() ? 10 : 30,
        "SIGUSR2" => OperatingSystem.IsLinux() ? 12 : 31,
        _ => throw Wrong(member.Position, member.Key, "must be a signal such as SIGTERM, SIGINT, SIGHUP, SIGUSR1"),
    };

    private static Uri Url(HclMember member) =>
        Text(member) is var text && text.StartsWith("unix:///", StringComparison.Ordinal)
            ? LinkSettings.OfSocket(text["unix://".Length..])
            : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && url.UserInfo.Length == 0 && url.Query.Length == 0
            ? url
            : throw Wrong(member.Position, member.Key, "must be a URL such as https://kist.example.com:8200");

    private T Ignored<T>(HclMember member, string stanza, T old)
    {
        Warn(member.Position, $"\"{member.Key}\" has no effect in {stanza}");
        return old;
    }

    private void Warn(HclPosition position, string text) => _warnings.Add($"{_file}: line {position.Line}: {text}");
}
