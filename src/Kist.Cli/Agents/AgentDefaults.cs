using Kist.Agent.Configuration;
using Kist.Cli.Client;
using Kist.Server.Configuration;

namespace Kist.Cli.Agents;

/// <summary>The configuration of an agent that is started without one.</summary>
internal static class AgentDefaults
{
    /// <summary>Makes it from the command line; an error says what does not fit.</summary>
    public static (AgentConfig? Config, string? Error) Make(
        AgentArguments arguments, Func<string, string?> environment)
    {
        var listeners = new List<AgentListener> { new(null, arguments.Socket ?? SocketPath(environment)) };
        foreach (var address in arguments.Listen)
        {
            if (!Address.TryParse(address, out var endPoint))
                return (null, "--listen is not an address and a port, such as 127.0.0.1:8100");
            if (!System.Net.IPAddress.IsLoopback(endPoint.Address))
                return (null, "--listen is open to other machines: that takes a configuration file with TLS");
            listeners.Add(new AgentListener(endPoint, null));
        }
        var templates = new List<TemplateConfig>();
        foreach (var (texts, isPlain) in ((IReadOnlyList<string>, bool)[])
            [(arguments.Templates, false), (arguments.Plain, true)])
            foreach (var text in texts)
            {
                var at = text.LastIndexOf(':');
                if (at <= 0 || at == text.Length - 1)
                    return (null, $"{(isPlain ? "--plain" : "--template")} is not FILE:TARGET");
                templates.Add(new TemplateConfig("the command line")
                {
                    Source = text[..at], Destination = text[(at + 1)..], IsPlain = isPlain,
                    Command = arguments.Command is { Length: > 0 } command ? [command] : null,
                });
            }
        var token = arguments.TokenFile ?? TokenFile.DefaultPath(environment);
        return (new AgentConfig
        {
            Method = new MethodConfig("token_file", "auth/token")
            {
                Settings = new Dictionary<string, string> { ["token_file_path"] = token },
            },
            TokenUse = TokenUse.AgentsForNone,
            Cache = new CacheConfig(),
            Listeners = arguments.ExitAfterAuth ? [] : listeners,
            Templates = templates,
        }, null);
    }

    /// <summary>Where the socket lies when nobody says otherwise: in a folder of the user's own.</summary>
    public static string SocketPath(Func<string, string?> environment) =>
        environment("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && Path.IsPathRooted(runtime)
            ? Path.Combine(runtime, "kist", "agent.sock")
            : Path.Combine(Path.GetDirectoryName(TokenFile.DefaultPath(
                name => name == "KIST_TOKEN_FILE" ? null : environment(name)))!, "agent.sock");
}
