using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Server.Tests.Engines;
using Xunit;

namespace Kist.Server.Tests.Logins.UserPass;

public sealed class UserPassTests
{
    private const string Users = "auth/people/users/";
    private const string Login = "auth/people/login/";

    [Fact]
    public async Task A_wrong_password_and_an_unknown_name_get_the_same_answer()
    {
        await using var live = await StartAsync();
        await WriteAsync(live, "alice", """{"password":"right"}""");
        var wrong = await live.FaultAsync(Operation.Update, Login + "alice", """{"password":"wrong"}""", "");
        var unknown = await live.FaultAsync(Operation.Update, Login + "nobody", """{"password":"right"}""", "");
        Assert.Equal(wrong, unknown);
        Assert.Equal("invalid username or password", wrong.Text);
        Assert.NotNull((await LogInAsync(live, "alice", "right")).Token);
    }

    [Theory]
    [InlineData("pass\\u0000word", "pass\\u0000other")]
    [InlineData("pass\\u0000word", "pass")]
    [InlineData("p\\u00e4ss", "pass")]
    [InlineData("p\\u00e4ss", "pa\\u0308ss")]
    public async Task Passwords_are_compared_to_the_last_byte(string password, string other)
    {
        await using var live = await StartAsync();
        await WriteAsync(live, "alice", $$"""{"password":"{{password}}"}""");
        Assert.NotNull((await LogInAsync(live, "alice", password)).Token);
        Assert.NotNull((await LogInAsync(live, "alice", other)).Fault);
    }

