using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary>What people and their shells see.</summary>
public sealed class TerminalTests(CliServer server)
{
    [Theory]
    [InlineData("get PATH", true)]
    [InlineData("history PATH", true)]
    [InlineData("get prod/nosuch", true)]
    [InlineData("--help", true)]
    [InlineData("get PATH --no-color", false)]
    [InlineData("get PATH --json", false)]
    [InlineData("get PATH value", false)]
    public async Task Colours_are_for_terminals(string command, bool coloured)
    {
        using var kist = await server.RootAsync();
        var line = "$KIST " + command.Replace("PATH", await server.SecretAsync("""{"value":"sesame"}"""));
        kist.With("TERM", "xterm");

        Assert.Equal(coloured, HasColour((await kist.ShellAsync($"script -qec \"{line}\" /dev/null")).Output));
        Assert.False(HasColour((await kist.ShellAsync($"NO_COLOR=1 script -qec \"{line}\" /dev/null")).Output));
        Assert.False(HasColour((await kist.ShellAsync($"TERM=dumb script -qec \"{line}\" /dev/null")).Output));
        var piped = await kist.ShellAsync(line + " 2>&1 | cat");
        Assert.False(HasColour(piped.Output));
        Assert.NotEmpty(piped.Output);
    }

    [Theory]
    [InlineData("bash", "bash -n script")]
    [InlineData("zsh", "zsh -n script")]
    [InlineData("fish", "fish --no-execute script")]
    public async Task The_completion_script_is_one_that_its_shell_can_read(string shell, string parse)
    {
        using var kist = await server.PersonAsync(null);

        (await kist.ShellAsync($"$KIST completion {shell} > script && {parse}")).Succeeded();
    }

    [Theory]
    [InlineData("fish -c 'source script; complete -C \"kist po\"' | cut -f 1", "policy\n")]
    [InlineData("fish -c 'source script; complete -C \"kist token re\"' | cut -f 1 | sort", "renew\nrevoke\n")]
    public async Task Fish_completes_with_it(string ask, string expected)
    {
        using var kist = await server.PersonAsync(null);

        var ran = await kist.ShellAsync($"""
            mkdir bin; ln -s "$KIST" bin/kist; PATH=$PWD/bin:$PATH; kist completion fish > script
            {ask}
            """);

        Assert.Equal(expected, ran.Succeeded());
    }

    [Fact]
    public async Task Zsh_takes_it_as_the_completion_of_kist()
    {
        using var kist = await server.PersonAsync(null);

        var ran = await kist.ShellAsync(
            "$KIST completion zsh > script; "
            + "zsh -fc 'autoload -U compinit; compinit -u -D; source ./script; print $_comps[kist]'");

        Assert.Equal("_kist\n", ran.Succeeded());
    }

    private static bool HasColour(string output) => output.Contains('\e');
}
