namespace Kist.Cli.Tests;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("kist po", "policy")]
    [InlineData("kist token re", "renew revoke")]
    [InlineData("kist get --vers", "--version")]
    [InlineData("kist completion z", "zsh")]
    public async Task The_bash_script_completes_commands_and_options(string line, string expected)
    {
        using var kist = new KistRun();
        var ran = await kist.ShellAsync($$"""
            kist() { "$KIST" "$@"; }
            source <(kist completion bash)
            COMP_LINE='{{line}}'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=($COMP_LINE)
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _kist
            printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
            """);
        Assert.Equal(expected + "\n", ran.Output);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public async Task Every_shell_has_a_script_that_asks_for_suggestions(string shell)
    {
        using var kist = new KistRun();
        var ran = await kist.RunAsync("completion", shell);
        Assert.Equal(0, ran.ExitCode);
        Assert.Contains("[suggest:", ran.Output);
    }

    [Fact]
    public async Task Another_shell_is_an_error()
    {
        using var kist = new KistRun();
        Assert.Equal(1, (await kist.RunAsync("completion", "tcsh")).ExitCode);
    }
}
