using System.CommandLine;
using Kist.Cli.Agents;
using Kist.Cli.Output;
using Kist.Cli.Serving;

namespace Kist.Cli;

/// <summary><c>kist agent</c>: a process that logs in for a machine, remembers, and renders files.</summary>
internal static class AgentCommand
{
    public static Command Create()
    {
        var command = new KistCommand("agent", "Run an agent: it logs in, remembers answers and renders files")
        {
            Details = """
                With --config it does what the file says, which is the configuration of Vault Agent in HCL or JSON:
                vault, auto_auth, cache, api_proxy, listener, template, template_config, env_template, exec. What has no
                effect here is named in a warning.

                Without --config it logs in with the token of `kist login` (or --token-file), answers on a socket that
                only you can reach, remembers what it reads, and renders what --template and --plain name. A template
                is in the language of Vault Agent's; --plain is any text with kist:// references.

                It speaks the server's API, so that every client of Vault can be pointed at it. SIGHUP reads the
                configuration, the templates and the credentials again; SIGTERM and Ctrl-C end it. systemd is told when
                it is ready (Type=notify).
                """,
            Examples =
            [
                "kist agent --config /etc/kist/agent.hcl",
                "kist agent --config /etc/kist/agent.hcl --check",
                "kist agent --config /etc/kist/agent.hcl --exit-after-auth    # render once",
                "kist agent --plain app.env:/run/app/env --listen 127.0.0.1:8100",
                "kist agent --template nginx.ctmpl:/run/nginx/secrets.conf --command 'systemctl reload nginx'",
            ],
        };
        var config = command.Repeated("--config", "FILE", "Configuration file, or a folder of them");
        var check = command.Switch("--check", "Only read the configuration and its templates, and say what is wrong");
        var once = command.Switch("--exit-after-auth",
            "Log in, write the sinks, render everything once, and end", "--once");
        var listen = command.Repeated("--listen", "HOST:PORT", "Without --config: an address to answer on as well");
        var socket = command.Option<string?>("--socket", "PATH",
            "Without --config: the socket (else $XDG_RUNTIME_DIR/kist/agent.sock, or ~/.config/kist/agent.sock)");
        var template = command.Repeated("--template", "FILE:TARGET", "Without --config: a template and its file");
        var plain = command.Repeated("--plain", "FILE:TARGET", "Without --config: a text with references and its file");
        var after = command.Option<string?>("--command", "COMMAND",
            "Without --config: what the shell runs after a rendered file has changed");
        var level = command.Option<string?>("--log-level", "LEVEL",
            "trace, debug, info, warn or error (KIST_LOG_LEVEL, VAULT_LOG_LEVEL; else the file's, else info)");
        var format = command.Option<string?>("--log-format", "FORMAT",
            "standard or json (KIST_LOG_FORMAT, VAULT_LOG_FORMAT; else the file's, else standard)");
        command.Does((session, parsed) =>
        {
            var arguments = new AgentArguments
            {
                ConfigFiles = parsed.GetValue(config) ?? [],
                Check = parsed.GetValue(check),
                ExitAfterAuth = parsed.GetValue(once),
                Listen = parsed.GetValue(listen) ?? [],
                Socket = parsed.GetValue(socket),
                Templates = parsed.GetValue(template) ?? [],
                Plain = parsed.GetValue(plain) ?? [],
                Command = parsed.GetValue(after),
                LogLevel = parsed.GetValue(level) ?? Variable("LOG_LEVEL"),
                LogFormat = parsed.GetValue(format) ?? Variable("LOG_FORMAT"),
                TokenFile = parsed.GetValue(Globals.TokenFile),
            };
            if (session.AgentServer(out var server) is { } wrong) return session.Fail(wrong);
            StandardStreams.Fill();
            return AgentStart.Run(arguments, server!, session.Screen);
        });
        return command;
    }

    private static string? Variable(string name)
    {
        foreach (var prefix in (ReadOnlySpan<string>)["KIST_", "VAULT_"])
            if (Environment.GetEnvironmentVariable(prefix + name) is { Length: > 0 } text) return text;
        return null;
    }
}
