using System.Net;
using Kist.Kernel.Hcl;
using Kist.Kernel.Node;
using Kist.Kernel.Routes;

namespace Kist.Server.Configuration;

/// <summary>
/// Reads configuration files in HCL or JSON with the keys that Vault's users know. What Vault has and Kist has no use
/// for is accepted with a warning; what is wrong is an error that names file, line and key, never a value.
/// </summary>
public sealed class ConfigReader
{
    private static readonly string[] SecretKeys =
        ["token", "password", "secret_key", "access_key", "client_secret", "connection_url", "pin", "license"];

    private static readonly string[] UselessStanzas =
        ["ha_storage", "ha_backend", "telemetry", "service_registration", "entropy", "kms_library", "replication",
            "sentinel", "license_path", "user_lockout", "reporting", "experiments", "plugin"];

    private static readonly string[] UselessKeys =
        ["ui", "plugin_directory", "plugin_file_uid", "plugin_file_permissions", "disable_cache", "cache_size",
            "disable_printable_check", "raw_storage_endpoint", "introspection_endpoint", "disable_sealwrap",
            "disable_performance_standby", "disable_indexing", "disable_clustering", "enable_response_header_hostname",
            "enable_response_header_raft_node_id", "allow_unauthenticated_health", "log_requests_level", "log_file",
            "log_rotate_bytes", "log_rotate_duration", "log_rotate_max_files", "detect_deadlocks",
                "imprecise_lease_role_tracking"];

    private readonly string _file;
    private readonly List<string> _warnings = [];
    private readonly List<ListenerConfig> _listeners = [];
    private StorageConfig? _storage;
    private SealStanza _seal = new("shamir", null);
    private SealStanza? _oldSeal;
    private ServerConfig _config = new() { Storage = new StorageConfig("", null), Listeners = [] };
    private bool _hasSecrets;

    private ConfigReader(string file) => _file = file;

