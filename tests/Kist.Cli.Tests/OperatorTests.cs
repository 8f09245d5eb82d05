using System.Text;
using System.Text.Json.Nodes;

namespace Kist.Cli.Tests;

public sealed class OperatorTests
{
    [Fact]
    public void A_generated_root_token_is_decoded_with_its_one_time_password()
    {
        var token = Encoding.ASCII.GetBytes("kst.4bcdefghijklmnopqrstuv");
        var password = Encoding.ASCII.GetBytes("0123456789abcdefghijklmnop");
        var mixed = token.Zip(password, static (a, b) => (byte)(a ^ b)).ToArray();
        var encoded = Convert.ToBase64String(mixed).TrimEnd('=');
        Assert.Equal(token, GenerateRootCommand.Decode(encoded, password));
        Assert.Null(GenerateRootCommand.Decode(encoded, password.AsSpan(1)));
        Assert.Null(GenerateRootCommand.Decode("not base64!", password));
    }

    [Theory]
    [InlineData("shamir", """{"secret_shares":3,"secret_threshold":2}""")]
    [InlineData("keyfile", """{"recovery_shares":3,"recovery_threshold":2}""")]
    public async Task Init_asks_for_the_keys_that_the_seal_has_and_can_keep_the_root_token(string seal, string body)
    {
        using var server = new FakeServer(asked => asked.Path == "/v1/sys/seal-status"
            ? (200, $$"""{"type":"{{seal}}","initialized":false,"sealed":true}""")
            : (200, """{"keys":["aa"],"keys_base64":["qg=="],"root_token":"kst.root"}"""));
        using var kist = new KistRun(server.Address).With("KIST_TOKEN", null);
        var ran = await kist.RunAsync("operator", "init", "--key-shares", "3", "--key-threshold", "2", "--save-token");
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Contains("unseal key 1  qg==\nroot token    kst.root\n", ran.Output);
        Assert.Equal(body, server.Requests[^1].Body);
        Assert.Equal("kst.root\n", await File.ReadAllTextAsync(Path.Combine(kist.Home, ".config", "kist", "token")));
    }

    [Fact]
    public async Task Unseal_takes_the_key_from_standard_input()
    {
        using var server = new FakeServer(_ => (200,
            """{"type":"shamir","initialized":true,"sealed":true,"t":3,"n":5,"progress":1,"nonce":"n1"}"""));
        using var kist = new KistRun(server.Address);
        var ran = await kist.WithInputAsync("a1b2\n", "operator", "unseal");
        Assert.Equal(0, ran.ExitCode);
        Assert.Equal("""{"key":"a1b2"}""", Assert.Single(server.Requests).Body);
        Assert.Contains("unseal progress  1 of 3", ran.Output);
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 0)]
    public async Task Status_has_exit_code_2_when_sealed(bool isSealed, int exitCode)
    {
        var word = isSealed ? "true" : "false";
        var answer = $$"""{"type":"shamir","initialized":true,"sealed":{{word}},"version":"1.2.3"}""";
        using var server = new FakeServer(_ => (200, answer));
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("status");
        Assert.Equal(exitCode, ran.ExitCode);
        Assert.Equal(isSealed, ran.Output.Contains("kist operator unseal", StringComparison.Ordinal));
        var json = await kist.RunAsync("status", "--json");
        Assert.Equal(exitCode, json.ExitCode);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(answer), JsonNode.Parse(json.Output)));
    }

    [Fact]
    public async Task Rekey_takes_the_nonce_of_the_attempt_under_way()
    {
        using var server = new FakeServer(asked => asked.Method == "GET"
            ? (200, """{"started":true,"nonce":"n1","t":2,"n":3,"required":1}""")
            : (200, """{"nonce":"n1","complete":true,"keys_base64":["qg==","uw=="]}"""));
        using var kist = new KistRun(server.Address);
        var ran = await kist.WithInputAsync("old", "operator", "rekey", "-");
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Equal(("/v1/sys/rekey/update", """{"key":"old","nonce":"n1"}"""),
            (server.Requests[^1].Path, server.Requests[^1].Body));
        Assert.Contains("new key 2  uw==", ran.Output);
    }

    [Fact]
    public async Task Rekey_says_when_the_new_keys_count()
    {
        using var server = new FakeServer(asked => asked switch
        {
            { Method: "GET" } => (200, """{"started":true,"nonce":"n1","t":1,"n":1,"required":1}"""),
            { Path: "/v1/sys/rekey/update" } => (200, """
                {"nonce":"n1","complete":true,"keys_base64":["qg=="],"verification_required":true,
                 "verification_nonce":"v1"}
                """),
            _ => (200, """{"nonce":"v1","complete":true}"""),
        });
        using var kist = new KistRun(server.Address);
        var given = await kist.WithInputAsync("old", "operator", "rekey", "-");
        Assert.Matches("state +waits for the new keys\n", given.Output);
        Assert.Contains("kist operator rekey --verify", given.Output + given.Error);
        var verified = await kist.WithInputAsync("new", "operator", "rekey", "--verify", "-");
        Assert.Contains("The new keys count from now on", verified.Output + verified.Error);
        Assert.DoesNotContain("no new keys", verified.Output + verified.Error);
    }

    [Theory]
    [InlineData("--listen goes with --start", "server", "-dev", "--listen", "127.0.0.1:1")]
    [InlineData("--start and --config exclude each other", "server", "--start", "x", "--config", "y")]
    [InlineData("--start and --dev exclude each other", "server", "--start", "x", "--dev")]
    [InlineData("--all and --versions exclude each other", "delete", "prod/x", "--all", "--versions", "1", "--yes")]
    public async Task Options_that_contradict_each_other_are_refused(string error, params string[] arguments)
    {
        using var server = FakeServer.WithMounts(_ => (204, ""));
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync(arguments);
        Assert.Equal(1, ran.ExitCode);
        Assert.Contains(error, ran.Error);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData(200, "<html>", true)]
    [InlineData(404, "<html>", true)]
    [InlineData(501, "no such thing", true)]
    [InlineData(404, "", false)]
    [InlineData(502, "<html>", false)]
    public async Task What_is_no_Kist_server_is_told_from_one_that_has_nothing(int status, string body, bool isOther)
    {
        using var server = new FakeServer(_ => (status, body));
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("status");
        Assert.NotEqual(0, ran.ExitCode);
        Assert.Equal(isOther, ran.Error.Contains("is this a Kist server?", StringComparison.Ordinal));
    }
}
