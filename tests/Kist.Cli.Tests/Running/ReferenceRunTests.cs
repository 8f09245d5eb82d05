using System.Diagnostics;
using System.Globalization;

namespace Kist.Cli.Tests.Running;

/// <summary>`kist run` with references in a <c>.env</c>, from every source.</summary>
public sealed class ReferenceRunTests
{
    private const string Secret = "hunter2-very-secret";
    private const string Fields = $$"""{"url":"postgres://db/app","password":"{{Secret}}","port":5432}""";

    private const string Dotenv = """
        # what the app needs
        DATABASE_URL=kist://prod/database#url
        CONNECTION="postgres://app:{kist://prod/database#password}@db/app"
        FALLBACK=kist://prod/database#missing?default=none at all
        LOG_LEVEL=debug
        """;

    private const string Shown = "printf '%s|' \"$DATABASE_URL\" \"$CONNECTION\" \"$FALLBACK\" \"$LOG_LEVEL\"";

    public static TheoryData<string, string, string> Files => new()
    {
        {
            "values.env", "PROD_DATABASE_URL=postgres://db/app\nDATABASE_PASSWORD=" + Secret + "\n",
            "file = \"values.env\""
        },
        {
            "values.yaml", "database:\n  url: postgres://db/app\n  password: " + Secret + "\n",
            "file = [\"values.yaml\"]"
        },
        {
            "values.json", "{\"prod/database\":{\"url\":\"postgres://db/app\",\"password\":\"" + Secret + "\"}}",
            "file = \"values.json\""
        },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task The_same_env_file_works_on_files(string name, string content, string setting)
    {
        using var kist = Project(null, "[env.dev]\n" + setting + "\n");
        Write(kist, name, content);
        var ran = await kist.RunAsync("run", "--no-mask", "--", "sh", "-c", Shown);
        Assert.Equal("", ran.Error);
        Assert.Equal($"postgres://db/app|postgres://app:{Secret}@db/app|none at all|debug|", ran.Output);
    }

    [Theory]
    [InlineData("age-keygen -o key 2>/dev/null; age -r $(age-keygen -y key) -o values.yaml.age values.yaml",
        "values.yaml.age")]
    [InlineData("age-keygen -o key 2>/dev/null; $KIST file encrypt --age $(age-keygen -y key) -i values.yaml",
        "values.yaml")]
    public async Task And_on_encrypted_ones_whose_key_the_program_does_not_get(string encrypt, string file)
    {
        using var kist = Project(null, $"default = \"staging\"\n[env.staging]\nfile = \"{file}\"\n");
        Write(kist, "values.yaml", "database:\n  url: postgres://db/app\n  password: " + Secret + "\n");
        var encrypted = await kist.ShellAsync(encrypt);
        Assert.Equal("", encrypted.Error);
        kist.With("SOPS_AGE_KEY_FILE", Path.Combine(kist.Home, "key"));
        var ran = await kist.RunAsync("run", "--no-mask", "--", "sh", "-c", Shown + "; env | grep -c SOPS");
        Assert.Equal($"postgres://db/app|postgres://app:{Secret}@db/app|none at all|debug|0\n", ran.Output);
    }

    [Fact]
    public async Task And_on_a_server_that_another_environment_names_with_mounts_of_its_own()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = Project(null, $$"""
            [env.dev]
            file = "none"
            [env.prod]
            server = "{{server.Address}}"
            mounts = { live = "prod" }
            """);
        Write(kist, ".env", Dotenv.Replace("kist://prod", "kist://live"));
        var ran = await kist.RunAsync("run", "--env", "prod", "--no-mask", "--", "sh", "-c", Shown);
        Assert.Equal($"postgres://db/app|postgres://app:{Secret}@db/app|none at all|debug|", ran.Output);
        Assert.Single(server.Requests); // one secret, one request
        var dev = await kist.RunAsync("run", "--", "true");
        Assert.Equal(1, dev.ExitCode);
        Assert.Contains("none", dev.Error);
        var chosen = await kist.With("KIST_ENV", "prod").RunAsync("run", "--", "sh", "-c", "echo $CONNECTION");
        Assert.Equal("[REDACTED]\n", chosen.Output);
    }

