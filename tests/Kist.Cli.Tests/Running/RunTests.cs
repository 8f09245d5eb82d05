using System.Diagnostics;

namespace Kist.Cli.Tests.Running;

/// <summary>`kist run` with real programs.</summary>
public sealed class RunTests
{
    private const string Secret = "hunter2-very-secret";
    private const string Fields = $$"""{"url":"postgres://db/app","password":"{{Secret}}","port":5432}""";

    [Theory]
    [InlineData("--no-mask")]
    [InlineData("-q")]
    public async Task The_program_sees_the_fields_and_its_exit_code_is_ours(string option)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("run", "--from", "prod/database", option, "--", "sh", "-c",
            "test \"$URL\" = postgres://db/app && test $PORT = 5432 && test $(expr length $PASSWORD) = 19 && exit 7");
        Assert.Equal((7, "", ""), (ran.ExitCode, ran.Output, ran.Error));
    }

    [Fact]
    public async Task Its_output_is_masked_on_both_streams_and_shown_with_no_mask()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        string[] command = ["--", "sh", "-c", "echo out $PASSWORD $PORT; echo err $PASSWORD >&2"];
        var masked = await kist.RunAsync(["run", "--from", "prod/database", .. command]);
        Assert.DoesNotContain(Secret, masked.Output + masked.Error);
        Assert.Matches(@"^out \S+ 5432\n$", masked.Output);
        Assert.StartsWith("err ", masked.Error);
        var shown = await kist.RunAsync(["run", "--from", "prod/database", "--no-mask", .. command]);
        Assert.Equal($"out {Secret} 5432\n", shown.Output);
        Assert.Equal($"err {Secret}\n", shown.Error);
    }

    [Fact]
    public async Task A_value_written_in_two_pieces_is_masked()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        // dd writes one byte per system call.
        var ran = await kist.RunAsync("run", "--from", "prod/database", "--", "sh", "-c",
            "printf 'a %s z' \"$PASSWORD\" | dd bs=1 status=none");
        Assert.StartsWith("a ", ran.Output);
        Assert.EndsWith(" z", ran.Output);
        Assert.DoesNotContain("hunter2", ran.Output);
    }

    [Theory]
    [InlineData("--no-mask")]
    [InlineData("-q")]
    public async Task The_program_never_gets_our_token(string option)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address).With("VAULT_TOKEN", "vault-token").With("KEPT", "kept");
        var ran = await kist.RunAsync("run", "--from", "prod/database", option, "--", "env");
        Assert.DoesNotContain("KIST_TOKEN", ran.Output);
        Assert.DoesNotContain("VAULT_TOKEN", ran.Output);
        Assert.DoesNotContain("test-token", ran.Output);
        Assert.Contains("KEPT=kept\n", ran.Output);
    }

    [Fact]
    public async Task Clean_leaves_the_secrets_and_what_finds_programs_and_terminals()
    {
        using var server = FakeServer.WithSecret("""{"url":"u"}""");
        using var kist = new KistRun(server.Address).With("STRAY", "x");
        var ran = await kist.RunAsync("run", "--from", "prod/database", "--clean", "--", "env");
        Assert.Contains("URL=u\n", ran.Output);
        Assert.Contains("PATH=", ran.Output);
        Assert.DoesNotContain("STRAY", ran.Output);
        Assert.DoesNotContain("KIST", ran.Output);
    }

    [Fact]
    public async Task Standard_input_reaches_the_program()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        var ran = await kist.WithInputAsync("line\n", "run", "--from", "prod/database", "--", "cat");
        Assert.Equal("line\n", ran.Output);
    }

    [Theory]
    [InlineData("--no-mask")]
    [InlineData("-q")]
    public async Task A_signal_that_ends_the_program_is_128_and_its_number(string option)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        // Seen through a shell, because after exec there is no kist left to translate it.
        var ran = await kist.ShellAsync(
            $"$KIST run --from prod/database {option} -- sh -c 'kill -KILL $$'; echo $?");
        Assert.Equal("137\n", ran.Output);
    }

    [Theory]
    [InlineData("--no-mask", "TERM")]
    [InlineData("-q", "TERM")]
    [InlineData("-q", "HUP")]
    [InlineData("-q", "INT")]
    [InlineData("-q", "USR1")]
    [InlineData("-q", "USR2")]
    public async Task A_signal_to_kist_reaches_the_program(string option, string signal)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        using var process = kist.Start("setsid", ["--wait", KistRun.Binary, "run", "--from", "prod/database", option,
            "--", "bash", "-c",
            $"trap 'echo got {signal}; kill -KILL $!; exit 9' {signal}; sleep infinity & echo ready $PPID $$; wait"]);
        try
        {
            var ready = (await process.StandardOutput.ReadLineAsync())!.Split(' ');
            // Masked, kist is the parent; with --no-mask it has become the program itself.
            var target = option == "--no-mask" ? ready[2] : ready[1];
            using var killed = Process.Start("kill", ["-" + signal, target]);
            Assert.Equal($"got {signal}", await process.StandardOutput.ReadLineAsync());
            await process.WaitForExitAsync();
            Assert.Equal(9, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    [Theory]
    [InlineData("--no-mask")]
    [InlineData("-q")]
    public async Task The_program_ends_when_nobody_reads_its_output(string option)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        var ran = await kist.ShellAsync($"$KIST run --from prod/database {option} -- yes | head -n 1");
        Assert.Equal("y\n", ran.Output);
    }

    [Theory]
    [InlineData("--no-mask")]
    [InlineData("-q")]
    public async Task The_program_finds_a_terminal_where_there_is_one(string option)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        var inner = "test -t 0 && test -t 1 && test -t 2 && echo terminal \\$(stty size) && exit 5";
        var ran = await kist.ShellAsync(
            $"script -qec \"stty rows 33 cols 77; $KIST run --from prod/database {option} -- sh -c '{inner}'\" log; "
            + "echo $?");
        Assert.Contains("terminal 33 77", ran.Output);
        Assert.EndsWith("5\n", ran.Output);
    }

    [Fact]
    public async Task On_a_terminal_output_is_masked_and_the_terminal_is_left_as_it_was()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        var ran = await kist.ShellAsync(
            "script -qec \"stty -g; $KIST run --from prod/database -- sh -c 'echo value \\$PASSWORD'; stty -g\" log");
        // script types a zero where its own input ends, whenever that is, and the terminal shows it.
        var lines = ran.Output.Replace("\r", "").Replace("\0", "").Replace("^@", "").Trim().Split('\n');
        Assert.DoesNotContain(Secret, ran.Output);
        Assert.StartsWith("value ", lines[1]);
        Assert.Equal(lines[0][^20..], lines[2][^20..]);
    }

    [Theory]
    [InlineData("no-such-program", 127)]
    [InlineData("./no-such-file", 127)]
    [InlineData("./not-executable", 126)]
    public async Task A_program_that_cannot_run_has_the_exit_code_shells_use(string program, int expected)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "not-executable"), "x");
        var ran = await kist.RunAsync("run", "--from", "prod/database", "--", program);
        Assert.Equal(expected, ran.ExitCode);
        Assert.StartsWith("Error: ", ran.Error);
    }

    [Theory]
    [InlineData("--no-mask")]
    [InlineData("-q")]
    public async Task A_script_without_a_first_line_that_names_a_shell_runs_in_sh(string option)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = new KistRun(server.Address);
        var script = Path.Combine(kist.Home, "script");
        await File.WriteAllTextAsync(script, "echo plain $1\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var ran = await kist.RunAsync("run", "--from", "prod/database", option, "--", "./script", "argument");
        Assert.Equal("plain argument\n", ran.Output);
    }

    [Fact]
    public async Task Nothing_runs_when_a_secret_is_missing_or_two_fields_collide()
    {
        using var server = FakeServer.WithSecret("""{"a-b":"first-value","a.b":"second-value"}""");
        using var kist = new KistRun(server.Address);
        var missing = await kist.RunAsync("run", "--from", "prod/nope", "--", "echo", "ran");
        Assert.Equal((2, ""), (missing.ExitCode, missing.Output));
        var collides = await kist.RunAsync("run", "--from", "prod/database", "--", "echo", "ran");
        Assert.Equal((1, ""), (collides.ExitCode, collides.Output));
        Assert.Contains("a-b of prod/database and a.b of prod/database both become A_B", collides.Error);
        Assert.DoesNotContain("value", collides.Error);
    }
}
