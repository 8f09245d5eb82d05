using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary>Secrets from the command line to the real server and back.</summary>
public sealed class SecretTests(CliServer server)
{
    [Fact]
    public async Task A_secrets_life_from_the_first_version_to_the_last()
    {
        using var kist = await server.RootAsync();
        var path = "prod/folder/" + server.NewName("life");

        (await kist.WithInputAsync("one\n", "put", path, "user=app", "password=-")).Succeeded();
        (await kist.WithInputAsync("two", "put", path, "--patch", "password=-")).Succeeded();
        Assert.Equal("app", (await kist.RunAsync("get", path, "user")).Succeeded());
        Assert.Equal("two", (await kist.RunAsync("get", path, "password")).Succeeded());
        Assert.Equal("one", (await kist.RunAsync("get", path, "password", "--version", "1")).Succeeded());
        Assert.Contains(path[12..] + "\n", (await kist.RunAsync("list", "prod/folder")).Succeeded());
        Assert.Contains(path + "\n", (await kist.RunAsync("list", "prod", "--recursive")).Succeeded());

        (await kist.RunAsync("rollback", path, "--version", "1")).Succeeded();
        Assert.Equal("one", (await kist.RunAsync("get", path, "password")).Succeeded());
        (await kist.RunAsync("delete", path)).Succeeded();
        (await kist.RunAsync("get", path)).Failed(2, "version 3 of " + path + " was deleted at", "kist undelete");
        (await kist.RunAsync("undelete", path, "--versions", "3")).Succeeded();
        (await kist.RunAsync("destroy", path, "--versions", "1,2", "--yes")).Succeeded();
        (await kist.RunAsync("get", path, "--version", "1")).Failed(2, "is destroyed", "kist history " + path);
        Assert.Matches(@"^VERSION .*\n3 +current .*\n2 +destroyed .*\n1 +destroyed ",
            (await kist.RunAsync("history", path)).Succeeded());

        (await kist.RunAsync("delete", path, "--all", "--yes")).Succeeded();
        (await kist.RunAsync("get", path)).Failed(2, "there is no secret " + path, "kist list prod/folder");
    }

    [Fact]
    public async Task Rolling_back_brings_a_deleted_secret_back()
    {
        using var kist = await server.RootAsync();
        var path = await server.SecretAsync("""{"value":"kept"}""");

        (await kist.RunAsync("put", path, "value=other", "-q")).Succeeded();
        (await kist.RunAsync("delete", path)).Succeeded();
        (await kist.RunAsync("rollback", path, "--version", "1")).Succeeded();

        Assert.Equal("kept", (await kist.RunAsync("get", path, "value")).Succeeded());
    }

    [Fact]
    public async Task A_version_is_saved_over_the_one_that_was_seen_and_no_other()
    {
        using var kist = await server.RootAsync();
        var path = await server.SecretAsync("""{"n":"1"}""");

        (await kist.RunAsync("put", path, "n=2", "--cas", "1", "-q")).Succeeded();
        (await kist.RunAsync("put", path, "n=3", "--cas", "1", "-q"))
            .Failed(2, "check-and-set parameter did not match", "kist history " + path);
        (await kist.RunAsync("put", path, "n=3", "--cas", "0", "-q")).Failed(2, "check-and-set", "kist history");

        Assert.Equal("2", (await kist.RunAsync("get", path, "n")).Succeeded());
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("two\nlines\n")]
    [InlineData("quote \" backslash \\ dollar $HOME `x` ü 🔑")]
    [InlineData(" blanks ")]
    [InlineData("-starts")]
    [InlineData("")]
    public async Task A_value_comes_back_as_it_went_in(string value)
    {
        using var kist = await server.RootAsync();
        var path = "prod/" + server.NewName("exact");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "value"), value);

        (await kist.WithInputAsync(value + "\n", "put", path, "input=-", "file=@value")).Succeeded();

        Assert.Equal(value, (await kist.RunAsync("get", path, "input")).Succeeded());
        Assert.Equal(value, (await kist.RunAsync("get", path, "file")).Succeeded());
    }

    [Fact]
    public async Task A_value_of_a_million_bytes_comes_back_whole()
    {
        using var kist = await server.RootAsync();
        var path = "prod/" + server.NewName("large");

        var ran = await kist.ShellAsync($"""
            head -c 750000 /dev/urandom | base64 -w 0 > value
            $KIST put {path} value=@value && $KIST get {path} value | cmp - value && echo same
            """);

        Assert.EndsWith("same\n", ran.Succeeded());
    }

    [Fact]
    public async Task Kv_version_1_keeps_one_version_and_says_so()
    {
        using var kist = await server.RootAsync();
        var mount = server.NewName("old");
        (await kist.RunAsync("mount", "enable", "kv", "--path", mount, "--version", "1")).Succeeded();

        (await kist.RunAsync("put", mount + "/a/b", "x=1", "-q")).Succeeded();

        Assert.Equal("1", (await kist.RunAsync("get", mount + "/a/b", "x")).Succeeded());
        Assert.Equal("a/\n", (await kist.RunAsync("list", mount)).Succeeded());
        (await kist.RunAsync("history", mount + "/a/b")).Failed(1, "version", null);
        (await kist.RunAsync("delete", mount + "/a/b")).Succeeded();
        (await kist.RunAsync("get", mount + "/a/b")).Failed(2, "there is no secret", "kist list");
        (await kist.RunAsync("mount", "disable", mount, "--yes")).Succeeded();
        (await kist.RunAsync("get", mount + "/a/b")).Failed(2, mount, "");
    }

    [Fact]
    public async Task At_a_terminal_every_dash_is_asked_for_and_nothing_typed_is_shown()
    {
        using var kist = await server.RootAsync();
        var path = "prod/" + server.NewName("typed");

        // Each answer is typed when its question stands there: before that the terminal would echo it itself.
        var ran = await kist.ShellAsync(
            "typed() { until grep -q \"$1 (not shown)\" log 2>/dev/null; do sleep 0.02; done; printf \"$2\\r\"; }\n"
            + $"(typed user alice-typed; typed password sesame-typed) "
            + $"| script -qfec \"$KIST put {path} user=- password=-\" log");

        Assert.Contains($"Saved {path}, version 1", ran.Succeeded());
        Assert.DoesNotContain("-typed", ran.Output);
        Assert.Equal("alice-typed", (await kist.RunAsync("get", path, "user")).Succeeded());
        Assert.Equal("sesame-typed", (await kist.RunAsync("get", path, "password")).Succeeded());
    }
}
