using Kist.Cli.Client;

namespace Kist.Cli.Tests.Client;

public sealed class SettingsTests : IDisposable
{
    private static readonly Settings.Options None = new(null, null, null, null, false, null);
    private readonly string _home = Directory.CreateTempSubdirectory("kist-cli-").FullName;

    [Fact]
    public void An_option_goes_before_KIST_before_VAULT_before_the_default()
    {
        Assert.Equal("http://127.0.0.1:8200/", Resolve(None).Address.ToString());
        Assert.Equal("http://vault/", Resolve(None, ("VAULT_ADDR", "http://vault")).Address.ToString());
        Assert.Equal("http://kist/",
            Resolve(None, ("VAULT_ADDR", "http://vault"), ("KIST_ADDR", "http://kist")).Address.ToString());
        Assert.Equal("http://option/",
            Resolve(None with { Address = "http://option" }, ("KIST_ADDR", "http://kist")).Address.ToString());
    }

    [Fact]
    public void An_agent_goes_before_the_server_of_the_same_family()
    {
        Assert.Equal("http://agent/",
            Resolve(None, ("KIST_AGENT_ADDR", "http://agent"), ("KIST_ADDR", "http://kist")).Address.ToString());
        Assert.Equal("http://agent/",
            Resolve(None, ("VAULT_AGENT_ADDR", "http://agent"), ("VAULT_ADDR", "http://vault")).Address.ToString());
        Assert.Equal("http://kist/",
            Resolve(None, ("VAULT_AGENT_ADDR", "http://agent"), ("KIST_ADDR", "http://kist")).Address.ToString());
        var socket = Resolve(None, ("VAULT_AGENT_ADDR", "unix:///run/agent.sock"));
        Assert.Equal(("/run/agent.sock", "unix:///run/agent.sock"), (socket.Socket, socket.Shown));
    }

    [Fact]
    public void An_empty_variable_counts_as_not_set() =>
        Assert.Equal("http://vault/",
            Resolve(None, ("KIST_ADDR", ""), ("VAULT_ADDR", "http://vault")).Address.ToString());

    [Fact]
    public void The_token_comes_from_the_most_explicit_source()
    {
        var stored = Path.Combine(_home, ".config", "kist", "token");
        Assert.Null(TokenFile.Write(stored, "stored"));
        var other = Path.Combine(_home, "other");
        Assert.Null(TokenFile.Write(other, "other"));
        Assert.Equal("stored", Resolve(None).Token);
        Assert.Equal("vault", Resolve(None, ("VAULT_TOKEN", "vault")).Token);
        Assert.Equal("other", Resolve(None, ("VAULT_TOKEN", "vault"), ("KIST_TOKEN_FILE", other)).Token);
        Assert.Equal("kist", Resolve(None, ("KIST_TOKEN", "kist\n"), ("KIST_TOKEN_FILE", other)).Token);
        Assert.Equal("other", Resolve(None with { TokenFile = other }, ("KIST_TOKEN", "kist")).Token);
    }

    [Theory]
    [InlineData("KIST_SKIP_VERIFY", "true", true)]
    [InlineData("VAULT_SKIP_VERIFY", "1", true)]
    [InlineData("KIST_SKIP_VERIFY", "false", false)]
    [InlineData("KIST_SKIP_VERIFY", "0", false)]
    public void Only_a_clear_yes_switches_certificate_checks_off(string name, string value, bool skipped) =>
        Assert.Equal(skipped, Resolve(None, (name, value)).SkipVerify);

    [Theory]
    [InlineData("kist:8200")]
    [InlineData("ftp://kist")]
    [InlineData("http://user:hunter2@kist")]
    [InlineData("http://kist/?x=1")]
    [InlineData("/path")]
    public void An_address_that_is_no_http_URL_is_refused_and_not_repeated(string address)
    {
        var problem = Settings.Resolve(None with { Address = address }, Environment(), out _);
        Assert.NotNull(problem);
        Assert.DoesNotContain("hunter2", problem.Message + problem.Hint);
    }

    [Fact]
    public void A_token_with_a_newline_inside_is_refused_and_not_repeated()
    {
        var problem = Settings.Resolve(None, Environment(("KIST_TOKEN", "hunter2\nX-Evil: 1")), out var settings);
        Assert.NotNull(problem);
        Assert.Null(settings.Token);
        Assert.DoesNotContain("hunter2", problem.Message + problem.Hint);
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private Settings Resolve(Settings.Options options, params (string Name, string Value)[] variables)
    {
        Assert.Null(Settings.Resolve(options, Environment(variables), out var settings));
        return settings;
    }

    private Func<string, string?> Environment(params (string Name, string Value)[] variables) => name =>
        name == "HOME" ? _home : variables.FirstOrDefault(v => v.Name == name).Value;
}