    /// <summary>Reads one file. A configuration, or what is wrong with it.</summary>
    public static (ServerConfig? Config, string? Error) Read(string file)
    {
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"the configuration file {file} cannot be read: {e.Message}");
        }
        if (!HclDocument.TryParse(text, HclLimits.Default, out var root, out var error)) return (
            null, $"{file}: {error}");
        var reader = new ConfigReader(file);
        try
        {
            return (reader.Build(root!), null);
        }
        catch (ConfigException e)
        {
            return (null, $"{file}: {e.Message}");
        }
    }

    private ServerConfig Build(HclObject root)
    {
        foreach (var member in root.Members) Member(root, member);
        if (_storage is null) throw Wrong(
            root.Position, "storage", "is missing: add for example  storage \"sqlite\" { path = \"./data\" }");
        if (_listeners.Count == 0) _listeners.Add(
            new ListenerConfig(new IPEndPoint(IPAddress.Loopback, 8200), null, null, false, false));
        RefuseOpenSecrets();
        var folders = _config.AuditFolders;
        if (folders.Count == 0 && _storage.Path is { } data) folders = [Path.Combine(Path.GetFullPath(data), "audit")];
        return _config with
        {
            Storage = _storage, Listeners = _listeners, Seal = _seal, OldSeal = _oldSeal, AuditFolders = folders,
                Warnings = _warnings,
        };
    }

    private void Member(HclObject root, HclMember member)
    {
        switch (member.Key)
        {
            case "storage" or "backend":
                Storage(root, member);
                break;
            case "listener":
                foreach (var block in Once(root, member, "listener")) Listener(block);
                break;
            case "seal":
                foreach (var block in Once(root, member, "seal")) Seal(block);
                break;
            case "api_addr": _config = _config with { ApiAddress = Text(member) }; break;
            case "cluster_addr": _config = _config with { ClusterAddress = Text(member) }; break;
            case "cluster_name": _config = _config with { ClusterName = Text(member) }; break;
            case "node_id": _config = _config with { NodeId = Name(member) }; break;
            case "leadership_ttl": _config = _config with { LeadershipTtl = LeadershipTtl(member) }; break;
            case "pid_file": _config = _config with { PidFile = Text(member) }; break;
            case "disable_mlock": _config = _config with { DisableMlock = Flag(member) }; break;
            case "log_level": _config = _config with { LogLevel = Level(member) }; break;
            case "log_format": _config = _config with { LogsJson = Text(member) == "json" }; break;
            case "default_lease_ttl": _config = _config with { DefaultLeaseTtl = Duration(member) }; break;
            case "max_lease_ttl": _config = _config with { MaxLeaseTtl = Duration(member) }; break;
            case "cancel_needs_nonce": _config = _config with { CancelNeedsNonce = Flag(member) }; break;
            case "audit_patience": _config = _config with { AuditPatience = Duration(member) }; break;
            case "audit_file_dirs": _config = _config with { AuditFolders = Texts(member) }; break;
            case var key when UselessStanzas.Contains(key):
                _hasSecrets |= HoldsSecret(member.Value);
                _warnings.Add($"{_file}: line {member.Position.Line}: \"{key}\" has no effect in kist");
                break;
            case var key when UselessKeys.Contains(key):
                _warnings.Add($"{_file}: line {member.Position.Line}: \"{key}\" has no effect in kist");
                break;
            default:
                _warnings.Add($"{_file}: line {member.Position.Line}: \"{member.Key}\" is not known and has no effect");
                break;
        }
    }

    private void Storage(HclObject root, HclMember member)
    {
        var block = Once(root, member, member.Key).FirstOrDefault();
        if (block is null) return;
        if (_storage is not null) throw Wrong(block.Position, member.Key, "stands more than once");
        var type = block.Labels[0];
        var body = BodyOf(block, member.Key);
        _hasSecrets |= HoldsSecret(body);
        switch (type)
        {
            case "inmem" or "inmem_ha":
                _storage = new StorageConfig("inmem", null);
                break;
            case "sqlite" or "file":
                if (body.Find("path") is not HclString { Value.Length: > 0 } path)
                    throw Wrong(block.Position, $"storage \"{type}\"", "needs a path");
                if (type == "file")
                    _warnings.Add($"{_file}: line {block.Position.Line}: storage \"file\" "
                        + "is kept in kist's own SQLite database");
                _storage = new StorageConfig("sqlite", path.Value);
                break;
            case "postgresql":
                _storage = new StorageConfig(type, null) { Stanza = Plain(body) };
                if (Catalog.Problem(_storage) is { } problem)
                    throw Wrong(block.Position, $"storage \"{type}\"", $"cannot be used: {problem}");
                break;
            default:
                throw Wrong(
                    block.Position, "storage", $"has the type \"{type}\"; kist has sqlite, postgresql and inmem");
        }
    }

    private static Dictionary<string, string> Plain(HclObject body)
    {
        var plain = new Dictionary<string, string>();
        foreach (var member in body.Members)
        {
            if (member.Value switch
                {
                    HclString text => text.Value,
                    HclNumber number => number.Text,
                    HclBool flag => flag.Value ? "true" : "false",
                    _ => null,
                } is { } value)
                plain[member.Key] = value;
        }
        return plain;
    }

    private void Listener(HclBlock block)
    {
        if (block.Labels[0] != "tcp") throw Wrong(block.Position, "listener", "has a type other than \"tcp\"");
        var body = BodyOf(block, "listener");
        var address = body.Find("address") is HclString text ? text.Value : "127.0.0.1:8200";
        if (!Address.TryParse(address, out var endPoint))
            throw Wrong(block.Position, "address", "must be an IP address and a port, such as 127.0.0.1:8200");
        var certificate = (body.Find("tls_cert_file") as HclString)?.Value;
        var key = (body.Find("tls_key_file") as HclString)?.Value;
        if ((certificate is null) != (key is null))
            throw Wrong(block.Position, "listener", "needs both tls_cert_file and tls_key_file, or neither");
        var open = body.Find("telemetry") is HclObject telemetry
            && telemetry.Find("unauthenticated_metrics_access") is { } access && IsTrue(access);
        _listeners.Add(new ListenerConfig(endPoint!, certificate, key,
            body.Find("tls_disable") is { } disable && IsTrue(disable), open));
    }

    private void Seal(HclBlock block)
    {
        var body = BodyOf(block, "seal");
        _hasSecrets |= HoldsSecret(body);
        var seal = block.Labels[0] switch
        {
            "shamir" => new SealStanza("shamir", null),
            "keyfile" => body.Find("path") is HclString { Value.Length: > 0 } path
                ? new SealStanza("keyfile", path.Value)
                : throw Wrong(block.Position, "seal \"keyfile\"", "needs a path, outside the data directory"),
            var other => throw Wrong(block.Position, "seal", $"has the type \"{other}\"; kist has shamir and keyfile"),
        };
        if (body.Find("disabled") is { } disabled && IsTrue(disabled)) _oldSeal = seal;
        else _seal = seal;
    }

    /// <summary>A key that repeats is met once for all its blocks.</summary>
    private static IEnumerable<HclBlock> Once(HclObject root, HclMember member, string key) =>
        ReferenceEquals(root.Members.First(m => m.Key == key), member) ? root.Blocks(key, labels: 1) : [];

    private static HclObject BodyOf(HclBlock block, string key) =>
        block.Body ?? throw Wrong(block.Position, key, "must be a block: { … }");

    private void RefuseOpenSecrets()
    {
        if (OperatingSystem.IsWindows() || (File.GetUnixFileMode(_file) & UnixFileMode.OtherRead) == 0) return;
        if (_hasSecrets)
            throw new ConfigException($"holds secrets and can be read by everyone on this machine: chmod 600 {_file}");
    }

    private static bool HoldsSecret(HclValue value) => value switch
    {
        HclObject body => body.Members.Any(m => SecretKeys.Contains(m.Key) || HoldsSecret(m.Value)),
        HclList list => list.Items.Any(HoldsSecret),
        _ => false,
    };

    private static string Text(HclMember member) =>
        member.Value is HclString text ? text.Value : throw Wrong(member.Position, member.Key, "must be a string");

    private static IReadOnlyList<string> Texts(HclMember member) =>
        member.Value is HclList list && list.Items.All(i => i is HclString)
            ? [.. list.Items.Select(i => Path.GetFullPath(((HclString)i).Value))]
            : throw Wrong(member.Position, member.Key, "must be a list of strings");

    private static bool Flag(HclMember member) => member.Value is HclBool or HclString or HclNumber
        ? IsTrue(member.Value)
        : throw Wrong(member.Position, member.Key, "must be true or false");

    private static bool IsTrue(HclValue value) => value switch
    {
        HclBool flag => flag.Value,
        HclString text => text.Value is "true" or "1" or "yes",
        HclNumber number => number.Text != "0",
        _ => false,
    };

    private static TimeSpan Duration(HclMember member)
    {
        var text = member.Value switch { HclString s => s.Value, HclNumber n => n.Text, _ => "x" };
        return GoDuration.TryParse(text, out var time) && time > TimeSpan.Zero
            ? time
            : throw Wrong(member.Position, member.Key, "must be a duration such as \"768h\"");
    }

    // A part of file names and of keys in the store.
    private static string Name(HclMember member) =>
        Text(member) is { Length: > 0 and <= 64 } name && !name.StartsWith('.')
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw Wrong(member.Position, member.Key, "must be 1 to 64 letters, digits, '-', '_' and '.'");

    // Shorter than a hiccup of the database, the work would wander about; much longer, it would not be done.
    private static TimeSpan LeadershipTtl(HclMember member) =>
        Duration(member) is var time && time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromMinutes(5)
            ? time
            : throw Wrong(member.Position, member.Key, "must be from \"1s\" to \"5m\"");

    private static LogLevel Level(HclMember member) => LogLevels.TryParse(Text(member), out var level)
        ? level
        : throw Wrong(member.Position, member.Key, "must be trace, debug, info, warn or error");

    private static ConfigException Wrong(HclPosition position, string key, string what) =>
        new($"line {position.Line}, column {position.Column}: {key} {what}");

    private sealed class ConfigException(string message) : Exception(message);
}