    [Fact]
    public async Task And_on_what_answers_on_a_socket()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = Project(null, "[env.dev]\nagent = \"unix://SOCKET\"\n");
        var socket = Path.Combine(kist.Home, "agent.sock");
        var config = Path.Combine(kist.Home, ".kist", "config.toml");
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(config)).Replace("SOCKET", socket));
        var port = new Uri(server.Address).Port.ToString(CultureInfo.InvariantCulture);
        using var proxy = new SocketProxy(socket, int.Parse(port, CultureInfo.InvariantCulture));
        var ran = await kist.RunAsync("run", "--no-mask", "--", "sh", "-c", Shown);
        Assert.Equal("", ran.Error);
        Assert.Contains(Secret, ran.Output);
        proxy.Dispose();
        var away = await kist.RunAsync("run", "--", "true");
        Assert.Equal(2, away.ExitCode);
        Assert.Contains($"cannot connect to unix://{socket}", away.Error);
    }

    [Fact]
    public async Task Only_the_asked_variables_are_read_and_given()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = Project(server.Address, null);
        Write(kist, ".env", Dotenv + "\nOTHER=kist://prod/other#x\n");
        var ran = await kist.RunAsync("run", "--only", "DATABASE_URL,LOG_LEVEL", "--no-mask", "--", "sh", "-c", Shown);
        Assert.Equal("postgres://db/app|||debug|", ran.Output);
        Assert.DoesNotContain(server.Requests, static r => r.Path.Contains("other", StringComparison.Ordinal));
        var unknown = await kist.RunAsync("run", "--only", "DATABSE_URL", "--", "true");
        Assert.Contains("no .env sets DATABSE_URL", unknown.Error);
        Assert.Contains("--only DATABASE_URL", unknown.Error);
    }

    [Fact]
    public async Task References_in_variables_are_resolved_and_the_token_is_not_handed_on_under_any_name()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address).With("PASSWORD", "kist://prod/database#password")
            .With("MY_TOKEN", "test-token").With("VAULT_TOKEN", "other").With("SOPS_AGE_KEY", "AGE-SECRET-KEY-1");
        Write(kist, ".env", "KIST_TOKEN=from-the-file\nA=1\n");
        var ran = await kist.RunAsync("run", "--no-mask", "--", "env");
        Assert.Contains($"PASSWORD={Secret}\n", ran.Output);
        Assert.DoesNotContain("test-token", ran.Output);
        Assert.DoesNotContain("VAULT_TOKEN", ran.Output);
        Assert.DoesNotContain("SOPS_AGE_KEY", ran.Output);
        Assert.DoesNotContain("from-the-file", ran.Output + ran.Error);
        Assert.Contains(".env, line 1, KIST_TOKEN", ran.Error);
    }

    [Fact]
    public async Task A_part_of_a_value_is_masked_too_and_settings_are_not()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = Project(server.Address, null);
        Write(kist, ".env", Dotenv + "\nAPI_TOKEN=plain-but-named-so\n");
        var ran = await kist.RunAsync("run", "--", "sh", "-c",
            $"echo $LOG_LEVEL $CONNECTION; echo {Secret}; printf %s {Secret} | base64; echo $API_TOKEN");
        Assert.Equal("debug [REDACTED]\n[REDACTED]\n[REDACTED]\n[REDACTED]\n", ran.Output);
    }

    [Theory]
    [InlineData("A=1\nno equals sesame\n", ".env, line 2")]
    [InlineData("A=1\nB='sesame\n", ".env, line 2, B")]
    [InlineData("\nA=kist://\n", ".env, line 2, A: this is no reference")]
    [InlineData("A=kist://prod/database#nope\nB=kist://prod/gone#x\n", ".env, line 1, A: prod/database has no field")]
    [InlineData("A=kist://prod/database#nope\nB=kist://prod/gone#x\n", ".env, line 2, B: there is no secret prod/")]
    [InlineData("A=kist://prod/database\n", "has more than one field")]
    [InlineData("A=kist://nowhere/x#y\n", "no mount")]
    public async Task What_is_wrong_in_a_file_is_named_with_its_line(string content, string error)
    {
        using var server = FakeServer.WithMounts(asked => asked.Path == "/v1/prod/data/database"
            ? (200, "{\"data\":{\"data\":" + Fields + ",\"metadata\":{\"version\":1}}}")
            : asked.Path.Contains("nowhere", StringComparison.Ordinal)
                ? (403, """{"errors":["preflight capability check returned 403"]}""") : (404, """{"errors":[]}"""));
        using var kist = Project(server.Address, null);
        Write(kist, ".env", content);
        var ran = await kist.RunAsync("run", "--", "echo", "started");
        Assert.NotEqual(0, ran.ExitCode);
        Assert.Contains(error, ran.Error);
        Assert.DoesNotContain("sesame", ran.Error);
        Assert.DoesNotContain("started", ran.Output);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_named()
    {
        using var kist = new KistRun();
        var missing = await kist.RunAsync("run", "--env-file", "no.env", "--", "true");
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("there is no file no.env", missing.Error);
        Directory.CreateDirectory(Path.Combine(kist.Home, "dir.env"));
        Assert.Contains("the file dir.env cannot be read",
            (await kist.RunAsync("run", "--env-file", "dir.env", "--", "true")).Error);
        var nothing = await kist.RunAsync("run", "--", "echo", "ran");
        Assert.Equal("ran\n", nothing.Output);
        Assert.Contains("no .env here", nothing.Error);
    }

    [Theory]
    [InlineData("[env.dev]\nfile = 3\n", "line 2: file is a text")]
    [InlineData("[env.dev]\nfile = \"a\"\nserver = \"b\"\n", "line 1: an environment has one of")]
    [InlineData("default = \"prod\"\n[env.dev]\n", "the default environment prod is not in it")]
    [InlineData("[environment]\n", "line 1: there is no [environment]")]
    [InlineData("[env.dev\n", "line 1: this is not TOML")]
    [InlineData("[env.a]\nfile = \"x\"\n[env.b]\nfile = \"y\"\n", "names no default environment")]
    [InlineData("[env.dev]\nlast-known-good = \"soon\"\n", "line 2: last-known-good is a time")]
    public async Task A_mistake_in_the_configuration_is_named_with_its_line(string config, string error)
    {
        using var kist = Project(null, config);
        var ran = await kist.RunAsync("run", "--", "true");
        Assert.Equal(1, ran.ExitCode);
        Assert.Contains(error, ran.Error);
    }

    [Fact]
    public async Task A_server_that_the_repository_names_gets_no_token_unless_its_user_knows_it()
    {
        using var kist = Project(null, "[env.dev]\nserver = \"https://kist.invalid:8200\"\n");
        var ran = await kist.RunAsync("run", "--", "true");
        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("which you have not used before", ran.Error);
        Write(kist, ".config/kist/servers", "https://kist.invalid:8200/\n");
        Assert.Contains("kist.invalid", (await kist.RunAsync("run", "--", "true")).Error);
        Assert.Equal(2, (await kist.RunAsync("run", "--", "true")).ExitCode);
    }

    [Fact]
    public async Task When_the_server_is_away_the_last_known_good_values_stand_in_if_that_is_allowed()
    {
        var server = FakeServer.WithSecret(Fields);
        using var kist = Project(null, $"[env.dev]\nserver = \"{server.Address}\"\nlast-known-good = \"1h\"\n");
        var first = await kist.RunAsync("run", "--no-mask", "--", "sh", "-c", Shown);
        server.Dispose();
        var second = await kist.RunAsync("run", "--no-mask", "--", "sh", "-c", Shown);
        Assert.Equal((0, first.Output), (second.ExitCode, second.Output));
        Assert.Contains("using values of", second.Error);
        var kept = Assert.Single(
            Directory.EnumerateFiles(Path.Combine(kist.Home, ".cache"), "*", SearchOption.AllDirectories));
        Assert.DoesNotContain(Secret, await File.ReadAllTextAsync(kept));
        Write(kist, ".env", "X=kist://prod/other#x\n");
        var other = await kist.RunAsync("run", "--", "true");
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("no value of prod/other is kept", other.Error);
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".kist", "config.toml"),
            $"[env.dev]\nserver = \"{server.Address}\"\n");
        Write(kist, ".env", Dotenv);
        Assert.Equal(2, (await kist.RunAsync("run", "--", "true")).ExitCode);
    }

    [Fact]
    public async Task A_revoked_token_gets_nothing_of_what_was_known()
    {
        var refuses = false;
        using var server = FakeServer.WithMounts(_ => refuses
            ? (403, """{"errors":["permission denied"]}""")
            : (200, "{\"data\":{\"data\":" + Fields + ",\"metadata\":{\"version\":1}}}"));
        using var kist = Project(null, $"[env.dev]\nserver = \"{server.Address}\"\nlast-known-good = \"1h\"\n");
        Assert.Equal(0, (await kist.RunAsync("run", "--", "true")).ExitCode);
        refuses = true;
        var refused = await kist.RunAsync("run", "--", "echo", "started");
        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("the token is not valid here", refused.Error);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_waited_for_no_longer_than_the_time_limit()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start(); // takes connections and says nothing
        using var kist = Project($"http://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}", null);
        var ran = await kist.RunAsync("run", "--timeout", "1", "--", "true");
        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("within 1 s", ran.Error);
    }

    [Fact]
    public async Task Ten_thousand_references_of_a_thousand_secrets_are_a_thousand_requests_side_by_side()
    {
        var (now, most) = (0, 0);
        using var server = FakeServer.WithMounts(asked =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            Thread.Sleep(1);
            Interlocked.Decrement(ref now);
            var fields = string.Join(',', Enumerable.Range(0, 10).Select(i => $"\"f{i}\":\"v{i}-{asked.Path[^4..]}\""));
            return (200, "{\"data\":{\"data\":{" + fields + "},\"metadata\":{\"version\":1}}}");
        });
        using var kist = Project(server.Address, null);
        Write(kist, ".env", string.Concat(Enumerable.Range(0, 10_000).Select(
            static i => $"V{i}=kist://prod/s{i / 10:d4}#f{i % 10}\n")));
        var ran = await kist.RunAsync("run", "--no-mask", "--", "sh", "-c", "echo $V0 $V9999; env | grep -c ^V");
        Assert.Equal("v0-0000 v9-0999\n10000\n", ran.Output);
        Assert.Equal(1000, server.Requests.Count);
    }

    private static KistRun Project(string? address, string? config)
    {
        var kist = new KistRun(address);
        Write(kist, ".env", Dotenv);
        if (config is not null) Write(kist, ".kist/config.toml", config);
        return kist;
    }

    private static void Write(KistRun kist, string name, string content)
    {
        var path = Path.Combine(kist.Home, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
