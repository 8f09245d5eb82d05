using System.Net;
using Kist.Kernel.Hcl;
using static Kist.Server.Configuration.ConfigValues;

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
            "disable_performance_standby", "default_max_request_duration", "enable_post_unseal_trace",
            "disable_unauthed_rekey_endpoints", "allow_audit_log_prefixing", "enable_ui", "license_path",
            "disable_indexing", "disable_clustering", "enable_response_header_hostname",
            "enable_response_header_raft_node_id", "allow_unauthenticated_health", "log_requests_level", "log_file",
            "log_rotate_bytes", "log_rotate_duration", "log_rotate_max_files", "detect_deadlocks",
            "imprecise_lease_role_tracking"];

    private string _file = "";
    private readonly List<string> _warnings = [];
    private readonly List<ListenerConfig> _listeners = [];
    private StorageConfig? _storage;
    private bool _hasSeal;
    private SealStanza _seal = new("shamir", null);
    private SealStanza? _oldSeal;
    private ServerConfig _config = new() { Storage = new StorageConfig("", null), Listeners = [] };
    private bool _hasSecrets;

    private ConfigReader()
    {
    }

    /// <summary>
    /// Reads one file, or several that together say everything: a later one's words count, and listeners add up. A
    /// configuration, or what is wrong with it.
    /// </summary>
    public static (ServerConfig? Config, string? Error) Read(params ReadOnlySpan<string> files)
    {
        var reader = new ConfigReader();
        foreach (var file in files)
        {
            try
            {
                reader.Add(file);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return (null, $"there is no configuration file {file}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return (null, $"the configuration file {file} cannot be read: {e.Message}");
            }
            catch (ConfigException e)
            {
                return (null, $"{file}: {e.Message}");
            }
        }
        return reader._storage is null
            ? (null, $"{string.Join(", ", files)}: line 1, column 1: storage is missing: "
                + "add for example  storage \"sqlite\" { path = \"./data\" }")
            : (reader.Build(reader._storage), null);
    }

    private void Add(string file)
    {
        _file = file;
        (_hasSecrets, _hasSeal) = (false, false);
        if (!HclDocument.TryParse(File.ReadAllText(file), HclLimits.Default, out var root, out var error))
            throw new ConfigException(error!.ToString());
        foreach (var member in root!.Members) Member(root, member);
        RefuseOpenSecrets();
    }

    private ServerConfig Build(StorageConfig storage)
    {
        if (_listeners.Count == 0) _listeners.Add(new ListenerConfig(new IPEndPoint(IPAddress.Loopback, 8200)));
        var folders = _config.AuditFolders;
        if (folders.Count == 0 && storage.Path is { } data) folders = [Path.Combine(Path.GetFullPath(data), "audit")];
        return _config with
        {
            Storage = storage, Listeners = _listeners, Seal = _seal, OldSeal = _oldSeal, AuditFolders = folders,
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
                foreach (var block in Once(root, member, "listener"))
                    _listeners.Add(ListenerStanza.Read(block, BodyOf(block, "listener"), Warn));
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
            case "log_format": _config = _config with { LogsJson = IsJson(member) }; break;
            case "default_lease_ttl": _config = _config with { DefaultLeaseTtl = Duration(member) }; break;
            case "max_lease_ttl": _config = _config with { MaxLeaseTtl = Duration(member) }; break;
            case "cancel_needs_nonce": _config = _config with { CancelNeedsNonce = Flag(member) }; break;
            case "audit_patience": _config = _config with { AuditPatience = Duration(member) }; break;
            case "audit_file_dirs": _config = _config with { AuditFolders = Texts(member) }; break;
            case var key when UselessStanzas.Contains(key):
                _hasSecrets |= HoldsSecret(member.Value);
                Warn(member.Position, $"\"{key}\" has no effect in kist");
                break;
            case var key when UselessKeys.Contains(key):
                Warn(member.Position, $"\"{key}\" has no effect in kist");
                break;
            default:
                Warn(member.Position, $"\"{member.Key}\" is not known and has no effect");
                break;
        }
    }

    private void Storage(HclObject root, HclMember member)
    {
        foreach (var block in Once(root, member, member.Key)) Storage(member, block);
    }

    private void Storage(HclMember member, HclBlock block)
    {
        if (_storage is not null) throw Wrong(block.Position, member.Key, "stands more than once");
        var type = block.Labels[0];
        var body = BodyOf(block, member.Key);
        _hasSecrets |= HoldsSecret(body);
        switch (type)
        {
            case "inmem" or "inmem_ha":
                _storage = new StorageConfig("inmem", null);
                WarnOfOthers(body, $"storage \"{type}\"");
                break;
            case "sqlite" or "file":
                if (body.Find("path") is not HclString { Value.Length: > 0 } path)
                    throw NeedsPath(block, body, $"storage \"{type}\"", "needs a path");
                if (type == "file")
                    Warn(block.Position, "storage \"file\" is kept in kist's own SQLite database");
                WarnOfOthers(body, $"storage \"{type}\"", "path");
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

    private void Seal(HclBlock block)
    {
        var body = BodyOf(block, "seal");
        _hasSecrets |= HoldsSecret(body);
        var seal = block.Labels[0] switch
        {
            "shamir" => new SealStanza("shamir", null),
            "keyfile" => body.Find("path") is HclString { Value.Length: > 0 } path
                ? new SealStanza("keyfile", path.Value)
                : throw NeedsPath(block, body, "seal \"keyfile\"", "needs a path, outside the data directory"),
            var other => throw Wrong(block.Position, "seal", $"has the type \"{other}\"; kist has shamir and keyfile"),
        };
        WarnOfOthers(body, $"seal \"{seal.Type}\"", "path", "disabled", "name", "priority");
        if (body.Members.Any(m => m.Key == "disabled" && Flag(m)))
        {
            _oldSeal = seal;
            return;
        }
        if (_hasSeal) throw Wrong(block.Position, "seal", "stands more than once; the old one has disabled = true");
        (_seal, _hasSeal) = (seal, true);
    }

    private static ConfigException NeedsPath(HclBlock block, HclObject body, string stanza, string without)
    {
        if (body.Members.FirstOrDefault(m => m.Key == "path") is { } path)
            return Wrong(path.Position, $"path in {stanza}", "must be a text that is not empty");
        return Wrong(block.Position, stanza,
            body.Members.FirstOrDefault() is { } other ? $"{without}; \"{other.Key}\" is none" : without);
    }

    private void Warn(HclPosition position, string text) => _warnings.Add($"{_file}: line {position.Line}: {text}");

    private void WarnOfOthers(HclObject body, string stanza, params ReadOnlySpan<string> known)
    {
        foreach (var member in body.Members)
            if (!known.Contains(member.Key)) Warn(member.Position, $"\"{member.Key}\" has no effect in {stanza}");
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
}
