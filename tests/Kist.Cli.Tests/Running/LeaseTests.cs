using System.Diagnostics;

namespace Kist.Cli.Tests.Running;

/// <summary>Dynamic secrets in `kist run`: their leases live as long as the program, and no longer.</summary>
public sealed class LeaseTests
{
    private const string Waits = "echo has $A; until [ -e go ]; do sleep 0.02; done; exit 7";

    [Theory]
    [InlineData("--no-mask", "has user-1")]
    [InlineData("-q", "has [REDACTED]")]
    public async Task A_lease_is_renewed_while_the_program_runs_and_revoked_at_its_end(string option, string shown)
    {
        using var server = Database(seconds: 1);
        using var kist = Project(server);
        using var process = Start(kist, option);
        Assert.Equal(shown, await process.StandardOutput.ReadLineAsync());
        await UntilAsync(() => Count(server, "sys/leases/renew") >= 2);
        Assert.Equal(0, Count(server, "sys/leases/revoke"));
        await EndAsync(kist, process, 7);
        Assert.Equal(1, Count(server, "db/creds/app"));
        Assert.Equal("""{"lease_id":"db/creds/app/1"}""",
            server.Requests.Single(static r => r.Path == "/v1/sys/leases/revoke").Body);
    }

    [Fact]
    public async Task It_may_outlive_the_program()
    {
        using var server = Database(seconds: 60);
        using var kist = Project(server);
        Assert.Equal(0, (await kist.RunAsync("run", "--keep-leases", "--", "true")).ExitCode);
        Assert.Equal(0, Count(server, "sys/leases/revoke"));
        Assert.Equal(0, (await kist.RunAsync("run", "--from", "db/creds/app", "--", "true")).ExitCode);
        Assert.Equal(1, Count(server, "sys/leases/revoke"));
    }

    [Fact]
    public async Task What_an_agent_lent_its_token_for_is_not_revoked()
    {
        using var server = Database(seconds: 60);
        using var kist = Project(server, token: null);
        Assert.Equal(0, (await kist.RunAsync("run", "--", "true")).ExitCode);
        Assert.Equal(1, Count(server, "db/creds/app"));
        Assert.Equal(0, Count(server, "sys/leases/revoke"));
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_leaves_no_lease()
    {
        using var server = Database(seconds: 60);
        using var kist = Project(server);
        Assert.Equal(127, (await kist.RunAsync("run", "--", "no-such-program")).ExitCode);
        Assert.Equal(1, Count(server, "sys/leases/revoke"));
    }

    [Fact]
    public async Task A_lease_at_its_end_is_warned_of()
    {
        using var server = Database(seconds: 1, refusesRenewal: true);
        using var kist = Project(server);
        using var process = Start(kist, "--no-mask");
        var warning = await process.StandardError.ReadLineAsync();
        Assert.Contains("the lease of db/creds/app ends and cannot be renewed any more", warning);
        await EndAsync(kist, process, 7);
    }

    [Fact]
    public async Task Watched_it_is_started_again_with_a_new_one()
    {
        using var server = Database(seconds: 1, refusesRenewal: true);
        using var kist = Project(server);
        using var process = kist.Start(KistRun.Binary,
            ["run", "--watch", "--no-mask", "--", "sh", "-c", "echo has $A; exec sleep 60"]);
        Assert.Equal("has user-1", await process.StandardOutput.ReadLineAsync());
        Assert.Equal("has user-2", await process.StandardOutput.ReadLineAsync());
        Assert.Equal("has user-3", await process.StandardOutput.ReadLineAsync());
        process.Kill(entireProcessTree: true);
    }

    [Fact]
    public async Task Another_change_leaves_the_lease_as_it_is()
    {
        using var server = Database(seconds: 60);
        using var kist = Project(server);
        using var process = kist.Start(KistRun.Binary,
            ["run", "--watch", "--no-mask", "--", "sh", "-c", "echo has $A $B; exec sleep 60"]);
        Assert.Equal("has user-1", await process.StandardOutput.ReadLineAsync());
        await File.AppendAllTextAsync(Path.Combine(kist.Home, ".env"), "B=more\n");
        Assert.Equal("has user-1 more", await process.StandardOutput.ReadLineAsync());
        Assert.Equal(1, Count(server, "db/creds/app"));
        process.Kill(entireProcessTree: true);
    }

    [Fact]
    public async Task The_token_is_renewed_with_it()
    {
        using var server = Database(seconds: 60, tokenSeconds: 1);
        using var kist = Project(server);
        using var process = Start(kist, "--no-mask");
        Assert.Equal("has user-1", await process.StandardOutput.ReadLineAsync());
        await UntilAsync(() => Count(server, "auth/token/renew-self") >= 2);
        await EndAsync(kist, process, 7);
    }

    private static FakeServer Database(int seconds, bool refusesRenewal = false, int tokenSeconds = 0)
    {
        var made = 0;
        return new FakeServer(asked => asked.Path switch
        {
            "/v1/sys/internal/ui/mounts/db/creds/app" =>
                (200, """{"data":{"path":"db/","type":"database","options":null}}"""),
            "/v1/db/creds/app" => (200, $$$"""
                {"lease_id":"db/creds/app/{{{++made}}}","lease_duration":{{{seconds}}},"renewable":true,
                 "data":{"username":"user-{{{made}}}","password":"a-long-password-{{{made}}}"}}
                """),
            "/v1/sys/leases/renew" => refusesRenewal
                ? (400, """{"errors":["lease not found"]}""")
                : (200, $$$"""{"lease_id":"x","lease_duration":{{{seconds}}},"renewable":true}"""),
            "/v1/sys/leases/revoke" => (204, ""),
            "/v1/auth/token/lookup-self" =>
                (200, $$$"""{"data":{"ttl":{{{tokenSeconds}}},"renewable":true}}"""),
            "/v1/auth/token/renew-self" =>
                (200, $$$"""{"auth":{"client_token":"t","lease_duration":{{{tokenSeconds}}},"renewable":true}}"""),
            _ => (404, """{"errors":[]}"""),
        });
    }

    private static KistRun Project(FakeServer server, string? token = "test-token")
    {
        var kist = new KistRun(server.Address, token);
        File.WriteAllText(Path.Combine(kist.Home, ".env"), "A=kist://db/creds/app#username\n");
        return kist;
    }

    private static Process Start(KistRun kist, string option) =>
        kist.Start(KistRun.Binary, ["run", option, "--", "sh", "-c", Waits]);

    private static async Task EndAsync(KistRun kist, Process process, int exitCode)
    {
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "go"), "");
        await process.WaitForExitAsync();
        Assert.Equal(exitCode, process.ExitCode);
    }

    private static int Count(FakeServer server, string path) =>
        server.Requests.Count(r => r.Path == "/v1/" + path);

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var end = DateTime.UtcNow.AddSeconds(30); !holds(); await Task.Delay(20))
            Assert.True(DateTime.UtcNow < end, "it did not happen within 30 seconds");
    }
}
