using Kist.Testing;

namespace Kist.Cli.Tests.Running;

/// <summary>`kist run --as`: secrets that stand in no environment.</summary>
public sealed class DeliveryTests
{
    private const string Secret = "hunter2-very-secret";
    private const string Fields = $$"""{"password":"{{Secret}}","other":"it's\nmore"}""";
    private const string Hidden = "tr '\\0' '\\n' < /proc/self/environ | grep -c hunter2; ";

    [Theory]
    [InlineData("memfd", "--no-mask")]
    [InlineData("memfd", "-q")]
    [InlineData("file", "--no-mask")]
    [InlineData("file", "-q")]
    [InlineData("fifo", "-q")]
    public async Task A_file_holds_the_secrets_and_the_environment_only_its_name(string form, string option)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = Project(server);
        var ran = await kist.RunAsync("run", option, "--as", form, "--", "sh", "-c",
            Hidden + "test \"$1\" = \"$KIST_SECRETS_FILE\" && test -z \"$PASSWORD\" && echo $LEVEL "
            + "&& wc -c < \"$1\"", "sh", "{}");
        Assert.Equal("", ran.Error);
        Assert.Equal($"0\ndebug\n{$"PASSWORD={Secret}\nOTHER=\"it's\\nmore\"\n".Length}\n", ran.Output);
    }

    [Theory]
    [InlineData("memfd")]
    [InlineData("file")]
    public async Task It_can_be_json_and_be_read_twice(string form)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = Project(server);
        var ran = await kist.RunAsync("run", "--no-mask", "--as", form, "--format", "json", "--", "sh", "-c",
            "cat $KIST_SECRETS_FILE $KIST_SECRETS_FILE");
        const string json = $$"""{"PASSWORD":"{{Secret}}","OTHER":"it\u0027s\nmore"}""";
        Assert.Equal(json + "\n" + json + "\n", ran.Output);
    }

    [Theory]
    [InlineData("memfd", "--no-mask")]
    [InlineData("file", "-q")]
    [InlineData("fifo", "-q")]
    public async Task Each_secret_can_have_a_file_of_its_own(string form, string option)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = Project(server);
        var ran = await kist.RunAsync("run", option, "--as", form, "--each", "--", "sh", "-c",
            Hidden + "wc -c < $PASSWORD_FILE; wc -l < $OTHER_FILE");
        Assert.Equal($"0\n{Secret.Length}\n1\n", ran.Output);
    }

    [Theory]
    [InlineData("--no-mask")]
    [InlineData("-q")]
    public async Task Standard_input_holds_them_and_then_ends(string option)
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = Project(server);
        var ran = await kist.WithInputAsync("not this", "run", option, "--as", "stdin", "--format", "json", "--", "sh",
            "-c", Hidden + "wc -c");
        Assert.Equal($"0\n{$$"""{"PASSWORD":"{{Secret}}","OTHER":"it\u0027s\nmore"}""".Length + 1}\n", ran.Output);
    }

    [Fact]
    public async Task Nothing_is_left_of_a_file_and_nobody_else_could_read_it()
    {
        using var server = FakeServer.WithSecret(Fields);
        using var kist = Project(server);
        var ran = await kist.RunAsync("run", "--as", "file", "--", "sh", "-c",
            "stat -c %a $KIST_SECRETS_FILE $(dirname $KIST_SECRETS_FILE); echo $KIST_SECRETS_FILE");
        var lines = ran.Output.Split('\n');
        Assert.Equal(["600", "700"], lines[..2]);
        Assert.False(Directory.Exists(Path.GetDirectoryName(lines[2])));
    }

    [Fact]
    public async Task What_cannot_be_is_said()
    {
        using var kist = new KistRun();
        foreach (var (arguments, error) in new (string[], string)[]
        {
            (["--as", "paper"], "--as takes env, memfd"), (["--each"], "--as env makes none"),
            (["--as", "stdin", "--each"], "--as stdin makes none"), (["--format", "xml"], "--format takes"),
            (["--format", "json"], "--format is about files"), (["--on-change", "HUP"], "--on-change needs --watch"),
            (["--watch", "--on-change", "KILL"], "there is no signal KILL"), (["--grace", "soon"], "--grace is a time"),
        })
        {
            var ran = await kist.RunAsync(["run", .. arguments, "--", "true"]);
            Assert.Equal(1, ran.ExitCode);
            Assert.Contains(error, ran.Error);
        }
    }

    private static KistRun Project(FakeServer server)
    {
        var kist = new KistRun(server.Address);
        File.WriteAllText(Path.Combine(kist.Home, ".env"),
            "PASSWORD=kist://prod/database#password\nLEVEL=debug\nOTHER=kist://prod/database#other\n");
        return kist;
    }
}
