using Kist.Cli.Client;

namespace Kist.Cli.Tests.Client;

public sealed class TokenFileTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _home = Directory.CreateTempSubdirectory("kist-cli-").FullName;

    [Fact]
    public void The_file_is_the_owners_alone_and_so_is_its_new_folder()
    {
        var path = Path.Combine(_home, "config", "kist", "token");
        Assert.Null(TokenFile.Write(path, "kst.abc"));
        Assert.Equal(Private, File.GetUnixFileMode(path));
        Assert.Equal(Private | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
        Assert.Null(TokenFile.Read(path, mustExist: true, out var token));
        Assert.Equal("kst.abc", token);
        Assert.Equal(["token"], Directory.GetFiles(Path.GetDirectoryName(path)!).Select(Path.GetFileName));
    }

    [Fact]
    public void The_first_token_that_is_replaced_stays_beside_it()
    {
        var path = Path.Combine(_home, "token");
        Assert.Null(TokenFile.KeepBefore(path, "kst.alice"));
        Assert.Null(TokenFile.Write(path, "kst.root"));
        Assert.Null(TokenFile.KeepBefore(path, "kst.root"));
        var previous = TokenFile.KeepBefore(path, "kst.alice");
        Assert.Equal(path + ".previous", previous);
        Assert.Equal(Private, File.GetUnixFileMode(previous!));
        Assert.Null(TokenFile.Write(path, "kst.alice"));
        Assert.Null(TokenFile.KeepBefore(path, "kst.bob")); // the root token is the one that would be missed
        Assert.Equal("kst.root\n", File.ReadAllText(previous!));
    }

    [Fact]
    public void Writing_over_a_file_that_others_can_read_makes_it_private()
    {
        var path = Path.Combine(_home, "token");
        File.WriteAllText(path, "old");
        File.SetUnixFileMode(path, Private | UnixFileMode.OtherRead);
        Assert.Null(TokenFile.Write(path, "new"));
        Assert.Equal(Private, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_planted_link_is_replaced_and_never_followed()
    {
        var target = Path.Combine(_home, "target");
        File.WriteAllText(target, "untouched");
        var path = Path.Combine(_home, "token");
        File.CreateSymbolicLink(path, target);
        Assert.Null(TokenFile.Write(path, "new"));
        Assert.Equal("untouched", File.ReadAllText(target));
        Assert.Null(new FileInfo(path).LinkTarget);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_file_that_others_can_reach_is_refused_with_the_command_that_helps(UnixFileMode others)
    {
        var path = Path.Combine(_home, "token");
        File.WriteAllText(path, "hunter2");
        File.SetUnixFileMode(path, Private | others);
        var problem = TokenFile.Read(path, mustExist: false, out var token);
        Assert.Null(token);
        Assert.Equal($"chmod 600 {path}", problem!.Hint);
        Assert.DoesNotContain("hunter2", problem.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("line\nline")]
    [InlineData("größe")]
    public void A_file_without_a_token_is_refused(string text)
    {
        var path = Path.Combine(_home, "token");
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, Private);
        Assert.NotNull(TokenFile.Read(path, mustExist: false, out _));
    }

    [Fact]
    public void A_missing_file_is_an_error_only_when_it_was_named()
    {
        var path = Path.Combine(_home, "none");
        Assert.Null(TokenFile.Read(path, mustExist: false, out var token));
        Assert.Null(token);
        Assert.NotNull(TokenFile.Read(path, mustExist: true, out _));
    }

    [Fact]
    public void Its_place_follows_the_XDG_rule()
    {
        static string? Home(string name) => name == "HOME" ? "/u/a" : null;
        Assert.Equal("/u/a/.config/kist/token", TokenFile.DefaultPath(Home));
        Assert.Equal("/x/kist/token", TokenFile.DefaultPath(n => n == "XDG_CONFIG_HOME" ? "/x" : Home(n)));
        Assert.Equal("/u/a/.config/kist/token",
            TokenFile.DefaultPath(n => n == "XDG_CONFIG_HOME" ? "relative" : Home(n)));
        Assert.Equal("/t", TokenFile.DefaultPath(n => n == "KIST_TOKEN_FILE" ? "/t" : Home(n)));
    }

    [Fact]
    public async Task Login_checks_the_token_and_keeps_it_for_the_next_command()
    {
        using var server = FakeServer.WithMounts(asked => asked.Token == "kst.good"
            ? (200, """{"data":{"display_name":"token-a","policies":["app"],"ttl":3600}}""")
            : (403, """{"errors":["permission denied"]}"""));
        using var kist = new KistRun(server.Address).With("KIST_TOKEN", null);
        var wrong = await kist.WithInputAsync("kst.bad\n", "login");
        Assert.Equal(2, wrong.ExitCode);
        Assert.False(Directory.Exists(Path.Combine(kist.Home, ".config")));
        var right = await kist.WithInputAsync("kst.good\n", "login");
        Assert.Equal((0, ""), (right.ExitCode, right.Error));
        Assert.Contains("Logged in as token-a; policies app; expires in 1h", right.Output);
        Assert.DoesNotContain("kst.good", right.Output);
        var kept = Path.Combine(kist.Home, ".config", "kist", "token");
        Assert.Equal(Private, File.GetUnixFileMode(kept));
        Assert.Equal(0, (await kist.RunAsync("token", "lookup")).ExitCode);
        Assert.Equal("kst.good", server.Requests[^1].Token);
    }

    [Fact]
    public async Task Login_with_a_password_sends_it_in_the_body_and_no_old_token()
    {
        using var server = FakeServer.WithMounts(_ => (200,
            """{"data":null,"auth":{"client_token":"kst.new","policies":["app"],"lease_duration":60}}"""));
        using var kist = new KistRun(server.Address).With("KIST_TOKEN", "stale");
        var ran = await kist.WithInputAsync("hunter2\n", "login", "--method", "userpass", "--username", "al/ice");
        Assert.Equal(0, ran.ExitCode);
        var asked = Assert.Single(server.Requests);
        Assert.Equal(("/v1/auth/userpass/login/al%2Fice", """{"password":"hunter2"}""", ""),
            (asked.Path, asked.Body, asked.Token));
        Assert.Contains("KIST_TOKEN is set and goes before the kept token", ran.Error);
        Assert.DoesNotContain("kst.new", ran.Output);
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [InlineData("HOME", "/h", "/h/.config/kist/token")]
    [InlineData("XDG_CONFIG_HOME", "/x", "/x/kist/token")]
    [InlineData("KIST_TOKEN_FILE", "here", "here")]
    public void The_place_of_the_file_is_as_the_environment_says(string name, string value, string path) =>
        Assert.Equal(path, TokenFile.DefaultPath(n => n == name ? value : null));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("work")]
    public void Without_a_home_the_file_is_never_where_the_command_is_called(string? home) =>
        Assert.True(Path.IsPathRooted(TokenFile.DefaultPath(n => n is "HOME" or "XDG_CONFIG_HOME" ? home : null)));
}