    [Fact]
    public async Task Nothing_of_a_long_password_is_cut_and_longer_ones_are_never_right()
    {
        await using var live = await StartAsync();
        var longest = new string('x', 4096);
        await WriteAsync(live, "alice", $$"""{"password":"{{longest}}"}""");
        Assert.NotNull((await LogInAsync(live, "alice", longest)).Token);
        Assert.NotNull((await LogInAsync(live, "alice", longest[..^1])).Fault);
        Assert.NotNull((await LogInAsync(live, "alice", longest + "x")).Fault);
        var refused = await live.FaultAsync(
            Operation.Update, Users + "bob", $$"""{"password":"{{longest}}x"}""");
        Assert.Equal("password has more than 4096 bytes", refused.Text);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"password":""}""")]
    [InlineData("""{"password":null}""")]
    [InlineData("""{"password":["x"]}""")]
    public async Task A_new_user_needs_a_password(string body)
    {
        await using var live = await StartAsync();
        Assert.Equal("missing password", (await live.FaultAsync(Operation.Update, Users + "alice", body)).Text);
        Assert.Same(Response.None, await live.SendAsync(Operation.Read, Users + "alice"));
    }

    [Fact]
    public async Task Names_are_one_user_in_any_case()
    {
        await using var live = await StartAsync();
        await WriteAsync(live, "Alice", """{"password":"right"}""");
        using var first = await LogInAsync(live, "alice", "right");
        using var second = await LogInAsync(live, "ALICE", "right");
        Assert.Equal(first.Token!.Entry.EntityId, second.Token!.Entry.EntityId);
        Assert.Equal("""{"keys":["alice"]}""", await live.DataAsync(Operation.List, "auth/people/users"));
    }

    [Fact]
    public async Task A_token_carries_what_its_user_says()
    {
        await using var live = await StartAsync();
        await WriteAsync(live, "alice", """
            {"password":"right","token_policies":"B,a","token_ttl":"10m","token_max_ttl":"1h","token_num_uses":3,
             "token_no_default_policy":true,"token_explicit_max_ttl":"2h"}
            """);
        using var response = await LogInAsync(live, "alice", "right");
        var entry = response.Token!.Entry;
        Assert.Equal(["a", "b"], entry.Policies);
        Assert.Equal(TimeSpan.FromMinutes(10), entry.CreationTtl);
        Assert.Equal(TimeSpan.FromHours(1), entry.MaxTtl);
        Assert.Equal(3, entry.NumUses);
        Assert.Equal(TimeSpan.FromHours(2), entry.ExplicitMaxTtl);
        Assert.Equal("people-alice", entry.DisplayName);
        Assert.True(entry.IsOrphan);
    }

    [Fact]
    public async Task Old_names_are_shown_until_the_new_one_is_used()
    {
        await using var live = await StartAsync();
        await WriteAsync(live, "alice", """{"password":"right","policies":"a","ttl":60}""");
        var old = await ReadAsync(live);
        Assert.Equal("a", old.GetProperty("policies")[0].GetString());
        Assert.Equal(60, old.GetProperty("ttl").GetInt64());
        Assert.Equal(60, old.GetProperty("token_ttl").GetInt64());
        await WriteAsync(live, "alice", """{"token_policies":"b","token_ttl":120}""");
        var now = await ReadAsync(live);
        Assert.False(now.TryGetProperty("policies", out _));
        Assert.False(now.TryGetProperty("ttl", out _));
        Assert.Equal(120, now.GetProperty("token_ttl").GetInt64());
    }

    [Theory]
    [InlineData("""{"token_ttl":"-1s"}""", "'token_ttl' cannot be negative")]
    [InlineData("""{"token_period":-5}""", "'token_period' cannot be negative")]
    [InlineData("""{"token_num_uses":-1}""", "'token_num_uses' cannot be negative")]
    [InlineData("""{"token_ttl":"2h","token_max_ttl":"1h"}""",
        "'token_ttl' cannot be greater than 'token_max_ttl'")]
    [InlineData("""{"token_type":"junk"}""", "invalid 'token_type' value \"junk\"")]
    [InlineData("""{"token_type":"batch","token_num_uses":2}""",
        "'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count")]
    [InlineData("""{"token_type":"batch","token_period":"1m"}""",
        "'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens")]
    [InlineData("""{"token_bound_cidrs":"10.0.0.0/99"}""", "error parsing token_bound_cidrs: not an address range")]
    public async Task Settings_that_make_no_sense_are_refused_and_change_nothing(string body, string text)
    {
        await using var live = await StartAsync();
        await WriteAsync(live, "alice", """{"password":"right"}""");
        var before = (await ReadAsync(live)).GetRawText();
        Assert.Equal(text, (await live.FaultAsync(Operation.Update, Users + "alice", body)).Text);
        Assert.Equal(before, (await ReadAsync(live)).GetRawText());
    }

    [Fact]
    public async Task A_login_from_elsewhere_is_denied_even_with_the_right_password()
    {
        await using var live = await StartAsync();
        await WriteAsync(live, "alice", """{"password":"right","token_bound_cidrs":"10.0.0.0/8"}""");
        Assert.Same(Fault.BadToken, (await LogInAsync(live, "alice", "right")).Fault);
    }

    [Fact]
    public async Task A_changed_password_counts_at_once_and_the_old_one_no_more()
    {
        await using var live = await StartAsync();
        await WriteAsync(live, "alice", """{"password":"old"}""");
        Assert.Null((await live.SendAsync(Operation.Update, Users + "alice/password", """{"password":"new"}""")).Fault);
        Assert.NotNull((await LogInAsync(live, "alice", "old")).Fault);
        Assert.NotNull((await LogInAsync(live, "alice", "new")).Token);
        var unknown = await live.FaultAsync(Operation.Update, Users + "bob/password", """{"password":"new"}""");
        Assert.Contains("username does not exist", unknown.Text);
    }

    [Fact]
    public async Task Root_cannot_be_had_by_logging_in()
    {
        await using var live = await StartAsync();
        await WriteAsync(live, "alice", """{"password":"right","token_policies":["x","ROOT"]}""");
        var fault = (await LogInAsync(live, "alice", "right")).Fault;
        Assert.Equal("auth methods cannot create root tokens", fault!.Text);
    }

    private static async Task<LiveNode> StartAsync()
    {
        var live = await LiveNode.StartAsync();
        await live.MountAsync("auth/people/", "userpass");
        return live;
    }

    private static async Task WriteAsync(LiveNode live, string name, string body)
    {
        using var response = await live.SendAsync(Operation.Update, Users + name, body);
        Assert.Null(response.Fault?.Text);
    }

    private static async Task<JsonElement> ReadAsync(LiveNode live)
    {
        using var document = JsonDocument.Parse(await live.DataAsync(Operation.Read, Users + "alice"));
        return document.RootElement.Clone();
    }

    private static async Task<Response> LogInAsync(LiveNode live, string name, string password) =>
        await live.SendAsync(Operation.Update, Login + name, $$"""{"password":"{{password}}"}""", "");
}
