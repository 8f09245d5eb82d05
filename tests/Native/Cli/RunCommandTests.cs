using System.Diagnostics;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary><c>kist run</c>: secrets of the real server in real programs.</summary>
public sealed class RunCommandTests(CliServer server)
{
    private const string Fields = """{"db-url":"postgres://db/app","password":"sesame-4711","2nd":"second-value"}""";

    [Fact]
    public async Task Names_follow_the_rules_the_prefix_and_the_map()
    {
        using var kist = await server.RootAsync();
        var path = await server.SecretAsync(Fields);
        var other = await server.SecretAsync("""{"api.key":"key-of-the-other"}""", "dev");

        var plain = await kist.ShellAsync($"$KIST run --no-mask --from {path} --from {other} -- env");
        Assert.Contains("DB_URL=postgres://db/app\n", plain.Succeeded());
        Assert.Contains("PASSWORD=sesame-4711\n", plain.Output);
        Assert.Contains("_2ND=second-value\n", plain.Output);
        Assert.Contains("API_KEY=key-of-the-other\n", plain.Output);

        var named = await kist.ShellAsync(
            $"$KIST run --no-mask --from {path} --prefix APP_ --map db-url=DATABASE_URL -- env");
        Assert.Contains("DATABASE_URL=postgres://db/app\n", named.Succeeded());
        Assert.Contains("APP_PASSWORD=sesame-4711\n", named.Output);
        Assert.DoesNotContain("\nDB_URL", named.Output);
        Assert.DoesNotContain("KIST_TOKEN", named.Output);
    }

    [Fact]
    public async Task A_token_that_may_only_read_that_secret_is_enough()
    {
        using var root = await server.RootAsync();
        var path = await server.SecretAsync(Fields);
        var policy = server.NewName("runner");
        var hcl = $"path \"{path.Replace("prod/", "prod/data/")}\" {{ capabilities = [\"read\"] }}";
        (await root.WithInputAsync(hcl, "policy", "write", policy, "-")).Succeeded();
        var token = (await root.RunAsync("token", "create", "--policy", policy, "--field", "token")).Succeeded();
        using var app = await server.PersonAsync(token);

        var ran = await app.RunAsync("run", "--from", path, "--", "sh", "-c", "echo ${#PASSWORD}; exit 5");

        Assert.Equal((5, "11\n"), (ran.ExitCode, ran.Output));
        (await app.RunAsync("put", path, "password=x", "-q")).Failed(2, "permission denied", "create");
    }

    [Fact]
    public async Task A_value_that_comes_in_two_writes_is_masked()
    {
        using var kist = await server.RootAsync();
        var path = await server.SecretAsync(Fields);
        // The pause between the halves ends when kist has had the first half: that is what the reader of a pipe sees.
        const string program =
            "printf 'a %s' \"${PASSWORD%4711}\"; sleep 0.2; printf '%s z\\n' \"${PASSWORD#sesame-}\"";

        var masked = await kist.RunAsync("run", "--from", path, "--", "bash", "-c", program);
        var shown = await kist.RunAsync("run", "--from", path, "--no-mask", "--", "bash", "-c", program);

        Assert.Equal("a [REDACTED] z\n", masked.Succeeded());
        Assert.Equal("a sesame-4711 z\n", shown.Succeeded());
    }

    [Fact]
    public async Task Ctrl_C_at_the_terminal_reaches_the_program_and_the_terminal_is_as_before()
    {
        using var kist = await server.RootAsync();
        var path = await server.SecretAsync(Fields);
        var program = Path.Combine(kist.Home, "program");
        await File.WriteAllTextAsync(program,
            "#!/bin/bash\ntrap 'echo interrupted; kill -KILL $!; exit 9' INT\n"
            + "sleep 60 &\necho ready $PASSWORD\nwait\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var ran = await kist.ShellAsync(
            "(until grep -q '^ready' log 2>/dev/null; do sleep 0.02; done; printf '\\003') "
            + $"| script -qfec \"stty -g; $KIST run --from {path} -- ./program; echo code \\$?; stty -g\" log");

        var lines = ran.Output.Replace("\r", "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("ready [REDACTED]", lines);
        Assert.Contains(lines, l => l.EndsWith("interrupted", StringComparison.Ordinal));
        Assert.Contains("code 9", lines);
        Assert.Equal(lines[0], lines[^1]);
    }

    [Fact]
    public async Task A_signal_to_kist_ends_the_program_and_leaves_nothing_behind()
    {
        using var kist = await server.RootAsync();
        var path = await server.SecretAsync(Fields);
        using var process = kist.Start(
            KistRun.Binary, ["run", "--from", path, "--", "sh", "-c", "echo $$; exec sleep 60"]);
        var child = int.Parse((await process.StandardOutput.ReadLineAsync())!);

        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString()])) await kill.WaitForExitAsync();
        await process.WaitForExitAsync();

        Assert.Equal(143, process.ExitCode);
        Assert.False(Directory.Exists($"/proc/{child}"));
    }
}
