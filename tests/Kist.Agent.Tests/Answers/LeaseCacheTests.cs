using System.Text;
using Kist.Agent.Answers;
using Kist.Agent.Link;
using Kist.Secrets;

namespace Kist.Agent.Tests.Answers;

public sealed class LeaseCacheTests
{
    private static readonly AgentLog s_log = new(static (_, _) => { });

    [Fact]
    public async Task The_same_request_gets_the_same_lease_and_another_one_does_not()
    {
        await using var leases = new LeaseCache(static _ => throw new InvalidOperationException("too early"), s_log);
        leases.Keep(Request("db/creds/app"), Body("db/creds/app/1"), "application/json");
        using (var found = leases.Find(Request("db/creds/app")))
        {
            Assert.Contains("db/creds/app/1", Encoding.UTF8.GetString(found!.Body.WrittenSpan));
            Assert.Equal(AnswerSource.Memory, found.Source);
        }
        Assert.Null(leases.Find(Request("db/creds/other")));
        Assert.Null(leases.Find(Request("db/creds/app", space: "team")));
        Assert.Null(leases.Find(Request("db/creds/app", "POST")));
        Assert.Null(leases.Find(Request("db/creds/app", body: "{}")));
    }

    [Theory]
    [InlineData("""{"lease_id":"","lease_duration":60,"renewable":true}""")]
    [InlineData("""{"lease_id":"a/b","lease_duration":60,"renewable":false}""")]
    [InlineData("""{"lease_id":"a/b","lease_duration":0,"renewable":true}""")]
    [InlineData("""["a list"]""")]
    [InlineData("no JSON")]
    public async Task What_has_no_lease_that_can_be_renewed_is_not_kept(string body)
    {
        await using var leases = new LeaseCache(static _ => throw new InvalidOperationException("none"), s_log);
        leases.Keep(Request("db/creds/app"), Encoding.UTF8.GetBytes(body), "application/json");
        Assert.Null(leases.Find(Request("db/creds/app")));
    }

    [Theory]
    [InlineData("GET", "/v1/database/creds/app", true)]
    [InlineData("POST", "/v1/aws/sts/app", true)]
    [InlineData("GET", "/v1/sys/events/subscribe/*", false)]
    [InlineData("POST", "/v1/auth/userpass/login/a", false)]
    [InlineData("DELETE", "/v1/database/creds/app", false)]
    [InlineData("GET", "/ui/", false)]
    public void Only_what_may_hold_a_lease_is_looked_at(string method, string target, bool may) =>
        Assert.Equal(may, LeaseRequest.Of(method, "", target, []) is not null);

    [Fact]
    public async Task It_is_renewed_in_time_and_ends_when_the_server_says_so()
    {
        var asked = new List<string>();
        await using var leases = new LeaseCache(body =>
        {
            lock (asked) asked.Add(Encoding.UTF8.GetString(body.WrittenSpan));
            return Task.FromResult(asked.Count < 3
                ? Answer(200, """{"lease_id":"a","lease_duration":1,"renewable":true}""")
                : Answer(400, """{"errors":["lease not found"]}"""));
        }, s_log);
        leases.Keep(Request("a"), Body("a/1", seconds: 1), "application/json");
        await UntilAsync(() => { lock (asked) return asked.Count == 3; });
        await UntilAsync(() => leases.Find(Request("a")) is null);
        Assert.All(asked, static body => Assert.Equal("{\"lease_id\":\"a/1\"}", body));
    }

    [Fact]
    public async Task At_the_end_of_its_longest_life_it_is_given_no_more()
    {
        var renewals = 0;
        await using var leases = new LeaseCache(_ =>
        {
            renewals++;
            return Task.FromResult(Answer(200, """{"lease_duration":1,"renewable":false}"""));
        }, s_log);
        leases.Keep(Request("a"), Body("a/1", seconds: 1), "application/json");
        await UntilAsync(() => leases.Find(Request("a")) is null);
        Assert.Equal(1, renewals);
    }

