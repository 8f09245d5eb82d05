using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests;

/// <summary>The native server on a real PostgreSQL.</summary>
public sealed class PostgresTests
{
    private const string Secret = "/v1/prod/data/x";

    [Fact]
    public async Task A_server_keeps_its_secrets_in_the_database_and_a_second_one_reads_them()
    {
        var url = PostgresServer.Shared.NewDatabase();
        await using var one = await KistServer.StartConfiguredAsync(
            (directory, port) => Text("table = \"secrets\"", directory, port), environment: At(url));
        var token = await InitializeAsync(one);
        await WriteAsync(one, token, "first");

        await one.KillAsync();
        await one.RestartAsync();
        Assert.Equal("first", await ReadAsync(one, token));

        await using var two = await KistServer.StartConfiguredAsync(
            (_, port) => Text("table = \"secrets\"\n  ha_enabled = \"true\"\n  max_parallel = 4", one.Directory, port),
            environment: At(url));
        Assert.Equal("first", await ReadAsync(two, token));
        await WriteAsync(two, token, "second");
        await EventuallyAsync("second", () => ReadAsync(one, token));
        await two.StopAsync();
        await WriteAsync(one, token, "third");
        await two.RestartAsync();
        Assert.Equal("third", await ReadAsync(two, token));
    }

    [Fact]
    public async Task A_server_goes_on_by_itself_after_its_database_was_away()
    {
        using var postgres = PostgresServer.Start();
        await using var server = await KistServer.StartConfiguredAsync(
            (directory, port) => Text("", directory, port), environment: At(postgres.Url("postgres")));
        var token = await InitializeAsync(server);
        await WriteAsync(server, token, "before");

        postgres.Kill();
        var answer = await server.SendAsync("POST", Secret, token, """{"data":{"v":"while"}}""");
        Assert.InRange(answer.Status, 500, 503);
        postgres.StartAgain();

        await EventuallyAsync("before", () => ReadAsync(server, token));
        await WriteAsync(server, token, "after");
        Assert.Equal("after", await ReadAsync(server, token));
    }

    [Fact]
    public async Task A_server_starts_without_its_database_and_opens_when_it_is_there()
    {
        using var postgres = PostgresServer.Start();
        await using var server = await KistServer.StartConfiguredAsync((directory, port) => Text("", directory, port),
            environment: At(postgres.Url("postgres").Replace("kist@", "kist:sesame@")));
        var token = await InitializeAsync(server);
        await WriteAsync(server, token, "before");
        Assert.Equal(0, await server.StopAsync());
        postgres.Stop();

        await server.RestartAsync();
        foreach (var path in new[] { "/v1/sys/health", "/v1/sys/seal-status", Secret })
            Assert.Equal(503, (await server.SendAsync("GET", path, token)).Status);
        Assert.Contains("127.0.0.1 cannot be reached", server.Log);
        Assert.Contains("starting without the storage", server.Log);
        postgres.StartAgain();
        await EventuallyAsync("before", () => ReadAsync(server, token));

        // And it can be stopped while it waits.
        await server.StopAsync();
        postgres.Stop();
        await server.RestartAsync();
        Assert.Equal(0, await server.StopAsync());
        Assert.DoesNotContain("sesame", server.Log);
    }

    [Fact]
    public async Task A_database_that_refuses_the_server_is_an_error_that_says_why_without_its_password()
    {
        var directory = Directory.CreateTempSubdirectory("kist-pg-config-").FullName;
        var file = Path.Combine(directory, "kist.hcl");
        var url = PostgresServer.Shared.Url("nowhere").Replace("kist@", "kist:sesame@");
        foreach (var (keys, named) in new[]
        {
            ($"connection_url = \"{url}\"", "database \"nowhere\" does not exist"),
            ($"connection_url = \"{url.Replace("disable", "perhaps")}\"", "sslmode"),
            ($"connection_url = \"{url.Replace("disable", "verify-ca&sslrootcert=/none.pem")}\"", "/none.pem"),
            ($"connection_url = \"{url}\"\n  table = \"no;table\"", "table must be"),
        })
        {
            await File.WriteAllTextAsync(file, Text(keys, directory, 0), TestContext.Current.CancellationToken);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var (exitCode, output) = await KistProcess.RunAsync(directory, ["server", $"-config={file}"]);
            Assert.Equal(1, exitCode);
            Assert.Contains(named, output);
            Assert.DoesNotContain("sesame", output);
        }
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Tables_of_a_newer_program_are_refused_before_anything_is_touched()
    {
        var url = PostgresServer.Shared.NewDatabase();
        var database = new Uri(url).AbsolutePath[1..];
        await using var server = await KistServer.StartConfiguredAsync(
            (directory, port) => Text("", directory, port), environment: At(url));
        var token = await InitializeAsync(server);
        await WriteAsync(server, token, "before");
        await server.StopAsync();
        const string everything = "SELECT md5(string_agg(k::text, '' ORDER BY key)) FROM kist_store k";
        var before = PostgresServer.Shared.Query(database, everything);
        PostgresServer.Shared.Query(database, "UPDATE kist_store_state SET schema_version = schema_version + 1");

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(server.RestartAsync);
        Assert.Contains("newer Kist", fault.Message);
        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Equal(before, PostgresServer.Shared.Query(database, everything));
        PostgresServer.Shared.Query(database, "UPDATE kist_store_state SET schema_version = schema_version - 1");
        await server.RestartAsync();
        Assert.Equal("before", await ReadAsync(server, token));
    }

    private static async Task<string> InitializeAsync(KistServer server)
    {
        var made = await server.SendAsync(
            "PUT", "/v1/sys/init", null, """{"recovery_shares":1,"recovery_threshold":1}""");
        var token = (string)made.Json!["root_token"]!;
        Assert.Equal(204, (await server.SendAsync(
            "POST", "/v1/sys/mounts/prod", token, """{"type":"kv","options":{"version":"2"}}""")).Status);
        return token;
    }

    // A file that names connection_url must not be readable by everyone, which those of these tests are.
    private static Dictionary<string, string> At(string url) => new() { ["VAULT_PG_CONNECTION_URL"] = url };

    private static string Text(string keys, string keyFolder, int port) => $$"""
        storage "postgresql" {
          {{keys}}
        }
        seal "keyfile" { path = "{{Path.Combine(keyFolder, "seal.key")}}" }
        listener "tcp" {
          address = "127.0.0.1:{{port}}"
          tls_disable = true
        }
        """;

    private static async Task WriteAsync(KistServer server, string token, string value) => Assert.Equal(
        200, (await server.SendAsync("POST", Secret, token, $$$"""{"data":{"v":"{{{value}}}"}}""")).Status);

    private static async Task<string?> ReadAsync(KistServer server, string token) =>
        (string?)(await server.SendAsync("GET", Secret, token)).Json?["data"]?["data"]?["v"];

    private static async Task EventuallyAsync(string expected, Func<Task<string?>> read)
    {
        string? last = null;
        for (var left = 300; left > 0 && (last = await read()) != expected; left--)
            await Task.Delay(20);
        Assert.Equal(expected, last);
    }
}
