using Kist.Agent.Configuration;

namespace Kist.Agent.Tests.Configuration;

/// <summary>Files of Vault Agent mean here what they mean there.</summary>
public sealed class AgentConfigReaderTests
{
    // The shape of the example in Vault's documentation.
    private const string Usual = """
        pid_file = "./pidfile"
        vault {
          address = "https://kist.example.com:8200"
          ca_cert = "/etc/kist/ca.pem"
          retry { num_retries = 5 }
        }
        auto_auth {
          method {
            type      = "approle"
            namespace = "team/"
            config = {
              role_id_file_path   = "roleid"
              secret_id_file_path = "secretid"
              remove_secret_id_file_after_reading = false
            }
          }
          sink {
            type = "file"
            wrap_ttl = "5m"
            config = { path = "/tmp/token" mode = 0640 }
          }
          sink "file" { config = { path = "/tmp/other" } }
        }
        cache { use_auto_auth_token = true }
        listener "unix" { address = "/run/agent.sock" tls_disable = true socket_mode = "0660" }
        listener "tcp" {
          address = "127.0.0.1:8100"
          tls_disable = true
          require_request_header = true
          agent_api { enable_quit = true }
        }
        template_config { static_secret_render_interval = "10m" exit_on_retry_failure = true }
        template {
          source = "/etc/in.ctmpl"
          destination = "/etc/out"
          perms = "0644"
          error_on_missing_key = true
          left_delimiter = "[["
          right_delimiter = "]]"
          command = "systemctl reload app"
          wait { min = "2s" max = "10s" }
        }
        template {
          contents = "{{ with secret \"a/b\" }}{{ .Data.x }}{{ end }}"
          destination = "/etc/out2"
          exec { command = ["kill", "-HUP", "1"] timeout = "5s" }
        }
        """;

    [Theory]
    [InlineData("unix:///run/kist/agent.sock", "/run/kist/agent.sock")]
    [InlineData("unix:///run/a b#c%20.sock", "/run/a b#c%20.sock")]
    [InlineData("https://kist.example.com", null)]
    public void The_server_may_be_behind_a_socket(string address, string? socket)
    {
        var (config, error) = AgentConfigReader.ReadText("agent.hcl", $"vault {{ address = \"{address}\" }}");
        Assert.Null(error);
        var server = new Kist.Agent.Link.LinkSettings { Address = config!.Upstream.Address! };
        Assert.Equal((socket, address), (server.Socket, server.Name));
    }

