using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary>Nothing is said to be done that was not; what is empty is no mistake.</summary>
public sealed class HonestAnswerTests(CliServer server)
{
    [Theory]
    [InlineData("delete prod/nosuch", "there is no secret prod/nosuch", "kist list prod")]
    [InlineData("delete prod/nosuch --versions 1", "there is no secret prod/nosuch", "kist list prod")]
    [InlineData("delete prod/nosuch --all --yes", "there is no secret prod/nosuch", "kist list prod")]
    [InlineData("undelete prod/nosuch --versions 1", "there is no secret prod/nosuch", "kist list prod")]
    [InlineData("destroy prod/nosuch --versions 1 --yes", "there is no secret prod/nosuch", "kist list prod")]
    [InlineData("put prod/nosuch --patch a=1 -q", "there is no secret prod/nosuch", "without --patch")]
    [InlineData("policy read nosuch", "there is no policy nosuch", "kist policy list")]
    [InlineData("policy delete nosuch", "there is no policy nosuch", "kist policy list")]
    [InlineData("token roles read nosuch", "there is no role nosuch", "kist token roles list")]
    [InlineData("token roles delete nosuch", "there is no role nosuch", "kist token roles list")]
    [InlineData("audit disable nosuch --yes", "there is no audit sink nosuch", "kist audit list")]
    [InlineData("audit enable file file_path=/tmp/x.log", "already in use", "--path NAME")]
    [InlineData("mount disable nosuch --yes", "nothing is mounted at nosuch/", "kist mount list")]
    [InlineData("mount disable nosuch --auth --yes", "nothing is mounted at nosuch/", "kist mount list")]
    [InlineData("mount tune nosuch", "nothing is mounted at nosuch/", "kist mount list")]
    public async Task What_is_not_there_is_said(string command, string error, string hint)
    {
        using var kist = await server.RootAsync();

        (await kist.RunAsync(command.Split(' '))).Failed(2, error, hint);
    }

    [Fact]
    public async Task Versions_that_are_not_there_are_named()
    {
        using var kist = await server.RootAsync();
        var path = await server.SecretAsync("""{"value":"sesame"}""");

        (await kist.RunAsync("delete", path, "--versions", "1,7"))
            .Failed(2, path + " has no version 7", "kist history");
        Assert.Equal("sesame", (await kist.RunAsync("get", path, "value")).Succeeded());
        (await kist.RunAsync("destroy", path, "--versions", "1", "--yes")).Succeeded();
        (await kist.RunAsync("undelete", path, "--versions", "1"))
            .Failed(2, $"version 1 of {path} is destroyed", "kist history");
    }

    [Fact]
    public async Task Who_may_not_look_may_delete_all_the_same()
    {
        using var root = await server.RootAsync();
        var path = await server.SecretAsync("""{"value":"sesame"}""");
        var policy = server.NewName("deleter");
        (await root.WithInputAsync(
            $"path \"{path.Replace("prod/", "prod/data/")}\" {{ capabilities = [\"delete\"] }}",
            "policy", "write", policy, "-")).Succeeded();
        using var deleter = await server.PersonAsync((await root.RunAsync(
            "token", "create", "--policy", policy, "--field", "token")).Succeeded().Trim());

        (await deleter.RunAsync("delete", path)).Succeeded();

        (await root.RunAsync("get", path)).Failed(2, "was deleted", "kist undelete");
    }

    [Theory]
    [InlineData("list MOUNT")]
    [InlineData("list MOUNT -r")]
    [InlineData("token roles list")]
    [InlineData("lease list MOUNT/nothing")]
    public async Task An_empty_list_is_no_mistake(string command)
    {
        using var kist = await server.RootAsync();
        var mount = server.NewName("empty");
        (await kist.RunAsync("mount", "enable", "kv", "--path", mount)).Succeeded();
        var words = command.Replace("MOUNT", mount).Split(' ');

        Assert.StartsWith("There", (await kist.RunAsync(words)).Succeeded());
        Assert.Equal("", (await kist.RunAsync([.. words, "-q"])).Succeeded());
        Assert.Empty((await kist.RunAsync([.. words, "--json"])).Json()["keys"]!.AsArray());
    }

    [Fact]
    public async Task Keys_that_a_seal_keeps_are_not_promised_to_people()
    {
        await using var own = await KistServer.StartQuickAsync();
        using var kist = new KistRun(own.Address.GetLeftPart(UriPartial.Authority), own.QuickStart.RootToken);
        var recovery = await File.ReadAllTextAsync(Directory.GetFiles(own.Directory, "recovery-*.key",
            SearchOption.AllDirectories).Single());

        var begun = await kist.RunAsync("operator", "rekey", "--init", "--key-shares", "3", "--key-threshold", "2");
        Assert.Contains("--target recovery", begun.Error);
        Assert.Contains("no new keys", (await kist.WithInputAsync(recovery, "operator", "rekey", "-")).Succeeded());
        begun = await kist.RunAsync(
            "operator", "rekey", "--init", "--key-shares", "3", "--key-threshold", "2", "--target", "recovery");
        Assert.Equal("", begun.Error);
        Assert.Contains("new key 3", (await kist.WithInputAsync(
            recovery, "operator", "rekey", "-", "--target", "recovery")).Succeeded());
    }
}
