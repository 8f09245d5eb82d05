using System.Text.Json.Nodes;

namespace Kist.Cli.Tests;

/// <summary>What the commands ask of the server, and how they print what it says.</summary>
public sealed class SecretCommandTests
{
    private const string Saved = """{"data":{"version":4,"created_time":"2026-01-02T03:04:05Z","deletion_time":""}}""";

    [Fact]
    public async Task Put_sends_text_files_and_standard_input_as_fields()
    {
        using var server = FakeServer.WithMounts(_ => (200, Saved));
        using var kist = new KistRun(server.Address);
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "cert.pem"), "line 1\nline 2\n");
        var ran = await kist.WithInputAsync("pa ss\"word\n", "put", "prod/database",
            "url=a=b", "password=-", "cert=@cert.pem", "dash=\\-", "at=\\@x", "empty=");
        Assert.Equal((0, "Saved prod/database, version 4\n"), (ran.ExitCode, ran.Output));
        var asked = Assert.Single(server.Requests);
        Assert.Equal(("POST", "/v1/prod/data/database", "test-token", "application/json"),
            (asked.Method, asked.Path, asked.Token, asked.ContentType));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(asked.Body), JsonNode.Parse("""
            {"data":{"url":"a=b","password":"pa ss\"word","cert":"line 1\nline 2\n","dash":"-","at":"@x","empty":""}}
            """)), asked.Body);
    }

    [Fact]
    public async Task An_empty_standard_input_saves_nothing()
    {
        using var server = FakeServer.WithMounts(_ => (200, Saved));
        using var kist = new KistRun(server.Address);
        var ran = await kist.WithInputAsync("", "put", "prod/database", "password=-");
        Assert.Equal((1, ""), (ran.ExitCode, ran.Output));
        Assert.Contains("standard input is empty, so there is no value for password", ran.Error);
        Assert.Empty(server.Requests);
        Assert.Equal(0, (await kist.WithInputAsync("\n", "put", "prod/database", "password=-")).ExitCode);
    }

    [Fact]
    public async Task Put_takes_a_whole_object_and_a_version_to_compare_with()
    {
        using var server = FakeServer.WithMounts(_ => (200, Saved));
        using var kist = new KistRun(server.Address);
        var ran = await kist.WithInputAsync(
            """{"n": 1, "o": {"a": [true]}}""", "put", "prod/database", "-", "--cas", "3");
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Equal(
            """{"options":{"cas":3},"data":{"n": 1, "o": {"a": [true]}}}""", Assert.Single(server.Requests).Body);
    }

    [Fact]
    public async Task Put_to_kv_version_1_sends_the_fields_themselves()
    {
        using var server = FakeServer.WithMounts(_ => (204, ""));
        using var kist = new KistRun(server.Address);
        var ran = await kist.WithInputAsync("s", "put", "old/a b", "key=-");
        Assert.Equal((0, "Saved old/a b\n"), (ran.ExitCode, ran.Output));
        var asked = Assert.Single(server.Requests);
        Assert.Equal(("/v1/old/a%20b", """{"key":"s"}"""), (asked.Path, asked.Body));
        Assert.Contains("keeps no versions", (await kist.RunAsync("put", "old/x", "k=v", "--patch", "-q")).Error);
    }

    [Fact]
    public async Task A_value_on_the_command_line_is_warned_about_unless_quiet()
    {
        using var server = FakeServer.WithMounts(_ => (200, Saved));
        using var kist = new KistRun(server.Address);
        var loud = await kist.RunAsync("put", "prod/x", "password=hunter2");
        Assert.StartsWith("Warning: the value of password stands on the command line", loud.Error);
        Assert.DoesNotContain("hunter2", loud.Error);
        var quiet = await kist.RunAsync("put", "prod/x", "password=hunter2", "-q");
        Assert.Equal(("", ""), (quiet.Output, quiet.Error));
        Assert.Equal("", (await kist.WithInputAsync("x", "put", "prod/x", "password=-")).Error);
    }

    [Fact]
    public async Task Patch_falls_back_to_a_guarded_save_where_the_server_cannot_patch()
    {
        using var server = FakeServer.WithMounts(asked => asked.Method switch
        {
            "PATCH" => (405, """{"errors":[]}"""),
            "GET" => (200, """{"data":{"data":{"keep":"1","change":"2","drop":"3"},"metadata":{"version":7}}}"""),
            _ => (200, Saved),
        });
        using var kist = new KistRun(server.Address);
        var ran = await kist.WithInputAsync("""{"change":"9","drop":null}""", "put", "prod/x", "-", "--patch");
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Equal("application/merge-patch+json", server.Requests[0].ContentType);
        Assert.Equal("""{"options":{"cas":7},"data":{"keep":"1","change":"9"}}""", server.Requests[^1].Body);
    }

    [Fact]
    public async Task Get_prints_a_table_sorted_by_field_with_lines_under_their_column()
    {
        using var server = FakeServer.WithSecret("""{"url":"postgres://db","cert":"line 1\nline 2\n","port":5432}""");
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("get", "prod/database");
        Assert.Equal("""
            FIELD  VALUE
            cert   line 1
                   line 2
            port   5432
            url    postgres://db

            version 3, saved 2026-01-02 03:04:05 UTC

            """, ran.Output);
    }

    [Theory]
    [InlineData("url", "postgres://db/ä\n ")]
    [InlineData("port", "5432")]
    [InlineData("list", "[1, 2]")]
    public async Task Get_with_a_field_prints_exactly_its_bytes_into_a_pipe(string field, string expected)
    {
        using var server = FakeServer.WithSecret("""{"url":"postgres://db\/\u00e4\n ","port":5432,"list":[1, 2]}""");
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("get", "prod/database", field);
        Assert.Equal((0, expected, ""), (ran.ExitCode, ran.Output, ran.Error));
    }

    [Fact]
    public async Task Get_with_a_field_ends_the_line_on_a_terminal()
    {
        using var server = FakeServer.WithSecret("""{"url":"u"}""");
        using var kist = new KistRun(server.Address);
        var ran = await kist.ShellAsync("script -qec \"$KIST get prod/database url\" log");
        Assert.Equal("u\n", ran.Output.Replace("\r", "").Replace("\0", ""));
    }

    [Fact]
    public async Task A_field_that_is_missing_is_an_error_that_names_the_others()
    {
        using var server = FakeServer.WithSecret("""{"url":"secret-u","password":"secret-p"}""");
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("get", "prod/database", "nope");
        Assert.Equal((1, ""), (ran.ExitCode, ran.Output));
        Assert.Equal("Error: prod/database has no field nope\nTry:   its fields are password, url\n", ran.Error);
    }

    [Theory]
    [InlineData("""{"version":3,"deletion_time":"2026-01-02T03:04:05Z","destroyed":false}""",
        "version 3 of prod/gone was deleted at 2026-01-02 03:04:05 UTC", "kist undelete prod/gone --versions 3")]
    [InlineData("""{"version":3,"deletion_time":"","destroyed":true}""",
        "version 3 of prod/gone is destroyed", "kist history prod/gone")]
    [InlineData("null", "there is no secret prod/gone", "kist list prod")]
    public async Task A_version_that_is_gone_says_how_and_what_to_do(string metadata, string error, string hint)
    {
        using var server = FakeServer.WithMounts(
            _ => (404, $$$"""{"data":{"data":null,"metadata":{{{metadata}}} }}"""));
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("get", "prod/gone");
        Assert.Equal(2, ran.ExitCode);
        Assert.Equal($"Error: {error}\nTry:   {hint}\n", ran.Error);
    }

    [Fact]
    public async Task Json_prints_the_answers_data()
    {
        using var server = FakeServer.WithSecret("""{"url":"<ä>'"}""");
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("get", "prod/database", "--json");
        Assert.Contains("\"url\": \"<ä>'\"", ran.Output);
        Assert.Equal("<ä>'", (string?)JsonNode.Parse(ran.Output)!["data"]!["url"]);
    }

    [Fact]
    public async Task Rollback_saves_the_old_fields_over_the_newest_version_only()
    {
        using var server = FakeServer.WithMounts(asked => asked switch
        {
            { Method: "POST" } => (200, Saved),
            { Path: "/v1/prod/data/x?version=1" } =>
                (200, """{"data":{"data":{"a":"old"},"metadata":{"version":1}}}"""),
            _ => (404, """{"data":{"data":null,"metadata":{"version":3,"deletion_time":"2026-01-02T03:04:05Z"}}}"""),
        });
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("rollback", "prod/x", "--version", "1");
        Assert.Equal((0, "Saved prod/x, version 4\n"), (ran.ExitCode, ran.Output));
        Assert.Equal("""{"options":{"cas":3},"data":{"a":"old"}}""", server.Requests[^1].Body);
    }

    [Theory]
    [InlineData("delete prod/x", "DELETE", "/v1/prod/data/x", "")]
    [InlineData("delete prod/x --versions 1,2", "POST", "/v1/prod/delete/x", """{"versions":[1,2]}""")]
    [InlineData("delete prod/x --all --yes", "DELETE", "/v1/prod/metadata/x", "")]
    [InlineData("undelete prod/x --versions 2", "POST", "/v1/prod/undelete/x", """{"versions":[2]}""")]
    [InlineData("destroy prod/x --versions 2 --yes", "PUT", "/v1/prod/destroy/x", """{"versions":[2]}""")]
    [InlineData("delete old/x", "DELETE", "/v1/old/x", "")]
    [InlineData("list prod/folder", "GET", "/v1/prod/metadata/folder/?list=true", "")]
    [InlineData("policy delete app", "DELETE", "/v1/sys/policies/acl/app", "")]
    [InlineData("mount enable kv --path n -q", "POST", "/v1/sys/mounts/n",
        """{"type":"kv","options":{"version":"2"},"config":{}}""")]
    [InlineData("token create --policy a --policy b --ttl 1h", "POST", "/v1/auth/token/create",
        """{"policies":["a","b"],"ttl":"1h"}""")]
    [InlineData("lease revoke some/lease", "PUT", "/v1/sys/leases/revoke", """{"lease_id":"some/lease"}""")]
    [InlineData("operator rotate", "PUT", "/v1/sys/rotate", "")]
    public async Task A_command_asks_for_what_its_name_says(string line, string method, string path, string body)
    {
        using var server = FakeServer.WithMounts(_ => (200, """{"data":{"keys":["a"],"versions":{"1":{},"2":{}}}}"""));
        using var kist = new KistRun(server.Address);
        Assert.Equal(0, (await kist.RunAsync(line.Split(' '))).ExitCode);
        Assert.Contains((method, path, body), server.Requests.Select(asked => (asked.Method, asked.Path, asked.Body)));
    }

    [Theory]
    [InlineData("destroy", "prod/x", "--versions", "1")]
    [InlineData("delete", "prod/x", "--all")]
    [InlineData("mount", "disable", "prod")]
    public async Task What_cannot_be_undone_needs_a_confirmation(params string[] arguments)
    {
        using var server = FakeServer.WithMounts(_ => (204, ""));
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync(arguments);
        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("Try:   --yes", ran.Error);
        Assert.Empty(server.Requests);
        var line = string.Join(' ', arguments);
        var shell = $"(sleep 0.5; echo no) | script -qec \"$KIST {line}\" log; exit ${{PIPESTATUS[1]}}";
        Assert.Equal(1, (await kist.ShellAsync(shell)).ExitCode);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_value_asked_for_at_the_terminal_is_not_shown()
    {
        using var server = FakeServer.WithMounts(_ => (200, Saved));
        using var kist = new KistRun(server.Address);
        // The pty echoes only what comes before the prompt; the wait is for the prompt to stand there.
        var ran = await kist.ShellAsync(
            "(until grep -q 'not shown' log 2>/dev/null; do sleep 0.1; done; printf 'hunterX\\1772\\r') "
            + "| script -qfec \"$KIST put prod/x password=-\" log");
        Assert.Contains("password (not shown):", ran.Output);
        Assert.DoesNotContain("hunter", ran.Output);
        Assert.Equal("""{"data":{"password":"hunter2"}}""", Assert.Single(server.Requests).Body);
    }
}
