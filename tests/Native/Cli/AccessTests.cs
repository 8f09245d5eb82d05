using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary>Policies, tokens, logging in, wrapping, auditing.</summary>
public sealed class AccessTests(CliServer server)
{
    [Fact]
    public async Task A_policy_is_written_read_formatted_and_deleted()
    {
        using var kist = await server.RootAsync();
        var name = server.NewName("policy");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "p.hcl"),
            "# may read\npath \"prod/data/x\" {\ncapabilities=[\"read\"]\n}\n");

        (await kist.RunAsync("policy", "fmt", "p.hcl")).Succeeded();
        (await kist.RunAsync("policy", "fmt", "--check", "p.hcl")).Succeeded();
        (await kist.RunAsync("policy", "write", name, "p.hcl")).Succeeded();

        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(kist.Home, "p.hcl")),
            (await kist.RunAsync("policy", "read", name)).Succeeded());
        Assert.Contains(name, (await kist.RunAsync("policy", "list")).Succeeded().Split('\n'));
        (await kist.RunAsync("policy", "delete", name)).Succeeded();
        (await kist.RunAsync("policy", "read", name)).Failed(2, name, null);
        (await kist.WithInputAsync("path \"x\" { capabilities = [\"fly\"] }", "policy", "write", name, "-"))
            .Failed(2, "failed to parse policy: line 1", null);
    }

    [Fact]
    public async Task A_tokens_life()
    {
        using var root = await server.RootAsync();
        var made = (await root.RunAsync("token", "create", "--policy", "default", "--ttl", "1h", "--meta", "team=x",
            "--display-name", "ci", "--json")).Json();
        var (token, accessor) = ((string)made["client_token"]!, (string)made["accessor"]!);
        using var holder = await server.PersonAsync(token);

        Assert.Equal("token-ci", (string?)(await holder.RunAsync("token", "lookup", "--json")).Json()["display_name"]);
        Assert.Equal(7200, (int)(await holder.RunAsync("token", "renew", "--increment", "2h", "--json"))
            .Json()["lease_duration"]!);
        Assert.Equal("deny\n", (await root.WithInputAsync(
            token, "token", "capabilities", "prod/data/x", "-")).Succeeded());
        Assert.Equal("x", (string?)(await root.RunAsync("token", "lookup", "--accessor", accessor, "--json"))
            .Json()["meta"]!["team"]);
        (await root.WithInputAsync(token, "token", "revoke", "-")).Succeeded();
        (await holder.RunAsync("token", "lookup")).Failed(2, "the token is not valid here", "kist login");
    }

    [Fact]
    public async Task A_token_of_a_role_follows_its_rules()
    {
        using var root = await server.RootAsync();
        var role = server.NewName("role");
        (await root.RunAsync("token", "roles", "write", role, "allowed_policies=app", "orphan=true",
            "token_period=24h")).Succeeded();

        var made = (await root.RunAsync("token", "create", "--role", role, "--json")).Json();

        Assert.Equal((86400, true), ((int)made["lease_duration"]!, (bool)made["orphan"]!));
        Assert.Contains(role, (await root.RunAsync("token", "roles", "list")).Succeeded().Split('\n'));
        (await root.RunAsync("token", "create", "--role", role, "--policy", "other")).Failed(2, "other", null);
        (await root.RunAsync("token", "roles", "delete", role)).Succeeded();
    }

    [Fact]
    public async Task Whoever_logs_in_stays_logged_in_for_the_next_commands()
    {
        using var root = await server.RootAsync();
        var user = server.NewName("alice");
        (await root.ShellAsync("$KIST mount list --auth | grep -q ^userpass/ || $KIST mount enable userpass --auth"))
            .Succeeded();
        (await root.WithInputAsync("correct horse", "write", "auth/userpass/users/" + user, "password=-",
            "policies=default")).Succeeded();
        using var alice = await server.PersonAsync(null);
        (await alice.RunAsync("token", "lookup")).Failed(2, "no token was sent", "kist login");

        (await alice.WithInputAsync("wrong", "login", "--method", "userpass", "--username", user))
            .Failed(2, "invalid username or password", null);
        var login = await alice.WithInputAsync("correct horse\n", "login", "--method", "userpass", "--username", user);

        Assert.Contains("Logged in as", login.Succeeded());
        Assert.DoesNotContain("kst.", login.Output);
        Assert.Equal("userpass-" + user,
            (string?)(await alice.RunAsync("token", "lookup", "--json")).Json()["display_name"]);
        var kept = Path.Combine(alice.Home, ".config", "kist", "token");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(kept));
    }

    [Fact]
    public async Task A_token_that_is_not_valid_is_not_kept()
    {
        using var somebody = await server.PersonAsync(null);

        (await somebody.WithInputAsync("kst.notatoken", "login", "-")).Failed(2, "does not know this token", null);

        Assert.False(File.Exists(Path.Combine(somebody.Home, ".config", "kist", "token")));
    }

    [Fact]
    public async Task What_is_wrapped_opens_once()
    {
        using var root = await server.RootAsync();
        var token = (await root.WithInputAsync("sesame", "wrap", "password=-", "--ttl", "1m", "--field", "token"))
            .Succeeded();
        using var nobody = await server.PersonAsync(null);

        Assert.Contains("sesame", (await nobody.WithInputAsync(token, "unwrap")).Succeeded());

        (await nobody.WithInputAsync(token, "unwrap")).Failed(2, "does not open", "somebody else");
    }

    [Fact]
    public async Task An_audit_log_verifies_until_somebody_touches_it()
    {
        using var root = await server.RootAsync();
        var live = await server.GetAsync();
        var path = await server.SecretAsync("""{"password":"sesame-in-the-log"}""");
        var log = Path.Combine(root.Home, "audit.log");
        var hash = (await root.WithInputAsync("sesame-in-the-log", "audit", "hash", "file")).Succeeded().Trim();
        File.Copy(live.QuickStart.AuditFile, log);
        var lines = (await File.ReadAllLinesAsync(log)).ToList();
        // The copy may end inside a line that is being written.
        if (!(await File.ReadAllTextAsync(log)).EndsWith('\n')) lines.RemoveAt(lines.Count - 1);
        await File.WriteAllLinesAsync(log, lines);

        Assert.Contains("lines are whole", (await root.RunAsync("audit", "verify", "audit.log")).Succeeded());
        Assert.DoesNotContain(lines, l => l.Contains("sesame-in-the-log", StringComparison.Ordinal));
        var at = lines.FindIndex(l => l.Contains(hash, StringComparison.Ordinal)
            && l.Contains(path.Replace("prod/", "prod/data/"), StringComparison.Ordinal));
        Assert.True(at > 0, "the value's hash does not stand in the log");

        await File.WriteAllLinesAsync(log, lines.Where((_, i) => i != at));
        (await root.RunAsync("audit", "verify", "audit.log")).Failed(1, $"line {at + 1}", null);
        lines[at] = lines[at].Replace("prod/data/", "prod/date/");
        await File.WriteAllLinesAsync(log, lines);
        (await root.RunAsync("audit", "verify", "audit.log")).Failed(1, $"line {at + 1}", null);
    }
}
