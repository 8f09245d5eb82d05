using System.Text.Json;
using Kist.Cli.Client;

namespace Kist.Cli.Tests.Client;

public sealed class HintsTests
{
    private const string Denied = """{"errors":["1 error occurred:\n\t* permission denied\n\n"]}""";

    [Theory]
    [InlineData("GET", "prod/data/a%20b", "path \"prod/data/a b\" { capabilities = [\"read\"] }")]
    [InlineData("GET", "prod/metadata/?list=true", "path \"prod/metadata/\" { capabilities = [\"list\"] }")]
    [InlineData("POST", "prod/data/a", "path \"prod/data/a\" { capabilities = [\"create\", \"update\"] }")]
    [InlineData("PATCH", "prod/data/a", "path \"prod/data/a\" { capabilities = [\"patch\"] }")]
    [InlineData("DELETE", "prod/data/a", "path \"prod/data/a\" { capabilities = [\"delete\"] }")]
    public void A_denied_request_shows_the_policy_line_that_would_allow_it(string method, string path, string line) =>
        Assert.Equal("a policy with:  " + line, Refused(method, path, 403, Denied).Hint);

    [Theory]
    [InlineData(403, """{"errors":["permission denied"]}""", "the token is not valid here", "kist login")]
    [InlineData(400, """{"errors":["missing client token"]}""", "no token was sent", "kist login")]
    [InlineData(503, """{"errors":["Vault is sealed"]}""", "the server is sealed", "kist operator unseal")]
    [InlineData(503, """{"errors":["error performing token check: Vault is sealed"]}""", "the server is sealed",
        "kist operator unseal")]
    [InlineData(400, """{"errors":["check-and-set parameter did not match the current version"]}""",
        "check-and-set parameter did not match the current version", "kist history prod/a/b")]
    [InlineData(400, """{"errors":["wrapping token is not valid or does not exist"]}""",
        "the wrapping token does not open", "a new one")]
    [InlineData(404, """{"errors":[]}""", "nothing at prod/data/a/b", "kist list prod/a")]
    [InlineData(404, """{"errors":["no handler for route 'x'"]}""", "no handler for route 'x'", "kist list prod/a")]
    [InlineData(404, """{"errors":["no handler for route 'v1/prod/x'"]}""", "there is /v1 twice",
        "KIST_ADDR and paths")]
    [InlineData(429, """{"errors":["quota exceeded"]}""", "quota exceeded", "the same again")]
    [InlineData(500, """{"errors":["1 error occurred:\n\t* boom\n\n"]}""", "the server failed (500): boom",
        "kist status")]
    [InlineData(502, "<html>", "the server failed (502)", "kist status")]
    [InlineData(413, """{"errors":["x"]}""", "the request is too large", "split it")]
    [InlineData(400, """{"errors":["2 errors occurred:\n\t* one\n\t* two\n\n"]}""", "one; two", null)]
    public void A_refusal_says_what_happened_and_what_to_do(int status, string body, string message, string? hint)
    {
        var problem = Refused("GET", "prod/data/a/b", status, body);
        Assert.StartsWith(message, problem.Message);
        if (hint is null) Assert.Null(problem.Hint);
        else Assert.StartsWith(hint, problem.Hint);
        Assert.Equal(2, problem.ExitCode);
    }

    [Theory]
    [InlineData("prod/data/a/b", "kist list prod/a")]
    [InlineData("prod/data/b", "kist list prod")]
    [InlineData("team/prod/metadata/x/y/z", "kist list team/prod/x/y")]
    [InlineData("old/b", "kist list old")]
    [InlineData("sys/policies/acl/x", null)]
    public void The_parent_of_a_missing_secret_is_named_as_people_type_it(string path, string? hint) =>
        Assert.Equal(hint, Refused("GET", path, 404, """{"errors":[]}""").Hint);

    [Fact]
    public async Task A_server_error_cannot_drive_the_terminal()
    {
        using var server = FakeServer.WithMounts(_ => (400, """{"errors":["bad \u001b]0;title\u0007 \u009b31m"]}"""));
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("get", "prod/x");
        Assert.Equal("Error: bad  ]0;title   31m\n", ran.Error);
    }

    [Fact]
    public async Task Something_else_behind_the_port_is_recognised()
    {
        using var server = new FakeServer(_ => (200, "<html>welcome</html>"));
        using var kist = new KistRun(server.Address);
        var ran = await kist.RunAsync("get", "prod/x");
        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("is this a Kist server?", ran.Error);
    }

    private static Cli.Output.Problem Refused(string method, string path, int status, string body)
    {
        JsonElement root = default;
        if (body.StartsWith('{')) root = JsonDocument.Parse(body).RootElement;
        return Hints.Refused(new Request(new HttpMethod(method), path), status, root);
    }
}
