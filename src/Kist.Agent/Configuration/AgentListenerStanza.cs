using Kist.Kernel.Hcl;
using Kist.Server.Configuration;
using static Kist.Agent.Configuration.Stanza;
using static Kist.Server.Configuration.ConfigValues;

namespace Kist.Agent.Configuration;

/// <summary>Reads <c>listener "tcp" { … }</c> and <c>listener "unix" { … }</c> of an agent.</summary>
internal static class AgentListenerStanza
{
    private static readonly string[] s_own =
    [
        "type", "require_request_header", "role", "agent_api", "proxy_api", "socket_mode", "socket_user",
        "socket_group",
    ];

    /// <summary>The listener; keys without effect are told to <paramref name="warn"/>.</summary>
    public static AgentListener Read(Stanza stanza, Action<HclPosition, string> warn)
    {
        var listener = stanza.Type switch
        {
            "tcp" => Tcp(stanza, warn),
            "unix" => Unix(stanza, warn),
            _ => throw Wrong(stanza.Position, "listener", "has a type other than \"tcp\" and \"unix\""),
        };
        foreach (var member in stanza.Body.Members)
            listener = member.Key switch
            {
                "require_request_header" => listener with { NeedsRequestHeader = Flag(member) },
                "role" => listener with { OnlyMetrics = OnlyMetrics(member) },
                "agent_api" or "proxy_api" => listener with { CanQuit = CanQuit(BodyOf(member), listener, warn) },
                "socket_mode" => listener with { SocketMode = Mode(member) },
                "socket_user" => listener with { SocketUser = Optional(member) },
                "socket_group" => listener with { SocketGroup = Optional(member) },
                _ => listener,
            };
        return listener;
    }

    // Addresses and TLS are read as the server reads them.
    private static AgentListener Tcp(Stanza stanza, Action<HclPosition, string> warn)
    {
        var body = new HclObject(stanza.Position, [.. stanza.Body.Members.Where(m => !s_own.Contains(m.Key))]);
        var read = ListenerStanza.Read(new HclBlock(["tcp"], stanza.Position, body), body, warn);
        var isLoopback = System.Net.IPAddress.IsLoopback(read.EndPoint.Address);
        if (!isLoopback && !read.TlsDisable && read.CertificateFile is null)
            throw Wrong(stanza.Position, "listener \"tcp\"",
                "is open to other machines: give tls_cert_file and tls_key_file, or tls_disable = true");
        if (!isLoopback)
            warn(stanza.Position, "the listener is open to other machines; an agent is meant for its own: 127.0.0.1");
        return new AgentListener(read.EndPoint, null)
        {
            Tls = read is { TlsDisable: false, CertificateFile: not null } ? read : null,
        };
    }

    private static AgentListener Unix(Stanza stanza, Action<HclPosition, string> warn)
    {
        string? path = null;
        foreach (var member in stanza.Body.Members)
        {
            if (member.Key == "address") path = Optional(member);
            else if (member.Key == "tls_disable" || s_own.Contains(member.Key)) continue;
            else warn(member.Position, $"\"{member.Key}\" has no effect in listener \"unix\"");
        }
        return path is null
            ? throw Wrong(stanza.Position, "listener \"unix\"", "needs an address: the path of the socket")
            : new AgentListener(null, path);
    }

    private static bool OnlyMetrics(HclMember member) => Text(member) switch
    {
        "" or "default" => false,
        "metrics_only" => true,
        _ => throw Wrong(member.Position, member.Key, "must be default or metrics_only"),
    };

    private static bool CanQuit(HclObject body, AgentListener listener, Action<HclPosition, string> warn)
    {
        var can = listener.CanQuit;
        foreach (var member in body.Members)
            if (member.Key == "enable_quit") can = Flag(member);
            else warn(member.Position, $"\"{member.Key}\" has no effect in agent_api");
        return can;
    }
}
