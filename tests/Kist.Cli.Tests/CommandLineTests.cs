namespace Kist.Cli.Tests;

/// <summary>What is typed wrongly gets an answer that says what would have been right.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("get", "kist get needs PATH", "kist get --help")]
    [InlineData("gte prod/x", "there is no command kist gte", "kist get")]
    [InlineData("tokne list", "there is no command kist tokne", "kist token")]
    [InlineData("nosuch get prod/x", "there is no command kist nosuch", "kist --help")]
    [InlineData("get -feild=url prod/x", "kist get has no option -feild", "--field")]
    [InlineData("run --from prod/x --no-msk -- true", "kist run has no option --no-msk", "--no-mask")]
    [InlineData("run --from prod/x --no-msk true", "kist run has no option --no-msk", "--no-mask")]
    [InlineData("zzzzzz", "there is no command kist zzzzzz", "kist --help")]
    [InlineData("token creat", "there is no command kist token creat", "kist token create")]
    [InlineData("get prod/x --verson 3", "kist get has no option --verson", "--version")]
    [InlineData("get prod/x --version abc", "--version takes N", "kist get --help")]
    [InlineData("rollback prod/x", "kist rollback needs --version N", "kist rollback --help")]
    [InlineData("get a b c", "too many arguments for kist get", "kist get --help")]
    [InlineData("run --from prod/x", "kist run needs COMMAND", "kist run --help")]
    [InlineData("put prod/x --pasword=abc", "kist put has no option --pasword", "kist put --help")]
    [InlineData("put prod/x", "nothing to save: no field is given", "kist put prod/x NAME=-")]
    [InlineData("put prod/x word", "field 1 is not NAME=VALUE", "NAME=- asks")]
    [InlineData("put prod/../sys/x a=b", "has an empty, '.' or '..' part", "name the secret")]
    [InlineData("get prod//x", "has an empty, '.' or '..' part", "name the secret")]
    [InlineData("get prod/x --version 0", "--version is a number from 1 on", null)]
    [InlineData("undelete prod/x --versions 1,b", "--versions are numbers from 1 on", "--versions 1,2")]
    [InlineData("token revoke", "which token is meant?", "--self")]
    [InlineData("--timeout 0 status", "--timeout must be 1 second or more", null)]
    [InlineData("--address nonsense status", "the server's address is not a URL", "KIST_ADDR")]
    public async Task A_mistake_is_explained(string line, string error, string? hint)
    {
        using var kist = new KistRun("http://127.0.0.1:1");
        var ran = await kist.RunAsync(line.Split(' '));
        Assert.Equal((1, ""), (ran.ExitCode, ran.Output));
        Assert.StartsWith("Error: ", ran.Error);
        Assert.Contains(error, ran.Error);
        if (hint is not null) Assert.Contains("Try:   " + hint, ran.Error.Replace("--address URL, or ", ""));
    }

    [Theory]
    [InlineData("get", "prod/x", "--password=hunter2")]
    [InlineData("login", "hunter2", "hunter2")]
    [InlineData("history", "prod/x", "hunter2")]
    [InlineData("put", "prod/x", "--pw=hunter2", "a=hunter2")]
    [InlineData("put", "prod/x", "hunter2")]
    [InlineData("wrap", "hunter2")]
    public async Task What_stands_in_the_wrong_place_is_never_repeated(params string[] arguments)
    {
        using var kist = new KistRun("http://127.0.0.1:1");
        var ran = await kist.RunAsync(arguments);
        Assert.Equal(1, ran.ExitCode);
        Assert.DoesNotContain("hunter2", ran.Error + ran.Output);
    }

    [Fact]
    public async Task A_server_out_of_reach_is_exit_code_2_and_1_for_status()
    {
        using var kist = new KistRun("http://127.0.0.1:1");
        var get = await kist.RunAsync("get", "prod/x");
        Assert.Equal(2, get.ExitCode);
        Assert.Contains("Error: cannot connect to http://127.0.0.1:1\nTry:   ./start.sh", get.Error);
        Assert.Equal(1, (await kist.RunAsync("status")).ExitCode);
    }

    [Fact]
    public async Task Without_arguments_help_is_shown_and_a_group_asks_for_its_command()
    {
        using var kist = new KistRun();
        var bare = await kist.RunAsync();
        Assert.Equal(0, bare.ExitCode);
        Assert.Contains("\nStart here\n", bare.Output);
        var group = await kist.RunAsync("token");
        Assert.Equal(1, group.ExitCode);
        Assert.Contains("kist token COMMAND", group.Output);
    }

    [Fact]
    public async Task The_version_is_one_line()
    {
        using var kist = new KistRun();
        Assert.Matches(@"^kist \d+\.\d+\.\d+\n$", (await kist.RunAsync("--version")).Output);
    }

    [Theory]
    [InlineData("get -version 2 prod/x", "get --version 2 prod/x")]
    [InlineData("get -version=2 prod/x", "get --version=2 prod/x")]
    [InlineData("put prod/x -cas 0 a=-b", "put prod/x --cas 0 a=-b")]
    [InlineData("-address http://x token create -ttl 1h -r", "--address http://x token create --ttl 1h -r")]
    [InlineData("token create --display-name -ttl -ttl 1h", "token create --display-name -ttl --ttl 1h")]
    [InlineData("server -dev -dev-root-token-id=root", "server --dev --dev-root-token-id=root")]
    [InlineData("put prod/x -- -cas", "put prod/x -- -cas")]
    [InlineData("run -from prod/x ls -from --json", "run --from prod/x -- ls -from --json")]
    [InlineData("run --from prod/x -- ls -from", "run --from prod/x -- ls -from")]
    [InlineData("get -q prod/x", "get -q prod/x")]
    [InlineData("get -feild prod/x", "get -feild prod/x")]
    [InlineData("age -encrypt -r age1", "age --encrypt -r age1")]
    [InlineData("[suggest:8] kist po", "[suggest:8] kist po")]
    public void One_dash_is_as_good_as_two(string typed, string meant) =>
        Assert.Equal(meant, string.Join(' ', Spelling.Normal(CommandLine.Build(), typed.Split(' '))));

    [Fact]
    public async Task Help_and_version_are_commands_too()
    {
        using var kist = new KistRun();
        Assert.Equal(await kist.RunAsync("get", "--help"), await kist.RunAsync("help", "get"));
        Assert.Equal(await kist.RunAsync("token", "create", "--help"), await kist.RunAsync("help", "token", "create"));
        Assert.Equal(await kist.RunAsync("--help"), await kist.RunAsync("help"));
        Assert.Equal(await kist.RunAsync("--version"), await kist.RunAsync("version"));
        Assert.Equal(await kist.RunAsync("--version"), await kist.RunAsync("-version"));
    }

    [Theory]
    [InlineData("gte", "get")]
    [InlineData("tokne", "token")]
    [InlineData("polcy", "policy")]
    [InlineData("x", null)]
    [InlineData("something", null)]
    public void Two_typing_mistakes_at_most_are_understood(string typed, string? meant) =>
        Assert.Equal(meant, CommandLine.Meant(typed, ["get", "put", "token", "policy"]));

    [Fact]
    public async Task A_full_disk_is_an_error_and_not_a_crash()
    {
        using var kist = new KistRun();
        var ran = await kist.ShellAsync("$KIST --help > /dev/full; echo $?");
        Assert.Equal("1\n", ran.Output);
        Assert.StartsWith("Error: standard input or output failed", ran.Error);
    }
}
