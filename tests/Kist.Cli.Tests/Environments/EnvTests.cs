using System.Text.Json;

namespace Kist.Cli.Tests.Environments;

/// <summary>`kist env` with files and a server.</summary>
public sealed class EnvTests
{
    private static string Token { get; } = "ghp_" + new string([.. Enumerable.Range(0, 36).Select(static _ =>
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"[Random.Shared.Next(61)])]);

    private static string Dotenv => $"""
        # the database
        export DATABASE_URL=postgres://app:s3same-street@db/app

        PORT=8080
        DEBUG=true
        BASE_URL=https://example.com/
        GITHUB={Token}
        DB_PASSWORD='l0ng and odd'
        VITE_API_KEY=public-by-design
        # OLD_SECRET=was-a-secret-once
        KEPT=kist://prod/other#x
        """;

    [Fact]
    public async Task Import_says_what_each_variable_is_and_why()
    {
        using var kist = Project(null, Dotenv);
        var ran = await kist.RunAsync("env", "import", "--to", "prod/app", "--dry-run", "--json");
        using var json = JsonDocument.Parse(ran.Output);
        var found = json.RootElement.EnumerateArray().ToDictionary(
            static v => v.GetProperty("variable").GetString()!,
            static v => $"{v.GetProperty("kind").GetString()}: {v.GetProperty("why").GetString()}");
        Assert.Equal("secret: the URL holds a password", found["DATABASE_URL"]);
        Assert.Equal("setting: it is a number", found["PORT"]);
        Assert.Equal("setting: it is a switch", found["DEBUG"]);
        Assert.Equal("setting: it is a URL without a password", found["BASE_URL"]);
        Assert.StartsWith("secret: it has the shape of github", found["GITHUB"].ToLowerInvariant());
        Assert.Equal("secret: the name suggests a secret", found["DB_PASSWORD"]);
        Assert.StartsWith("setting: VITE_", found["VITE_API_KEY"]);
        Assert.False(found.ContainsKey("KEPT"));
        Assert.DoesNotContain("s3same", ran.Output);
    }

    [Fact]
    public async Task Import_moves_secrets_into_the_file_of_an_environment_and_kist_run_gives_the_same_as_before()
    {
        using var kist = Project("[env.dev]\nfile = \"values.env\"\n", Dotenv.Replace("KEPT=kist://prod/other#x", ""));
        var before = await kist.RunAsync("env", "export", "--format", "json");
        var ran = await kist.RunAsync("env", "import", "--to", "app/web", "--yes", "--setting", "DB_PASSWORD");
        Assert.Equal("", ran.Error);
        Assert.Contains("Saved 2 in app/web", ran.Output);
        var after = await kist.RunAsync("env", "export", "--format", "json");
        Assert.Equal(before.Output, after.Output);
        var file = Read(kist, ".env");
        Assert.Contains("export DATABASE_URL=kist://app/web#DATABASE_URL\n", file);
        Assert.Contains("GITHUB=kist://app/web#GITHUB\n", file);
        Assert.Contains("DB_PASSWORD='l0ng and odd'\n", file);
        Assert.DoesNotContain("s3same", file);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Path.Combine(kist.Home, "values.env")));
    }

    [Fact]
    public async Task Import_writes_into_an_encrypted_file_too()
    {
        using var kist = Project("[env.dev]\nfile = \"values.yaml\"\n", "A_TOKEN=abcd-efgh\nB=1\n");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "values.yaml"), "app:\n  web:\n    other: x\n");
        Assert.Equal("", (await kist.ShellAsync(
            "age-keygen -o key 2>/dev/null; $KIST file encrypt --age $(age-keygen -y key) -i values.yaml")).Error);
        kist.With("SOPS_AGE_KEY_FILE", Path.Combine(kist.Home, "key"));
        var ran = await kist.RunAsync("env", "import", "--to", "app/web", "--yes");
        Assert.Equal("", ran.Error);
        Assert.DoesNotContain("abcd-efgh", Read(kist, "values.yaml"));
        Assert.Equal("A_TOKEN=abcd-efgh\nB=1\n", (await kist.RunAsync("env", "export")).Output);
    }

    [Fact]
    public async Task Import_saves_to_a_server_beside_what_is_there_and_changes_nothing_it_was_not_told_to()
    {
        var saved = "";
        using var server = FakeServer.WithMounts(asked =>
        {
            if (asked.Method != "GET") saved = asked.Body;
            return (200, """{"data":{"data":{"X":"kept","A_TOKEN":"other"},"metadata":{"version":7}}}""");
        });
        using var kist = new KistRun(server.Address);
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".env"), "A_TOKEN=abcd-efgh\n");
        var taken = await kist.RunAsync("env", "import", "--to", "prod/app", "--yes");
        Assert.Equal((1, ""), (taken.ExitCode, saved));
        Assert.Contains("has another value for A_TOKEN already", taken.Error);
        Assert.Equal("A_TOKEN=abcd-efgh\n", Read(kist, ".env"));
        Assert.Equal(0, (await kist.RunAsync("env", "import", "--to", "prod/app", "--yes", "--overwrite")).ExitCode);
        Assert.Equal("""{"options":{"cas":7},"data":{"X":"kept","A_TOKEN":"abcd-efgh"}}""", saved);
        Assert.Equal("A_TOKEN=kist://prod/app#A_TOKEN\n", Read(kist, ".env"));
    }

    [Fact]
    public async Task Import_asks_for_each_variable_at_a_terminal_and_nowhere_else()
    {
        using var kist = Project(
            "[env.dev]\nfile = \"values.env\"\n", "A_TOKEN=abcd-efgh\nHOST=db\nC_TOKEN=ijkl-mnop\n");
        var piped = await kist.RunAsync("env", "import", "--to", "app/web");
        Assert.Equal(1, piped.ExitCode);
        Assert.Contains("--yes", piped.Error);
        var asked = await kist.ShellAsync(
            "printf '\\ns\\nc\\n' | script -qec \"$KIST env import --to app/web\" /dev/null");
        Assert.Contains("A_TOKEN: a secret, because the name suggests a secret", asked.Output);
        Assert.Equal(
            "A_TOKEN=kist://app/web#A_TOKEN\nHOST=kist://app/web#HOST\nC_TOKEN=ijkl-mnop\n", Read(kist, ".env"));
    }

    [Theory]
    [InlineData("dotenv", "A=\"it's\"\nB='two words'\n")]
    [InlineData("docker", "A=it's\nB=two words\n")]
    [InlineData("shell", "export A='it'\\''s'\nexport B='two words'\n")]
    [InlineData("yaml", "A: \"it\\u0027s\"\nB: \"two words\"\n")]
    [InlineData("json", "{\n  \"A\": \"it\\u0027s\",\n  \"B\": \"two words\"\n}\n")]
    public async Task Export_writes_what_each_reader_reads(string format, string expected)
    {
        using var kist = Project("[env.dev]\nfile = \"values.env\"\n", "A=kist://app/web#a\nB='two words'\n");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "values.env"), "WEB_A=\"it's\"\n");
        var ran = await kist.RunAsync("env", "export", "--format", format);
        Assert.Equal((expected, ""), (ran.Output, ran.Error));
    }

    [Fact]
    public async Task Diff_names_what_differs_and_never_a_value()
    {
        using var kist = Two("WEB_KEY=same-key\nWEB_URL=one\nWEB_ONLY=x\n", "WEB_KEY=same-key\nWEB_URL=two\n");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".env"),
            "API_KEY=kist://app/web#key\nURL=kist://app/web#url\nONLY=kist://app/web#only\nLEVEL=debug\n");
        var ran = await kist.RunAsync("env", "diff", "dev", "prod", "--json");
        Assert.Equal(1, ran.ExitCode);
        using var json = JsonDocument.Parse(ran.Output);
        Assert.Equal(
            ["API_KEY same the same secret in both: what leaks from one opens the other", "LEVEL same ",
                "ONLY missing not in prod", "URL different "],
            json.RootElement.EnumerateArray().Select(static v => $"{v.GetProperty("variable").GetString()} "
                + $"{v.GetProperty("state").GetString()} "
                + (v.TryGetProperty("note", out var note) ? note.GetString() : "")));
        Assert.DoesNotContain("same-key", ran.Output);
        Assert.Equal(0, (await kist.RunAsync("env", "diff", "dev", "dev", "--env-file", "values.env")).ExitCode);
        var unknown = await kist.RunAsync("env", "diff", "dev", "prd");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("--env prod", unknown.Error);
    }

    [Fact]
    public async Task Lint_finds_what_is_kept_wrongly_shared_missing_and_repeated()
    {
        using var kist = Two("WEB_KEY=same-key\nWEB_PORT=8080\n", "WEB_KEY=same-key\nWEB_PORT=80\n");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".env"),
            "API_KEY=kist://app/web#key\nPORT=kist://app/web#port\nGONE=kist://app/web#gone\n"
            + "MY_SECRET=s3same-street\nLEVEL=a\nLEVEL=b\n");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".env.example"),
            "API_KEY=\nPORT=\nGONE=\nMY_SECRET=\nWANTED=\n");
        var ran = await kist.RunAsync("env", "lint", "--json");
        Assert.Equal(1, ran.ExitCode);
        using var json = JsonDocument.Parse(ran.Output);
        Assert.Equal(
            ["missing .env.example, line 5, WANTED", "no-value .env, line 3, GONE",
                "not-in-example .env, line 6, LEVEL", "repeated .env", "secret-in-clear .env, line 4, MY_SECRET",
                "setting-as-secret .env, line 2, PORT", "shared-value .env, line 1, API_KEY"],
            json.RootElement.EnumerateArray().Select(static v =>
                $"{v.GetProperty("rule").GetString()} {v.GetProperty("place").GetString()}").Distinct()
                .Order(StringComparer.Ordinal));
        Assert.DoesNotContain("s3same", ran.Output);
        var offline = await kist.RunAsync("env", "lint", "--offline");
        Assert.DoesNotContain("no-value", offline.Output);
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "good"), "LEVEL=a\n");
        File.Delete(Path.Combine(kist.Home, ".env.example"));
        Assert.Equal(0, (await kist.RunAsync("env", "lint", "good")).ExitCode);
        Assert.Equal(2, (await kist.RunAsync("env", "lint", "none")).ExitCode);
    }

    [Fact]
    public async Task Example_has_the_keys_and_comments_and_nothing_that_was_a_value()
    {
        using var kist = Project(null, Dotenv);
        Assert.Equal(0, (await kist.RunAsync("env", "example")).ExitCode);
        Assert.Equal("# the database\nexport DATABASE_URL=\n\nPORT=\nDEBUG=\nBASE_URL=\nGITHUB=\nDB_PASSWORD=\n"
            + "VITE_API_KEY=\n# OLD_SECRET=\nKEPT=\n", Read(kist, ".env.example"));
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".env.example"), "# mine\nPORT=8080");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".env"), "PORT=1\nNEW='s3same\nstreet'\n");
        Assert.Equal(0, (await kist.RunAsync("env", "example")).ExitCode);
        Assert.Equal("# mine\nPORT=8080\nNEW=\n", Read(kist, ".env.example"));
        Assert.Equal("PORT=\nNEW=\n", (await kist.RunAsync("env", "example", "-o", "-")).Output);
    }

    private static KistRun Two(string dev, string prod)
    {
        var kist = Project("[env.dev]\nfile = \"values.env\"\n[env.prod]\nfile = \"prod.env\"\n", "");
        File.WriteAllText(Path.Combine(kist.Home, "values.env"), dev);
        File.WriteAllText(Path.Combine(kist.Home, "prod.env"), prod);
        return kist;
    }

    private static KistRun Project(string? config, string dotenv)
    {
        var kist = new KistRun();
        Directory.CreateDirectory(Path.Combine(kist.Home, ".kist"));
        if (config is not null) File.WriteAllText(Path.Combine(kist.Home, ".kist", "config.toml"), config);
        File.WriteAllText(Path.Combine(kist.Home, ".env"), dotenv + (dotenv.EndsWith('\n') ? "" : "\n"));
        return kist;
    }

    private static string Read(KistRun kist, string name) => File.ReadAllText(Path.Combine(kist.Home, name));
}
