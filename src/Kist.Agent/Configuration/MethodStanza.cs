using Kist.Kernel.Hcl;
using static Kist.Agent.Configuration.Stanza;
using static Kist.Server.Configuration.ConfigValues;

namespace Kist.Agent.Configuration;

/// <summary>Reads <c>method "approle" { … }</c> and <c>sink "file" { … }</c>.</summary>
internal static class MethodStanza
{
    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/token";

    private static readonly string[] s_foreign = ["alicloud", "aws", "azure", "cf", "gcp", "kerberos", "oci"];

    // The keys of each method's config; those that must be there first.
    private static readonly Dictionary<string, (string[] Needed, string[] Others)> s_methods = new()
    {
        ["token_file"] = (["token_file_path"], []),
        ["approle"] = (["role_id_file_path"],
            ["secret_id_file_path", "remove_secret_id_file_after_reading", "secret_id_response_wrapping_path"]),
        ["userpass"] = (["username", "password_file_path"], ["remove_password_after_reading"]),
        ["ldap"] = (["username", "password_file_path"], ["remove_password_after_reading"]),
        ["jwt"] = (["path", "role"], ["remove_jwt_after_reading", "remove_jwt_follows_symlinks"]),
        ["kubernetes"] = (["role"], ["token_path"]),
        ["cert"] = ([], ["name", "ca_cert", "client_cert", "client_key", "reload"]),
    };

    /// <summary>A way to log in.</summary>
    public static MethodConfig Read(Stanza stanza, Action<HclPosition, string> warn)
    {
        var type = stanza.Type;
        if (s_foreign.Contains(type))
            throw Wrong(stanza.Position, "method", $"has the type \"{type}\", whose cloud the agent does not speak to; "
                + "token_file, approle, userpass, ldap, jwt, kubernetes and cert are there");
        if (!s_methods.TryGetValue(type, out var keys))
            throw Wrong(stanza.Position, "method", "has a type that is not known: token_file, approle, userpass, ldap, "
                + "jwt, kubernetes and cert are there");
        var settings = new Dictionary<string, string>();
        var method = new MethodConfig(type, $"auth/{type}") { Settings = settings };
        foreach (var member in stanza.Body.Members)
        {
            method = member.Key switch
            {
                "type" => method,
                "mount_path" => method with { Mount = Text(member).Trim('/') },
                "namespace" => method with { Namespace = Optional(member) },
                "min_backoff" => method with { LeastPause = Duration(member) },
                "max_backoff" => method with { MostPause = Duration(member) },
                "exit_on_err" => method with { ExitsOnError = Flag(member) },
                "config" => Config(member, method, settings, keys, warn),
                "wrap_ttl" => throw Wrong(member.Position, "wrap_ttl",
                    "of a method is not supported, because the agent itself needs the token; a sink has wrap_ttl too"),
                _ => Ignored(member, method, warn),
            };
        }
        if (Array.Find(keys.Needed, k => !settings.ContainsKey(k)) is { } missing)
            throw Wrong(stanza.Position, $"method \"{type}\"", $"needs {missing} in its config");
        if (type == "kubernetes") settings.TryAdd("token_path", ServiceAccount);
        return method.Mount.Length > 0 ? method : throw Wrong(stanza.Position, "mount_path", "is empty");
    }

    /// <summary>A file that gets the token.</summary>
    public static SinkConfig Sink(Stanza stanza, Action<HclPosition, string> warn)
    {
        if (stanza.Type != "file") throw Wrong(stanza.Position, "sink", "has a type other than \"file\"");
        string? path = null;
        var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var ttl = TimeSpan.Zero;
        foreach (var member in stanza.Body.Members)
            switch (member.Key)
            {
                case "type":
                    break;
                case "wrap_ttl":
                    ttl = Time(member);
                    break;
                case "config":
                    foreach (var inner in BodyOf(member).Members)
                        if (inner.Key == "path") path = Optional(inner);
                        else if (inner.Key == "mode") mode = Mode(inner);
                        else warn(inner.Position, $"\"{inner.Key}\" has no effect in sink \"file\"");
                    break;
                case "dh_type" or "dh_path" or "derive_key" or "aad" or "aad_env_var":
                    throw Wrong(member.Position, member.Key,
                        "asks for an encrypted sink, which is not supported; wrap_ttl protects the token on its way");
                default:
                    warn(member.Position, $"\"{member.Key}\" has no effect in sink \"file\"");
                    break;
            }
        return path is null
            ? throw Wrong(stanza.Position, "sink \"file\"", "needs a path in its config")
            : new SinkConfig(path, mode, ttl);
    }

    private static MethodConfig Config(HclMember config, MethodConfig method, Dictionary<string, string> settings,
        (string[] Needed, string[] Others) keys, Action<HclPosition, string> warn)
    {
        foreach (var member in BodyOf(config).Members)
        {
            if (!keys.Needed.Contains(member.Key) && !keys.Others.Contains(member.Key))
                warn(member.Position, $"\"{member.Key}\" has no effect in method \"{method.Type}\"");
            else if (member.Key.StartsWith("remove_", StringComparison.Ordinal) || member.Key == "reload")
                settings[member.Key] = Flag(member) ? "true" : "false";
            else if (Optional(member) is { } text) settings[member.Key] = text;
        }
        return method;
    }

    private static MethodConfig Ignored(HclMember member, MethodConfig method, Action<HclPosition, string> warn)
    {
        warn(member.Position, $"\"{member.Key}\" has no effect in method \"{method.Type}\"");
        return method;
    }
}