    [Fact]
    public async Task A_server_that_is_away_is_asked_again_until_the_lease_is_over()
    {
        var renewals = 0;
        await using var leases = new LeaseCache(_ =>
        {
            renewals++;
            return Task.FromResult(Reply.None(new LinkFault("away")));
        }, s_log);
        leases.Keep(Request("a"), Body("a/1", seconds: 3), "application/json");
        await UntilAsync(() => leases.Find(Request("a")) is null);
        Assert.True(renewals >= 1);
    }

    [Theory]
    [InlineData("sys/leases/revoke", """{"lease_id":"db/creds/a/1"}""", "db/creds/b/2")]
    [InlineData("sys/revoke", """{"lease_id":"db/creds/a/1"}""", "db/creds/b/2")]
    [InlineData("sys/leases/revoke/db/creds/b/2", "", "db/creds/a/1")]
    [InlineData("sys/leases/revoke-prefix/db/creds/a", "", "db/creds/b/2")]
    [InlineData("sys/leases/revoke-force/db/creds/a/", "", "db/creds/b/2")]
    [InlineData("sys/leases/revoke-prefix/db", "", "")]
    [InlineData("sys/leases/revoke", "no JSON", "db/creds/a/1 db/creds/b/2")]
    [InlineData("sys/leases/renew", """{"lease_id":"db/creds/a/1"}""", "db/creds/a/1 db/creds/b/2")]
    public async Task What_is_revoked_through_the_agent_is_forgotten(string path, string body, string left)
    {
        await using var leases = new LeaseCache(static _ => throw new InvalidOperationException("too early"), s_log);
        leases.Keep(Request("a"), Body("db/creds/a/1"), "application/json");
        leases.Keep(Request("b"), Body("db/creds/b/2"), "application/json");
        Assert.False(Revocation.Follow(leases, path, Encoding.UTF8.GetBytes(body)));
        var found = new[] { "a", "b" }.Select(name => leases.Find(Request(name))).OfType<ReadAnswer>()
            .Select(static a => Encoding.UTF8.GetString(a.Body.WrittenSpan)).ToList();
        var ids = left.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ids.Length, found.Count);
        foreach (var id in ids) Assert.Contains(found, body => body.Contains(id, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("auth/token/revoke-self")]
    [InlineData("auth/token/revoke")]
    public async Task A_token_that_is_revoked_through_the_agent_may_be_its_own(string path)
    {
        await using var leases = new LeaseCache(static _ => throw new InvalidOperationException("none"), s_log);
        Assert.True(Revocation.Follow(leases, path, default));
    }

    [Fact]
    public async Task Who_asks_for_the_same_at_the_same_time_waits_for_the_first()
    {
        await using var leases = new LeaseCache(static _ => throw new InvalidOperationException("too early"), s_log);
        var first = await leases.AskAsync(Request("a"), CancellationToken.None);
        var second = leases.AskAsync(Request("a"), CancellationToken.None);
        using var other = await leases.AskAsync(Request("b"), CancellationToken.None);
        Assert.NotNull(other);
        Assert.False(second.IsCompleted);
        leases.Keep(Request("a"), Body("a/1"), "application/json");
        first!.Dispose();
        Assert.Null(await second);
        using var found = leases.Find(Request("a"));
        Assert.NotNull(found);
        using var next = await leases.AskAsync(Request("a"), CancellationToken.None);
        Assert.NotNull(next);
    }

    private static LeaseRequest Request(string path, string method = "GET", string space = "", string body = "") =>
        LeaseRequest.Of(method, space, "/v1/" + path, Encoding.UTF8.GetBytes(body))!;

    private static byte[] Body(string id, int seconds = 3600) => Encoding.UTF8.GetBytes(
        $$"""{"lease_id":"{{id}}","lease_duration":{{seconds}},"renewable":true,"data":{"username":"u"} }""");

    private static Reply Answer(int status, string body)
    {
        var text = new SecretWriter();
        text.Write(Encoding.UTF8.GetBytes(body));
        return Reply.Of(status, text);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var end = DateTime.UtcNow.AddSeconds(30); !holds(); await Task.Delay(20))
            Assert.True(DateTime.UtcNow < end, "it did not happen within 30 seconds");
    }
}