    [Fact]
    public void The_usual_file_is_understood_whole()
    {
        var (config, error) = AgentConfigReader.ReadText("agent.hcl", Usual);
        Assert.Null(error);
        Assert.Empty(config!.Warnings);
        Assert.Equal("https://kist.example.com:8200/", config.Upstream.Address!.ToString());
        Assert.Equal(("/etc/kist/ca.pem", 5), (config.Upstream.CaFile, config.Upstream.Retries));
        Assert.Equal(("approle", "auth/approle", "team/"),
            (config.Method!.Type, config.Method.Mount, config.Method.Namespace));
        Assert.Equal("false", config.Method.Settings["remove_secret_id_file_after_reading"]);
        Assert.Equal(2, config.Sinks.Count);
        Assert.Equal(((UnixFileMode)0b110_100_000, TimeSpan.FromMinutes(5)),
            (config.Sinks[0].Mode, config.Sinks[0].WrapTtl));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, config.Sinks[1].Mode);
        Assert.Equal(TokenUse.AgentsForNone, config.TokenUse);
        Assert.Equal(("/run/agent.sock", (UnixFileMode)0b110_110_000),
            (config.Listeners[0].SocketPath, config.Listeners[0].SocketMode));
        Assert.Equal((8100, true, true, (object?)null), (config.Listeners[1].EndPoint!.Port,
            config.Listeners[1].NeedsRequestHeader, config.Listeners[1].CanQuit, config.Listeners[1].Tls));
        Assert.Equal((TimeSpan.FromMinutes(10), true),
            (config.TemplateSettings.StaticInterval, config.TemplateSettings.ExitsOnRetryFailure));
        var template = config.Templates[0];
        Assert.Equal(("[[", "]]", true, (UnixFileMode)0b110_100_100), (template.LeftDelimiter,
            template.RightDelimiter, template.FailsOnMissingKey, template.Mode));
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10)), (template.WaitLeast, template.WaitMost));
        Assert.Equal(["systemctl reload app"], template.Command!);
        Assert.Equal(["kill", "-HUP", "1"], config.Templates[1].Command!);
        Assert.Equal(TimeSpan.FromSeconds(5), config.Templates[1].CommandTimeout);
        Assert.Equal("./pidfile", config.PidFile);
    }

    [Fact]
    public void Json_says_the_same()
    {
        var (config, error) = AgentConfigReader.ReadText("agent.json", """
            {
              "vault": [{ "address": "http://127.0.0.1:8200" }],
              "auto_auth": {
                "method": [{ "type": "kubernetes", "mount_path": "auth/k8s", "config": { "role": "app" } }],
                "sinks": [{ "sink": { "type": "file", "config": { "path": "/tmp/token" } } }] },
              "api_proxy": { "use_auto_auth_token": "force" },
              "listener": [{ "tcp": { "address": "127.0.0.1:8100", "tls_disable": true } }],
              "template": [{ "source": "a", "destination": "b" }, { "contents": "c", "destination": "d" }]
            }
            """);
        Assert.Null(error);
        Assert.Equal("auth/k8s", config!.Method!.Mount);
        Assert.Equal("/var/run/secrets/kubernetes.io/serviceaccount/token", config.Method.Settings["token_path"]);
        Assert.Equal("/tmp/token", Assert.Single(config.Sinks).Path);
        Assert.Equal(TokenUse.AgentsAlways, config.TokenUse);
        Assert.Equal(8100, Assert.Single(config.Listeners).EndPoint!.Port);
        Assert.Equal(["b", "d"], config.Templates.Select(t => t.Destination));
    }

    [Fact]
    public void A_program_gets_variables()
    {
        var (config, error) = AgentConfigReader.ReadText("agent.hcl", """
            auto_auth { method "token_file" { config = { token_file_path = "/etc/token" } } }
            env_template "DATABASE_URL" { contents = "{{ x }}" error_on_missing_key = true }
            env_template "API_KEY" { source = "/etc/key.ctmpl" }
            exec { command = ["./app", "serve"] restart_on_secret_changes = "never" restart_stop_signal = "SIGINT" }
            """);
        Assert.Null(error);
        Assert.Equal(["DATABASE_URL", "API_KEY"], config!.Variables.Select(v => v.Destination));
        Assert.Equal(["./app", "serve"], config.Exec!.Command);
        Assert.Equal((false, 2), (config.Exec.Restarts, config.Exec.StopSignal));
    }

    [Theory]
    [InlineData("vault { address = \"ftp://x\" }", "line 1, column 9: address must be a URL")]
    [InlineData("\nauto_auth { method \"aws\" { } }", "line 2, column 20: method has the type \"aws\"")]
    [InlineData("auto_auth { method \"x\" { } }", "line 1, column 20: method has a type that is not known")]
    [InlineData("auto_auth { method \"approle\" { config = {} } }", "needs role_id_file_path in its config")]
    [InlineData(
        "auto_auth {\n sink \"file\" { dh_type = \"curve25519\" config = { path = \"a\" } } }",
        "line 2, column 16: dh_type asks for an encrypted sink")]
    [InlineData("auto_auth { sink \"file\" { config = { path = \"a\" } } }", "a sink needs auto_auth with a method")]
    [InlineData("api_proxy { use_auto_auth_token = true }", "use_auto_auth_token needs auto_auth")]
    [InlineData("template { destination = \"a\" }", "line 1, column 10: template needs either a source or contents")]
    [InlineData("template { contents = \"a\" }", "line 1, column 10: template needs a destination")]
    [InlineData("template { contents = \"a\" destination = \"b\" perms = \"999\" }", "perms must be a mode")]
    [InlineData("listener \"tcp\" { address = \"0.0.0.0:8100\" }", "is open to other machines: give tls_cert_file")]
    [InlineData("listener \"unix\" { }", "line 1, column 10: listener \"unix\" needs an address")]
    [InlineData("listener \"quic\" { address = \"x\" }", "listener has a type other than")]
    [InlineData("listener \"tcp\" { address = \"here\" }", "address must be an IP address and a port")]
    [InlineData("cache { persist \"file\" { path = \"a\" } }", "persist needs a path, and a key_file")]
    [InlineData("cache { max_age = \"long\" }", "line 1, column 9: max_age must be a duration")]
    [InlineData("exec { command = [] }", "exec needs a command")]
    [InlineData("env_template \"A B\" { contents = \"x\" }", "env_template needs the name of a variable")]
    [InlineData("vault {", "line 1, column 8: ")]
    public void What_is_wrong_is_said_with_its_place(string text, string expected)
    {
        var (config, error) = AgentConfigReader.ReadText("agent.hcl", text);
        Assert.Null(config);
        Assert.StartsWith("agent.hcl: ", error);
        Assert.Contains(expected, error);
    }

    [Theory]
    [InlineData(
        "telemetry { prometheus_retention_time = \"1h\" }",
        "agent.hcl: line 1: \"telemetry\" has no effect in kist")]
    [InlineData("\n\nfoo = 1", "agent.hcl: line 3: \"foo\" is not known and has no effect")]
    [InlineData(
        "cache { persist \"kubernetes\" { path = \"/a\" } }",
        "agent.hcl: line 1: persist has a type that kist does not know")]
    [InlineData(
        "listener \"tcp\" { address = \"0.0.0.0:81\" tls_disable = true }",
        "agent.hcl: line 1: the listener is open to other machines")]
    [InlineData("vault { license = \"x\" }", "agent.hcl: line 1: \"license\" has no effect in vault")]
    public void What_has_no_effect_is_a_warning(string text, string expected)
    {
        var (config, error) = AgentConfigReader.ReadText("agent.hcl", text);
        Assert.Null(error);
        Assert.StartsWith(expected, Assert.Single(config!.Warnings));
    }

    [Fact]
    public void Several_files_add_up()
    {
        var folder = Directory.CreateTempSubdirectory("kist-agent-").FullName;
        try
        {
            var (first, second) = (Path.Combine(folder, "a.hcl"), Path.Combine(folder, "b.hcl"));
            File.WriteAllText(first, "vault { address = \"http://one:1\" }\nlog_level = \"debug\"");
            File.WriteAllText(second, "vault { address = \"http://two:2\" }\n"
                + "listener \"unix\" { address = \"/run/x\" }");
            var (config, _) = AgentConfigReader.Read(first, second);
            Assert.Equal("two", config!.Upstream.Address!.Host);
            Assert.Single(config.Listeners);
            Assert.Equal($"there is no configuration file {folder}/c.hcl",
                AgentConfigReader.Read(Path.Combine(folder, "c.hcl")).Error);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
