using System.Diagnostics;
using Kist.Testing;

namespace Kist.Cli.Tests.Running;

/// <summary>`kist run --watch` with files; what the server tells is tested against the real one.</summary>
public sealed class WatchTests
{
    // Says what it has, and that it was ended. A shell that was just forked loses a TERM before it becomes `sleep`.
    private const string Program =
        "trap 'echo ended; kill -KILL $!; exit 3' TERM; trap 'echo told $(cat $KIST_SECRETS_FILE); kill -KILL $!' HUP; "
        + "echo has ${A:-none} $0; while true; do sleep 60 & wait; done";

    [Theory]
    [InlineData("--no-mask")]
    [InlineData("-q")]
    public async Task A_changed_value_restarts_the_program_and_the_old_one_stays_masked(string option)
    {
        using var kist = Project("A=first-value\n");
        using var process = Start(kist, option, "--watch");
        Assert.Equal(option == "-q" ? "has [REDACTED] sh" : "has first-value sh", await LineAsync(process));
        // The same again: nothing happens.
        File.WriteAllText(Path.Combine(kist.Home, "values.env"), "X_A=first-value\n");
        File.WriteAllText(Path.Combine(kist.Home, "values.env"), "X_A=second-value\n");
        Assert.Equal("ended", await LineAsync(process));
        Assert.Equal(option == "-q" ? "has [REDACTED] sh" : "has second-value sh", await LineAsync(process));
        await EndAsync(process, 3);
    }

    [Fact]
    public async Task A_signal_tells_the_program_and_its_file_holds_the_new_value()
    {
        using var kist = Project("A=first-value\n");
        using var process = Start(kist, "--no-mask", "--watch", "--on-change", "HUP", "--as", "file");
        Assert.Equal("has none sh", await LineAsync(process));
        File.WriteAllText(Path.Combine(kist.Home, "values.env"), "X_A=second-value\n");
        Assert.Equal("told A=second-value", await LineAsync(process));
        await EndAsync(process, 3);
    }

    [Fact]
    public async Task What_cannot_be_read_any_more_is_warned_about_and_the_program_goes_on()
    {
        using var kist = Project("A=first-value\n");
        using var process = Start(kist, "--no-mask", "--watch");
        Assert.Equal("has first-value sh", await LineAsync(process));
        File.WriteAllText(Path.Combine(kist.Home, "values.env"), "nothing that is a variable\n");
        var warning = await process.StandardError.ReadLineAsync();
        Assert.Contains("the program goes on with what it has", warning);
        File.WriteAllText(Path.Combine(kist.Home, "values.env"), "X_A=third-value\n");
        Assert.Equal("ended", await LineAsync(process));
        Assert.Equal("has third-value sh", await LineAsync(process));
        await EndAsync(process, 3);
    }

    [Fact]
    public async Task A_program_that_does_not_end_in_time_is_killed()
    {
        using var kist = Project("A=first-value\n");
        using var process = kist.Start(KistRun.Binary, ["run", "--watch", "--grace", "100ms", "--no-mask", "--", "sh",
            "-c", "trap '' TERM; echo has $A; exec sleep 60"]);
        Assert.Equal("has first-value", await LineAsync(process));
        File.WriteAllText(Path.Combine(kist.Home, "values.env"), "X_A=second-value\n");
        Assert.Equal("has second-value", await LineAsync(process));
        process.Kill(entireProcessTree: true);
    }

    [Fact]
    public async Task The_programs_own_end_is_the_end()
    {
        using var kist = Project("A=first-value\n");
        var ran = await kist.RunAsync("run", "--watch", "--", "sh", "-c", "exit 7");
        Assert.Equal(7, ran.ExitCode);
    }

    private static KistRun Project(string values)
    {
        var kist = new KistRun();
        Directory.CreateDirectory(Path.Combine(kist.Home, ".kist"));
        File.WriteAllText(Path.Combine(kist.Home, ".kist", "config.toml"), "[env.dev]\nfile = \"values.env\"\n");
        File.WriteAllText(Path.Combine(kist.Home, "values.env"), values.Replace("A=", "X_A="));
        File.WriteAllText(Path.Combine(kist.Home, ".env"), "A=kist://app/x#a\n");
        return kist;
    }

    private static Process Start(KistRun kist, params string[] options) =>
        kist.Start(KistRun.Binary, ["run", .. options, "--", "sh", "-c", Program]);

    private static async Task<string?> LineAsync(Process process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await process.StandardOutput.ReadLineAsync(limit.Token);
    }

    private static async Task EndAsync(Process process, int exitCode)
    {
        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString()])) await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
        Assert.Equal(exitCode, process.ExitCode);
    }
}
